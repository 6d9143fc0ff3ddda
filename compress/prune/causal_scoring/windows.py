"""Rows of a causal model: whole texts with their headings, and sliding windows over longer ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.types import OnProgress, TokenScores

WINDOW = 1024
"""Tokens of a window, its context included."""
OVERLAP = 128
"""Most tokens of the text that a later window repeats, and most tokens of headings and question before it."""

Ids = Sequence[int]


class LossModel(Protocol):
    """A source of token losses: a model in this process or on a server.

    Attributes:
        window: Most tokens of a row.
    """

    window: int

    def losses(
        self, rows: Sequence[Ids], contexts: Sequence[int], on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Negative log-likelihood of each token given all before it in its row, in nats.

        Args:
            rows: Token ids, including special tokens.
            contexts: Number of context tokens of each row, which get no loss; at least 1.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            For each row, float32 of shape (len(row) - context,).
        """
        ...


class ScoringWindow(NamedTuple):
    """A row: its text, ids, number of context tokens, and position of the rest in the text."""

    text: int
    ids: list[int]
    context: int
    first: int


class CausalTokens(NamedTuple):
    """A text's ids and the offsets of each, the start past white space."""

    ids: list[int]
    start: IntArray
    end: IntArray


def encode(tokenizer: Any, texts: Sequence[str]) -> list[CausalTokens]:
    """Tokens of texts, without special ones."""
    if not texts:
        return []
    encoded = tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True)
    return [
        CausalTokens(ids, *trimmed(text, np.array(offsets, dtype=np.int64).reshape(-1, 2)))
        for text, ids, offsets in zip(texts, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ]


def prefixes(tokenizer: Any, contexts: Sequence[str], most: int = OVERLAP) -> list[list[int]]:
    """The context of each text: the BOS token, and the end of headings and question."""
    begin = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    distinct = list(dict.fromkeys(contexts))
    ids = tokenizer(distinct, add_special_tokens=False)["input_ids"] if distinct else []
    known = {context: [begin, *tokens[-most:]] for context, tokens in zip(distinct, ids, strict=True)}
    return [known[context] for context in contexts]


def windows(
    texts: Sequence[Ids], before: Sequence[Ids], size: int = WINDOW, overlap: int = OVERLAP
) -> list[ScoringWindow]:
    """Cut texts into rows; each begins with the text's context and repeats the last tokens before it."""
    return list(_windows(texts, before, size, overlap))


def _windows(texts: Sequence[Ids], before: Sequence[Ids], size: int, overlap: int) -> Iterator[ScoringWindow]:
    for index, (tokens, prefix) in enumerate(zip(texts, before, strict=True)):
        first = 0
        while first < len(tokens):
            context = [*prefix, *tokens[max(0, first - overlap) : first]]
            piece = tokens[first : first + size - len(context)]
            yield ScoringWindow(index, [*context, *piece], len(context), first)
            first += len(piece)


def token_losses(
    model: LossModel, tokenizer: Any, texts: Sequence[str], contexts: Sequence[str], on_progress: OnProgress | None
) -> list[TokenScores]:
    """The loss of every token of texts, each text after its context.

    Texts never share a row, so losses depend only on text, context and model.
    """
    size = min(WINDOW, model.window)
    overlap = min(OVERLAP, size // 4)
    encoded = encode(tokenizer, texts)
    rows = windows([tokens.ids for tokens in encoded], prefixes(tokenizer, contexts, overlap), size, overlap)
    row_losses = model.losses([row.ids for row in rows], [row.context for row in rows], on_progress)
    losses = [np.zeros(len(tokens.ids), dtype=np.float32) for tokens in encoded]
    for row, values in zip(rows, row_losses, strict=True):
        losses[row.text][row.first : row.first + len(values)] = values
    return [visible(tokens, values) for tokens, values in zip(encoded, losses, strict=True)]


def visible(tokens: CausalTokens, values: FloatArray) -> TokenScores:
    """The tokens that are more than white space: the loss of an indent says nothing of the word after it."""
    shown = tokens.end > tokens.start
    return TokenScores(start=tokens.start[shown], end=tokens.end[shown], values=values[shown])


def parts(on_progress: OnProgress | None, count: int) -> list[OnProgress | None]:
    """Progress over equal parts of one task."""

    def part(index: int) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            if on_progress:
                on_progress(index * total + done, count * total)

        return report

    return [part(index) if on_progress else None for index in range(count)]


def trimmed(text: str, offsets: IntArray) -> tuple[IntArray, IntArray]:
    """Starts and ends of tokens from (start, end) pairs, with starts moved past whitespace, at most to the end."""
    blank = np.array([c.isspace() for c in text] + [False], dtype=np.bool_)
    after = np.where(blank, len(text) + 1, np.arange(len(text) + 1))
    shown = np.minimum.accumulate(after[::-1])[::-1].astype(np.int64)
    return np.minimum(shown[offsets[:, 0]], offsets[:, 1]), offsets[:, 1]
