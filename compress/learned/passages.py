"""Joins sentences into the passages that the model reads, and decides which of them it can read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ctxpipe.arrays import BoolArray, IntArray
from ctxpipe.compress.learned.model import PassageTokens
from ctxpipe.compress.learned.rows import Encoded, WordPieces
from ctxpipe.compress.types import RankingText

TURNS_TOKENS = 200
"""Tokens of joined turns, the size of passages in training."""
_FEWEST_TURNS = 6
FOREIGN, MARKS, PIECES = 0.4, 0.45, 0.38
"""Shares of a passage's tokens from which on the model does not read it: unknown tokens and letters of other scripts;
tokens without letter or digit; continuation pieces of words. 99 of 100 English passages are below all three. Passages
in other scripts are above the first, code and tables of numbers above the second, other languages in Latin script above
the third (``training.shares``)."""
_DATA = frozenset({"code", "json", "csv"})


class Shares(NamedTuple):
    """Shares of tokens: unknown or of another script, without letter or digit, continuation pieces."""

    foreign: float
    marks: float
    pieces: float


class GatheredPassage(NamedTuple):
    """A passage.

    Attributes:
        title: Tokens of the title.
        body: Tokens of its sentences, concatenated.
        owner: The sentence of each token; -1 for a speaker's name.
        members: Its sentences.
        readable: Whether it is prose in a language that the model knows.
    """

    title: IntArray
    body: IntArray
    owner: IntArray
    members: tuple[int, ...]
    readable: bool

    def passage(self) -> PassageTokens:
        """As the model takes it: a window may end where a sentence does."""
        ends: BoolArray = np.append(np.diff(self.owner) != 0, True) if len(self.owner) else np.zeros(0, dtype=np.bool_)
        return PassageTokens(self.title, self.body, ends)


def titled(headings: Sequence[str]) -> str:
    """A trail of headings as one title."""
    return " - ".join(headings)


def gather(texts: Sequence[RankingText], words: WordPieces) -> list[GatheredPassage]:
    """The passages that sentences are of, each tokenised once."""
    groups: dict[int, list[int]] = {}
    for index, text in enumerate(texts):
        groups.setdefault(text.group, []).append(index)
    encoded = words.encode([text.text for text in texts])
    trails = [titled(texts[members[0]].headings) for members in groups.values()]
    if spoken(trails):
        return list(_joined(list(groups.values()), trails, texts, encoded, words))
    distinct = list(dict.fromkeys(trails))
    known = dict(zip(distinct, (title.ids for title in words.encode(distinct)), strict=True))
    return [
        _gathered(known[trail], [(i, encoded[i].ids) for i in members], texts, words)
        for members, trail in zip(groups.values(), trails, strict=True)
    ]


def spoken(trails: Sequence[str]) -> bool:
    """Whether passages are turns of a conversation: most of their headings repeat after another, as names do."""
    runs = [trail for index, trail in enumerate(trails) if index == 0 or trail != trails[index - 1]]
    again = len(runs) - len(set(runs))
    return len(runs) >= _FEWEST_TURNS and all(runs) and again >= len(runs) / 2


def _joined(
    groups: Sequence[Sequence[int]],
    trails: Sequence[str],
    texts: Sequence[RankingText],
    encoded: Sequence[Encoded],
    words: WordPieces,
) -> Iterable[GatheredPassage]:
    """Join turns to passages as long as in training, each turn after its speaker's name."""
    names = dict(zip(dict.fromkeys(trails), words.encode([f"{t}:" for t in dict.fromkeys(trails)]), strict=True))
    title = np.zeros(0, dtype=np.int64)
    parts: list[tuple[int, IntArray]] = []
    length = 0
    for members, trail in zip(groups, trails, strict=True):
        turn = [(-1, names[trail].ids), *((i, encoded[i].ids) for i in members)]
        size = sum(len(ids) for _, ids in turn)
        if parts and length + size > TURNS_TOKENS:
            yield _gathered(title, parts, texts, words)
            parts, length = [], 0
        parts += turn
        length += size
    yield _gathered(title, parts, texts, words)


def _gathered(
    title: IntArray, parts: Sequence[tuple[int, IntArray]], texts: Sequence[RankingText], words: WordPieces
) -> GatheredPassage:
    body = np.concatenate([ids for _, ids in parts])
    owner = np.concatenate([np.full(len(ids), index, dtype=np.int64) for index, ids in parts])
    members = tuple(index for index, _ in parts if index >= 0)
    plain = all(texts[index].kind not in _DATA for index in members)
    return GatheredPassage(title, body, owner, members, plain and readable(body, words))


def sizes(passages: Sequence[GatheredPassage], count: int) -> IntArray:
    """Tokens of each sentence, at least 1: int64 of shape (count,)."""
    owner = np.concatenate([passage.owner for passage in passages])
    return np.maximum(1, np.bincount(owner[owner >= 0], minlength=count))


def readable(ids: IntArray, words: WordPieces) -> bool:
    """Whether tokens are of prose in a language that the model knows, by the three shares."""
    parts = shares(ids, words)
    return len(ids) > 0 and parts.foreign < FOREIGN and parts.marks < MARKS and parts.pieces < PIECES


def shares(ids: IntArray, words: WordPieces) -> Shares:
    """Parts of some tokens; all 0 when there are none."""
    if not len(ids):
        return Shares(0.0, 0.0, 0.0)
    return Shares(*(float(table[ids].mean()) for table in (words.strange, words.marks, words.pieces)))
