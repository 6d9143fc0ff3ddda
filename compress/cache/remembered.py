"""Looks results up in the score cache, makes the missing ones and keeps them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ctxpipe.arrays import FloatArray
from ctxpipe.compress.cache.score_cache import OnNote, ScoreCache
from ctxpipe.compress.types import (
    Identity,
)

T = TypeVar("T")
_FORMAT = "1"
"""Of the values; another one makes everything kept before unknown."""


def remembered(
    cache: ScoreCache,
    keys: Sequence[bytes],
    make: Callable[[Sequence[int]], Sequence[T]],
    pack: Callable[[T], bytes],
    unpack: Callable[[int, bytes], T | None],
    on_note: OnNote | None = None,
) -> list[T]:
    """What belongs to keys: from the cache, or made and then kept.

    Args:
        cache: Where to look first.
        keys: One for each result.
        make: Makes the results at some places, in the order of the places.
        pack, unpack: To bytes and back; unpacking for a place gives None for bytes that cannot be what was kept.
        on_note: As for ``ScoreCache``.
    """
    known = cache.get(keys, on_note)
    values = [unpack(place, known[key]) if key in known else None for place, key in enumerate(keys)]
    first = {key: place for place, key in reversed(list(enumerate(keys))) if values[place] is None}
    missing = sorted(first.values())
    if missing:
        made = dict(zip((keys[place] for place in missing), make(missing), strict=True))
        cache.put({key: pack(value) for key, value in made.items()}, on_note)
        values = [made[key] if value is None else value for key, value in zip(keys, values, strict=True)]
    return [value for value in values if value is not None]


def named(identity: Identity) -> tuple[str, ...]:
    """What distinguishes one scorer's values from another's."""
    return identity.scorer, identity.revision, identity.dtype, identity.settings


def digest(*parts: str | bytes) -> bytes:
    """A hash of parts that no other parts share: each is preceded by its length."""
    digest = hashlib.sha256(_FORMAT.encode())
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


def pack_floats(values: FloatArray) -> bytes:
    """Little-endian float32."""
    return np.asarray(values, dtype="<f4").tobytes()


def unpack_floats(value: bytes, size: int) -> FloatArray | None:
    """The inverse of ``pack_floats``; None when the bytes do not hold ``size`` values."""
    return np.frombuffer(value, dtype="<f4").astype(np.float32) if len(value) == 4 * size else None
