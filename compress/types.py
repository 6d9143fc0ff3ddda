"""The data types of compression. Arrays are numpy; offsets count characters of a document's text."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.errors import UsageError

Kind = Literal["text", "markdown", "html", "code", "json", "csv", "pdf"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text and its source.

    Attributes:
        text: The extracted text; all offsets count its characters.
        source: Path or name, shown to people and returned with every span.
        kind: What the text is, which decides how it is cut.
        title: What the whole text is about. It informs ranking and is never part of the text.
        language: Language of ``code`` (``"python"``, ``"yaml"``) or markup of ``text`` (``"rst"``, ``"org"``,
            ``"asciidoc"``, ``"tex"``); else empty.
        page_starts: Offset at which each page begins, ascending from 0; empty when there are no pages.
        headings: Headings that the reader found beyond the text's own markup: start, end and level of each, ascending
            and disjoint; a lower level stands above a higher one.
        noise: Stretches that the reader knows to say nothing (contents and index pages): start and end of each,
            ascending and disjoint.
        notes: What must be known of how it was read, one line each.

    Raises:
        UsageError: for an unknown kind, or page starts, headings or noise that do not ascend.
    """

    text: str
    source: str = "text"
    kind: Kind = "text"
    title: str = ""
    language: str = ""
    page_starts: tuple[int, ...] = ()
    headings: tuple[tuple[int, int, int], ...] = ()
    noise: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"unknown document kind {self.kind!r}; known: {', '.join(KINDS)}")
        if any(b < a for a, b in zip(self.page_starts, self.page_starts[1:], strict=False)):
            raise UsageError(f"{self.source}: page starts must ascend")
        if any(b[0] < a[1] for a, b in itertools.pairwise(self.headings)):
            raise UsageError(f"{self.source}: headings must ascend")
        if any(b[0] < a[1] for a, b in itertools.pairwise(self.noise)):
            raise UsageError(f"{self.source}: noise must ascend")

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
    the passage. ``vector`` is the default embedding of ``headings`` and ``text``, float32 of shape (384,) and unit
    length, where a corpus holds it.
    """

    text: str
    headings: tuple[str, ...] = ()
    group: int = 0
    kind: Kind = "text"
    vector: FloatArray | None = field(default=None, compare=False, repr=False)


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
    ) -> Sequence[FloatArray]:
        """Score the units of chunks.

        Returns:
            For each text float32 of shape (units,); higher is worth keeping.

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
        revision: Revision or hash of the model; scores of a model whose revision cannot be told are not kept.
        dtype: What the model computes in.
        settings: Window, overlap and whatever else changes a score, as text.
        asks: Whether scores depend on the question.
    """

    scorer: str
    revision: str
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
class CacheableScorer(Protocol):
    """A scorer whose scores may be kept between calls and processes. It offers this beside ``Scorer.score``."""

    def identity(self) -> Identity | None:
        """What its scores depend on; None if they must not be cached."""
        ...


@runtime_checkable
class TokenScorer(CacheableScorer, Protocol):
    """A cacheable scorer whose ``score`` is the mean over each unit's tokens, so other units need no model again."""

    def score_tokens(
        self, texts: Sequence[ScoringText], question: str | None, on_progress: OnProgress | None = None
    ) -> Sequence[TokenScores]:
        """Score the model's tokens; the units of ``texts`` are ignored.

        Raises:
            UsageError: if the scorer needs a question and there is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A kept stretch of a document: document index and character offsets, end exclusive."""

    document: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """What was kept of one document, or of one page where there are pages.

    Attributes:
        document: Index of the document.
        stretches: Character offsets of what was kept, ascending and disjoint.
        pages: First page and, when it goes on over the next one, last page; empty where there are none.
        trail: What its first unit stands under, outermost first.
        text: What was kept, with a mark where text was left out, without the label.
    """

    document: int
    stretches: tuple[tuple[int, int], ...]
    pages: tuple[int, ...]
    trail: tuple[str, ...]
    text: str


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

    With frames and whitespace removed, ``text`` is the concatenation of its spans' source text.

    Attributes:
        text: The kept text, ready for a prompt; chat-control strings are broken with a space.
        spans: Kept stretches in the order of the source, disjoint.
        frames: Ranges of ``text`` that are no source: labels, marks, and what the format adds.
        excerpts: What was kept by document and page.
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
    excerpts: tuple[Excerpt, ...] = ()
    frames: tuple[tuple[int, int], ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Kept share of the source's tokens, 0 to 1; 1 also if labels make the text longer than the source."""
        return min(1.0, self.kept_tokens / self.source_tokens) if self.source_tokens else 1.0


def with_timing(context: CompressedContext, stage: str, seconds: float) -> CompressedContext:
    """A copy with one more stage before its timings."""
    return dataclasses.replace(context, timings={stage: seconds, **context.timings})
