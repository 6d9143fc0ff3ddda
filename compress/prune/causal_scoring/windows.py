"""What a causal model reads at once: whole texts with their headings, and windows that slide over longer ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from ctxpipe.arrays import FloatArray, IntArray
from ctxpipe.compress.types import OnProgress, TokenScores

WINDOW = 1024
"""Tokens of a window, its context included."""
OVERLAP = 128
"""Most tokens of its own text that a later window reads again, and most of headings and question before it."""

Ids = Sequence[int]


class LossModel(Protocol):
    """Where token losses come from: a model in this process or one on a server.

    Attributes:
        window: Most tokens of a row.
    """

    window: int

    def losses(
        self, rows: Sequence[Ids], contexts: Sequence[int], on_progress: OnProgress | None = None
    ) -> list[FloatArray]:
        """Negative log-likelihood of each token given all before it in its row, in nats.

        Args:
            rows: Token ids, special ones included: they are read as they are.
            contexts: For each row, how many of its tokens are only read; at least 1.
            on_progress: Called with tokens done and tokens in all.

        Returns:
            For each row, float32 of shape (len(row) - context,).
        """
        ...


class Window(NamedTuple):
    """A row to read: which text it is of, its ids, how many of them are context, and where in the text the rest is."""

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
    """What stands before each text: the token that begins a sequence, and the end of its context."""
    begin = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    distinct = list(dict.fromkeys(contexts))
    ids = tokenizer(distinct, add_special_tokens=False)["input_ids"] if distinct else []
    known = {context: [begin, *tokens[-most:]] for context, tokens in zip(distinct, ids, strict=True)}
    return [known[context] for context in contexts]


def windows(texts: Sequence[Ids], before: Sequence[Ids], size: int = WINDOW, overlap: int = OVERLAP) -> list[Window]:
    """Cut texts into rows; each begins with what stands before its text and then reads the last tokens again."""
    return list(_windows(texts, before, size, overlap))


def _windows(texts: Sequence[Ids], before: Sequence[Ids], size: int, overlap: int) -> Iterator[Window]:
    for index, (tokens, prefix) in enumerate(zip(texts, before, strict=True)):
        first = 0
        while first < len(tokens):
            context = [*prefix, *tokens[max(0, first - overlap) : first]]
            piece = tokens[first : first + size - len(context)]
            yield Window(index, [*context, *piece], len(context), first)
            first += len(piece)


def token_losses(
    model: LossModel, tokenizer: Any, texts: Sequence[str], contexts: Sequence[str], on_progress: OnProgress | None
) -> list[TokenScores]:
    """The loss of every token of some texts, each having its text's context before it.

    A text is never read together with another, so its losses depend on nothing but text, context and model.
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
    """Progress of equal parts of one task."""

    def part(index: int) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            if on_progress:
                on_progress(index * total + done, count * total)

        return report

    return [part(index) if on_progress else None for index in range(count)]


def trimmed(text: str, offsets: IntArray) -> tuple[IntArray, IntArray]:
    """Start and end of tokens at (start, end) pairs, each start past white space and at most its end."""
    blank = np.array([c.isspace() for c in text] + [False], dtype=np.bool_)
    after = np.where(blank, len(text) + 1, np.arange(len(text) + 1))
    shown = np.minimum.accumulate(after[::-1])[::-1].astype(np.int64)
    return np.minimum(shown[offsets[:, 0]], offsets[:, 1]), offsets[:, 1]
