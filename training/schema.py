"""The one reader of training data: items of a JSONL.gz file, checked field by field."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class SchemaError(ValueError):
    """A line that does not hold what the schema says; names the file and the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPassage:
    """A text with its title or heading trail."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingEvidence:
    """Characters ``start`` to ``end`` of a passage, by its index in the item."""

    passage: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A question, what may answer it, and where it does.

    Attributes:
        id: Unique in its file.
        source: Name of the file, without suffixes.
        question: Question or claim.
        passages: What was given with it.
        answers: Accepted answers, possibly none.
        evidence: Where the answer stands; empty when there is none.
        evidence_type: What the spans are: answers, sentences, turns, sections, whole passages.
        answerable: False where the data says that the passages hold no answer.
    """

    id: str
    source: str
    question: str
    passages: tuple[TrainingPassage, ...]
    answers: tuple[str, ...]
    evidence: tuple[TrainingEvidence, ...]
    evidence_type: str
    answerable: bool


def read(path: Path, *, share: float = 1.0) -> Iterator[Item]:
    """Items of a file, in its order.

    Args:
        path: A ``.jsonl.gz`` file.
        share: Which part of the items to take; the choice hangs on their ids alone.

    Raises:
        SchemaError: for a line that is not an item.
    """
    source = path.name.removesuffix(".jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                item = _item(json.loads(line), source)
            except (KeyError, TypeError, ValueError) as exc:
                raise SchemaError(f"{path}, line {number}: {exc}") from exc
            if fraction(item.id) < share:
                yield item


def fraction(name: str) -> float:
    """A number from 0 to 1 that hangs on a name alone, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") / 2**64


def _item(row: dict[str, Any], source: str) -> Item:
    passages = tuple(TrainingPassage(title=str(p.get("title") or ""), text=str(p["text"])) for p in row["passages"])
    evidence = tuple(
        TrainingEvidence(passage=int(e["passage"]), start=int(e["start"]), end=int(e["end"]))
        for e in row.get("evidence") or ()
    )
    for span in evidence:
        if not 0 <= span.passage < len(passages):
            raise ValueError(f"evidence names passage {span.passage} of {len(passages)}")
        if not 0 <= span.start < span.end <= len(passages[span.passage].text):
            raise ValueError(f"evidence {span.start}..{span.end} lies outside its passage")
    question = str(row["question"]).strip()
    if not question or not passages:
        raise ValueError("an item needs a question and a passage")
    return Item(
        id=str(row["id"]),
        source=source,
        question=question,
        passages=passages,
        answers=tuple(str(answer) for answer in row.get("answers") or ()),
        evidence=evidence,
        evidence_type=str(row.get("evidence_type") or ""),
        answerable=row.get("answerable") is not False,
    )
