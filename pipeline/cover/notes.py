"""Notes on windows, with the sentences they rest on, and lists of entries without repetitions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.types import CompressedContext, Span
from ctxpipe.pipeline.ask.cite import cite
from ctxpipe.serving.types import Answer

_NUMBER = re.compile(r"\s*\[\d{1,4}(?:\s*[,;-]\s*\d{1,4})*\]")
_BULLET = re.compile(r"^\s*(?:[-*+•‣◦–]|\(?\d{1,3}[.)])\s+")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note on a window.

    Attributes:
        text: The text, without numbers of excerpts.
        evidence: Sentences of the documents that support it, in its order.
    """

    text: str
    evidence: tuple[Span, ...] = ()

    def written(self, numbers: Mapping[Span, int]) -> str:
        """The text, with the numbers of its evidence."""
        marks = "".join(f"[{number}]" for number in sorted({numbers[span] for span in self.evidence}))
        return f"{self.text} {marks}" if marks else self.text


def note_of(text: str, context: CompressedContext) -> Note:
    """A target's text about a context as a note."""
    spans = dict.fromkeys(
        Span(document=document, start=one.start, end=one.end)
        for one in cite(text, context)
        for document, source in enumerate(context.documents)
        if source.source == one.source and source.text[one.start : one.end] == one.text
    )
    return Note(text=_NUMBER.sub("", text).strip(), evidence=tuple(spans))


def finished(answer: Answer) -> str:
    """A text without repeated sentences, and without its last one if the answer was cut off there.

    A small model that has no more to say of a window repeats a sentence until it is stopped.
    """
    said = sentences(answer.text)
    if answer.finish_reason == "length" and len(said) > 1:
        said.pop()
    known: dict[str, str] = {}
    at = 0
    for start, end in said:
        known.setdefault(_plain(answer.text[start:end]), answer.text[at:end])
        at = end
    return "".join(known.values()).strip()


def entries_of(text: str, context: CompressedContext) -> list[Note]:
    """The lines of a list, each with its evidence."""
    lines = [_BULLET.sub("", line).strip() for line in text.splitlines()]
    return [note_of(line, context) for line in lines if _EDGES.sub("", line)]


def distinct(entries: Iterable[Note]) -> list[Note]:
    """Entries in order, without repetitions: case, bullets and punctuation at the ends do not count."""
    by_text: dict[str, Note] = {}
    for entry in entries:
        by_text.setdefault(_plain(entry.text), entry)
    return list(by_text.values())


def evidence_of(notes: Sequence[Note]) -> list[Span]:
    """All sentences that notes rest on, each once, in the order of the documents."""
    spans = {span for note in notes for span in note.evidence}
    return sorted(spans, key=lambda span: (span.document, span.start, span.end))


def _plain(text: str) -> str:
    return _SPACE.sub(" ", _EDGES.sub("", text.casefold()))
