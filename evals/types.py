"""An item of a suite, and its record in one arm."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from pydantic import SkipValidation, StrictBool, StrictFloat, StrictInt
from pydantic_core import to_jsonable_python

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.json_form import parsed, shown

Status = Literal["ok", "truncated", "error"]
STATUSES: tuple[Status, ...] = get_args(Status)

AnswerRule = Literal["any", "all"]


class ArmName(NamedTuple):
    """The name of an arm: a method, behind an ``@`` its rate or budget, as in ``bm25@0.25``; or a control."""

    method: str
    amount: str = ""

    @classmethod
    def of(cls, name: str) -> ArmName:
        """A name taken apart."""
        method, _, amount = name.partition("@")
        return cls(method, amount)

    def __str__(self) -> str:
        return f"{self.method}@{self.amount}" if self.amount else self.method

    def with_method(self, method: str) -> str:
        """The name of another method's arm with the same rate or budget."""
        return str(self._replace(method=method))


def methods_of(arms: Iterable[str]) -> list[str]:
    """Methods and controls of arms, each once, in order."""
    return list(dict.fromkeys(ArmName.of(arm).method for arm in arms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One document of an item.

    Attributes:
        text: The text; evidence offsets count its characters.
        title: Heading, speaker or file name, or empty.
        gold: Whether the answer rests on it; None where the set does not say.
        source: Name of the file that it is, whose ending says what kind of text it holds; empty for a bare text.
        page_starts: Offset at which each page or slide begins; empty without pages.
    """

    text: str
    title: str = ""
    gold: bool | None = None
    source: str = ""
    page_starts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A stretch of a document that supports the answer: document index and character offsets, end exclusive."""

    document: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A value and what it stands under.

    Attributes:
        names: What the value stands under, outermost first: ``("Faro", "Winter")``.
        value: The value as it stands in the text.
    """

    names: tuple[str, ...]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One item: documents, a question about them, and the right answers.

    Attributes:
        id: Unique within a run.
        dataset: Its set.
        cluster: The source document, article or meeting. Items of one cluster are not independent; equal names mean
            the same source, also across sets.
        documents: The documents to compress, in order.
        question: The question.
        answers: Right answers, at least one.
        metric: How a generated answer is judged: ``contains``, ``f1+contains``, ``numeric/span``, ``rouge``.
        evidence: The evidence; empty if the set does not mark it.
        stratum: Slice with equal weight in a macro mean (task x length).
        rule: Whether any of the answers is enough, or all are needed (a question with several spans).
        scale: Unit that a number is counted in: ``thousand``, ``million``, ``billion``, ``percent``, or empty.
        twins: Values that differ only in what they stand under, the one asked for first; empty elsewhere. All have
            equally many names.
    """

    id: str
    dataset: str
    cluster: str
    documents: tuple[Passage, ...]
    question: str
    answers: tuple[str, ...]
    metric: str = "contains"
    evidence: tuple[Evidence, ...] = ()
    stratum: str = ""
    rule: AnswerRule = "any"
    scale: str = ""
    twins: tuple[Twin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The result of one item in one arm; one line of a record file.

    Attributes:
        id, cluster, stratum: The item's.
        arm: Name of the arm: ``raw``, ``closed``, ``bm25@0.25``, ...
        scores: Score by name. A score that does not apply to the item is absent.
        source_tokens, kept_tokens: Tokens before and after, by the target's tokenizer; None if not counted.
        prompt_tokens, completion_tokens: Tokens of the whole prompt and of the answer, as the target counts them.
        rate: The requested rate; the achieved one is ``kept_tokens / source_tokens``.
        timings: Seconds per stage.
        status: ``truncated`` if the prompt did not fit the target's window, ``error`` if there is no answer.
        error: The error in one line; empty without error.
        method: Name of the compression method.
        models: Revision or hash by model name, compressor and target.
        prompt_hash: Hash of the rendered prompt.
        seed: Seed of the run.
        answer: The target's answer.
        spans: Kept stretches as (document, start, end).
        reused_scores: Whether scores could come from an earlier call or rate; compression is then not timed.

    Raises:
        UsageError: for a score or timing that is not finite, an unknown status, or an error without text.
    """

    id: str
    cluster: str
    arm: str
    stratum: str = ""
    scores: Mapping[str, SkipValidation[float]] = field(default_factory=dict)
    source_tokens: StrictInt | None = None
    kept_tokens: StrictInt | None = None
    prompt_tokens: StrictInt | None = None
    completion_tokens: StrictInt | None = None
    rate: StrictFloat | None = None
    timings: Mapping[str, SkipValidation[float]] = field(default_factory=dict)
    status: SkipValidation[Status] = "ok"
    error: str = ""
    method: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    prompt_hash: str = ""
    seed: StrictInt = 0
    answer: str = ""
    spans: tuple[tuple[int, int, int], ...] = ()
    reused_scores: StrictBool = False

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise UsageError(f"status is {self.status!r}; it must be one of {', '.join(STATUSES)}")
        if self.status == "error" and not self.error:
            raise UsageError("an error needs its text")
        for what, numbers in (("score", self.scores), ("timing", self.timings)):
            for name, value in numbers.items():
                finite_number(value, f"{what} {name!r}")

    def to_json(self) -> str:
        """The record as one line of JSON without a newline, without empty optional fields."""
        line = {
            name: value
            for name, value in to_jsonable_python(self).items()
            if name in _NEEDED or (value not in (None, "", [], {}) and value is not False)
        }
        return json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_mapping(cls, value: Mapping[str, Any], where: str = "record") -> Record:
        """Make a record from a parsed JSON object.

        Raises:
            ReadError: if a field is missing or has an invalid value; it names ``where`` and the field.
        """
        record = parsed(cls, value, where)
        if "scores" not in value:
            raise ReadError(where, "field 'scores' is missing")
        return record


ByItem = Mapping[str, Record]
"""The records of one arm by item."""

_NEEDED = ("id", "cluster", "arm", "scores")


def finite_number(value: object, what: str) -> float:
    """Check that a value is a finite number and return it.

    Args:
        value: A number or a boolean from JSON.
        what: Its name, for the error.

    Raises:
        UsageError: if it is not a number, NaN or infinite.
    """
    if not isinstance(value, int | float):
        raise UsageError(f"{what} is {shown(value)}, which is not a number")
    try:
        number = float(value)
    except OverflowError as exc:
        raise UsageError(f"{what} is too large for a floating-point number") from exc
    if not math.isfinite(number):
        kind = "NaN" if math.isnan(number) else "infinite"
        raise UsageError(f"{what} is {kind}; only finite numbers can be compared")
    return number
