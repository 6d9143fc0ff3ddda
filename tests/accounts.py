"""What must hold of every kept text: each character is source or frame, and the source is what the spans say."""

from __future__ import annotations

import itertools

from ctxpipe.compress.types import CompressedContext


def squeeze(text: str) -> str:
    return "".join(text.split())


def outside_frames(context: CompressedContext) -> str:
    """The kept text without labels and marks."""
    outside, at = "", 0
    for start, end in context.frames:
        assert at <= start < end <= len(context.text)
        outside, at = outside + context.text[at:start], end
    return outside + context.text[at:]


def check_accounts(context: CompressedContext) -> None:
    source = "".join(context.documents[s.document].text[s.start : s.end] for s in context.spans)
    assert squeeze(outside_frames(context)) == squeeze(source)
    places = [(s.document, s.start, s.end) for s in context.spans]
    assert all(a[0] < b[0] or (a[0] == b[0] and a[2] <= b[1]) for a, b in itertools.pairwise(places))
