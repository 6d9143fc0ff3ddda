"""The data types of compression. Arrays are numpy; offsets count characters of a document's text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np

from ctxpipe.arrays import BoolArray, FloatArray, IntArray
from ctxpipe.errors import UsageError

Kind = Literal["text", "markdown", "html", "code", "json", "csv", "pdf"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text and its source.

    Attributes:
        text: The extracted text; all offsets count its characters.
        source: Path or name, for messages and citations.
        kind: Kind of the text, which decides how it is cut.
        title: Title of the text. It is used in ranking and is never part of the text.
        language: Programming language of ``code`` by its langchain name (``"python"``, ``"cpp"``); else empty.
        page_starts: Offset at which each page begins, ascending from 0; empty without pages.

    Raises:
        UsageError: for an unknown kind or page starts that do not ascend.
    """

    text: str
    source: str = "text"
    kind: Kind = "text"
    title: str = ""
    language: str = ""
    page_starts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"unknown document kind {self.kind!r}; known: {', '.join(KINDS)}")
        if any(b < a for a, b in zip(self.page_starts, self.page_starts[1:], strict=False)):
            raise UsageError(f"{self.source}: page starts must ascend")

    def page(self, offset: int) -> int | None:
        """The page, counted from 1, of the character at ``offset``; None without pages."""
        if not self.page_starts:
            return None
        return max(1, int(np.searchsorted(self.page_starts, offset, side="right")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a document that is ranked as a whole.

    Attributes:
        document: Index of the document.
        start, end: Character offsets, end exclusive.
        kind: Kind of the piece, which may differ from its document's (a fenced code block in Markdown).
        headings: The trail of headings above the piece, outermost first, the document's title included.
    """

    document: int
    start: int
    end: int
    kind: Kind = "text"
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The smallest removable pieces of some chunks of one document, in source order; arrays of equal length n.

    A set of units is *closed* when it holds the parent of each of its members. Any closed set of units of a JSON
    document is valid JSON, of a table has its header, of a section has its heading.

    Attributes:
        start, end: Character offsets of the piece, surrounding whitespace excluded.
        lead: Where the piece begins when an earlier sibling is kept too; it then takes in the separator before it
            (the comma of a JSON member). Equal to ``start`` for everything else.
        close, close_end: Offsets of the closing bracket, quote or fence that belongs to the piece, or -1.
        parent: Index of the unit without which this one makes no sense, or -1.
        segment: Index of the pooled segment that the unit is part of, or -1 for one that is there for others alone.
        cost: Target tokens, estimated in the source's own context.
        protected: True where the piece must not be lost while its neighbours are kept (numbers, negations, names).
        joined: True where the piece goes on with the letters of the one before it (Chinese, Thai, a broken long word).
    """

    start: IntArray
    end: IntArray
    lead: IntArray
    close: IntArray
    close_end: IntArray
    parent: IntArray
    segment: IntArray
    cost: IntArray
    protected: BoolArray
    joined: BoolArray

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of units.

    Attributes:
        values: float32 of shape (n,); higher is better.
        scorer: Name of the scorer.
        model: Its model; empty for none.
        revision: Revision or hash of that model; empty for none.
    """

    values: FloatArray
    scorer: str
    model: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringText:
    """The input of a scorer for one chunk.

    Attributes:
        text: The chunk's text.
        headings: Trail of headings above it.
        start, end: int64 arrays of shape (n,): the units' offsets in ``text``, ascending.
    """

    text: str
    headings: tuple[str, ...]
    start: IntArray
    end: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingText:
    """The input of a ranker for one text: text, trail of headings, and its passage.

    ``group`` is equal for texts of one passage, so that a ranker can use a sentence's neighbours. ``kind`` is that of
    the passage.
    """

    text: str
    headings: tuple[str, ...] = ()
    group: int = 0
    kind: Kind = "text"


OnProgress = Callable[[int, int], None]
"""Called with work done and total work, in a unit of the caller (tokens, texts)."""


OnStage = Callable[[str, int, int], None]
"""Called with the stage's name, work done and total work."""


class Ranker(Protocol):
    """Ranks texts by their relevance to a question."""

    def rank(self, texts: Sequence[RankingText], question: str, on_progress: OnProgress | None = None) -> FloatArray:
        """Score texts.

        Returns:
            float32 of shape (len(texts),); higher is more relevant. Comparable only within one call.
        """
        ...


class Scorer(Protocol):
    """Scores the units of texts for pruning."""

    def score(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> Sequence[Scores]:
        """Score units; returns one ``Scores`` per text, with one value per unit.

        Raises:
            UsageError: if the scorer needs a question and there is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Everything that a scorer's scores depend on except texts and question: the key of cached scores.

    It must be available without loading the model.

    Attributes:
        scorer: Name of the scorer.
        model: The model's name as given, for information only.
        revision: Revision or hash of the model; without one, scores are not cached.
        dtype: Number type of the model.
        settings: Window, overlap and other settings that change a score, as text.
        asks: Whether scores depend on the question.
    """

    scorer: str
    revision: str
    model: str = ""
    dtype: str = ""
    settings: str = ""
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenScores:
    """A score for each of the model's tokens in a text, from which the scores of any units can be computed.

    Attributes:
        start, end: int64 of shape (tokens,): character offsets of the tokens in the text, ``end`` ascending.
        values: float32 of shape (tokens,).
    """

    start: IntArray
    end: IntArray
    values: FloatArray


@runtime_checkable
class KeptScorer(Protocol):
    """A scorer whose scores can be cached."""

    def identity(self) -> Identity | None:
        """What its scores depend on; None if they must not be cached."""
        ...


@runtime_checkable
class TokenScorer(KeptScorer, Protocol):
    """A cacheable scorer whose ``score`` has two steps, so that units with other boundaries need no model run."""

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> Sequence[TokenScores]:
        """Score the model's tokens; the units of ``texts`` are ignored.

        Raises:
            UsageError: if the scorer needs a question and there is none.
        """
        ...

    def from_tokens(self, text: ScoringText, tokens: TokenScores) -> Scores:
        """Compute the scores of a text's units from those of its tokens, without the model."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A kept stretch of a document: document index and character offsets, end exclusive."""

    document: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """One source document's size: characters and tokens of the whole text."""

    source: str
    kind: Kind
    characters: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedContext:
    """The kept text of documents.

    With whitespace removed, ``text`` is the concatenation of its spans' source text.

    Attributes:
        text: The kept text, ready for a prompt; chat-control strings are broken with a space.
        spans: Kept stretches in the order of the source, disjoint.
        documents: The documents that spans and ``protected`` point into.
        sources: Size of each document.
        source_tokens: Tokens of all documents, counted by ``tokenizer`` without special tokens.
        kept_tokens: Tokens of ``text`` by the same tokenizer; never more than ``budget``.
        budget: Most tokens allowed.
        question, rank, prune, tokenizer: What it was made with.
        protected: The protected pieces among the kept ones.
        timings: Seconds per stage.
        notes: Notes for the user, one line each.
    """

    text: str
    spans: tuple[Span, ...]
    documents: tuple[Document, ...]
    sources: tuple[SourceInfo, ...]
    source_tokens: int
    kept_tokens: int
    budget: int
    question: str | None
    rank: str
    prune: str
    tokenizer: str
    protected: tuple[Span, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Kept share of the source's tokens, 0 to 1. What stands between documents may make the text the longer one."""
        return min(1.0, self.kept_tokens / self.source_tokens) if self.source_tokens else 1.0

    @property
    def dropped_tokens(self) -> int:
        """Tokens of the source that are not in ``text``."""
        return max(0, self.source_tokens - self.kept_tokens)


def with_timing(context: CompressedContext, stage: str, seconds: float) -> CompressedContext:
    """A copy with one more stage before its timings."""
    return dataclasses.replace(context, timings={stage: seconds, **context.timings})
