"""Looks results up in the score cache, and computes and stores the missing ones."""

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
"""Format of the values; a new number invalidates all stored entries."""


def remembered(
    cache: ScoreCache,
    keys: Sequence[bytes],
    make: Callable[[Sequence[int]], Sequence[T]],
    pack: Callable[[T], bytes],
    unpack: Callable[[int, bytes], T | None],
    on_note: OnNote | None = None,
) -> list[T]:
    """Look up keys in the cache; compute and store missing values.

    Args:
        cache: The score cache.
        keys: One key per result.
        make: Computes the results at the given indices, in their order.
        pack, unpack: Convert to bytes and back; unpacking at an index returns None for invalid bytes.
        on_note: See ``ScoreCache``.
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
    """Key part that distinguishes the values of different scorers."""
    return identity.scorer, identity.revision, identity.dtype, identity.settings


def digest(*parts: str | bytes) -> bytes:
    """A hash of parts; each is preceded by its length, so that different parts never give the same input."""
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
    """The inverse of ``pack_floats``; None if the bytes are not ``size`` values."""
    return np.frombuffer(value, dtype="<f4").astype(np.float32) if len(value) == 4 * size else None
