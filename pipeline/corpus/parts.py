"""A prepared document as bytes and back. Reading runs no code."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctxpipe.compress.prepare.passages import Passages
from ctxpipe.compress.prepare.words import Words
from ctxpipe.compress.text.outline import Outline
from ctxpipe.compress.text.prose.region import Region
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

_FIELDS = ("kind", "title", "language", "page_starts", "headings", "noise", "notes")


def fields_out(document: Document) -> bytes:
    """A document without text and source."""
    return _json_out({name: getattr(document, name) for name in _FIELDS})


def document_in(fields: bytes, text: bytes, source: str) -> Document:
    """A document from its parts."""
    given = json.loads(fields)
    for name in ("headings", "noise"):
        given[name] = tuple(tuple(one) for one in given[name])
    given |= {"page_starts": tuple(given["page_starts"]), "notes": tuple(given["notes"])}
    return Document(text=text.decode("utf-8", "surrogatepass"), source=source, **given)


def text_out(text: str) -> bytes:
    """A text, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")


def passages_out(passages: Passages) -> bytes:
    """Passages; offsets of texts below 4 GB."""
    columns = [column.astype("<u4") for column in (passages.start, passages.end, passages.trail)]
    return _arrays_out([*columns, np.frombuffer(_json_out(passages.trails), dtype=np.uint8)])


def passages_in(value: bytes) -> Passages:
    """The inverse of ``passages_out``."""
    start, end, trail, trails = _arrays_in(value, ("<u4", "<u4", "<u4", "u1"))
    return Passages(
        start.astype(np.int64),
        end.astype(np.int64),
        trail.astype(np.int64),
        tuple(tuple(one) for one in json.loads(trails.tobytes())),
    )


def words_out(words: Words) -> bytes:
    """Words."""
    return _arrays_out([column.astype(column.dtype.newbyteorder("<")) for column in words])


def words_in(value: bytes) -> Words:
    """The inverse of ``words_out``."""
    return Words(*_arrays_in(value, ("<u4", "<u4", "<u2", "<u4")))


def outline_out(outline: Outline) -> bytes:
    """The regions of a document, and what of it is noise: lists of contents are found with the regions."""
    return zlib.compress(_json_out([outline.noise, outline.regions]), 1)


def outline_in(value: bytes, document: Document) -> Outline:
    """The inverse of ``outline_out``."""
    # Long documents have a hundred thousand of them, and this is the fastest way to make a named tuple.
    unit, region = partial(tuple.__new__, Unit), partial(tuple.__new__, Region)
    noise, stored = json.loads(zlib.decompress(value))
    regions = [
        region((start, end, parent, None if units is None else tuple(map(unit, units)), tuple(breaks), tuple(joins)))
        for start, end, parent, units, breaks, joins in stored
    ]
    return Outline(document, regions, None if noise is None else [(start, end) for start, end in noise])


def _json_out(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _arrays_out(arrays: Sequence[NDArray[Any]]) -> bytes:
    sizes = struct.pack(f"<{len(arrays)}Q", *(array.nbytes for array in arrays))
    return sizes + b"".join(array.tobytes() for array in arrays)


def _arrays_in(value: bytes, kinds: Sequence[str]) -> list[NDArray[Any]]:
    sizes = struct.unpack_from(f"<{len(kinds)}Q", value)
    at, arrays = 8 * len(kinds), []
    for size, kind in zip(sizes, kinds, strict=True):
        arrays.append(np.frombuffer(value, dtype=kind, count=size // np.dtype(kind).itemsize, offset=at))
        at += size
    return arrays
