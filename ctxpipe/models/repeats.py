"""Pieces of text whose tokens depend on nothing around them. Long texts repeat them, so each is encoded once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from ctxpipe.arrays import IntArray

if TYPE_CHECKING:
    from tokenizers import AddedToken, Tokenizer

MOST = 500_000
"""Distinct pieces that are held at once, about 50 MB."""

_WORD = r"[A-Za-z]++"
_END = r"(?=[ \t\n\r!-&(-/:-@\[-`{-~]|\Z)"
_OTHER = r"(?:[^A-Za-z ]++| +(?![A-Za-z]))+"
PIECE = re.compile(rf" ?{_WORD}{_END}|(?: ?{_WORD})?{_OTHER}(?:{_WORD}(?!{_END}){_OTHER})*(?:{_WORD}{_END})?")
"""Cuts before a space that a letter follows, and between a letter and whitespace or ASCII punctuation. An apostrophe
is no such punctuation, as tokenizers take ``'s`` as one."""

_PROBE = "".join(
    f"some{mark}word more{mark} Words  of{mark}\n\n   four{mark}\t12{mark}l'{mark}x " for mark in " !#(-/:_{~."
)


def cuts_at_pieces(tokenizer: Tokenizer) -> bool:
    """Whether a tokenizer cuts text wherever ``PIECE`` does, as those of GPT, Llama 3 and 4, Qwen and SmolLM do.

    The cuts of its pre-tokenizer are tried on a text that has each of them.
    """
    before, added = tokenizer.pre_tokenizer, tokenizer.get_added_tokens_decoder().values()
    if before is None or b"ByteLevel" not in before.__getstate__() or any(_takes_space(token) for token in added):
        return False
    if tokenizer.normalizer is not None and type(tokenizer.normalizer).__name__ != "NFC":
        return False
    pieces = PIECE.findall(_PROBE)
    whole = before.pre_tokenize_str(_PROBE)
    apart = [word for piece in pieces for word, _ in before.pre_tokenize_str(piece)]
    starts = {start for _, (start, _) in whole}
    return starts.issuperset(accumulate(map(len, pieces[:-1]))) and apart == [word for word, _ in whole]


def _takes_space(token: AddedToken) -> bool:
    return bool(token.lstrip or token.rstrip or re.search(r"\s", token.content))


class Repeats:
    """Counts the tokens of a text by its distinct pieces.

    Args:
        whole: Strings that are one token each and must not be cut.
    """

    def __init__(self, whole: Sequence[str]) -> None:
        self._whole: dict[str, list[str]] = {}
        for string in whole:
            self._whole.setdefault(string[:2], []).append(string)
        self._pieces: Counter[str] = Counter()

    def count(self, texts: Iterable[str], lengths: Callable[[Sequence[str]], IntArray]) -> int:
        """Tokens of all texts.

        Args:
            texts: Texts, cut where a cut changes nothing.
            lengths: Tokens of each of some texts.
        """
        total = 0
        for text in texts:
            self._add(text)
            if len(self._pieces) >= MOST:
                total += self._taken(lengths)
        return total + self._taken(lengths)

    def _add(self, text: str) -> None:
        starts = [start for start in self._whole if start in text]
        if any(string in text for start in starts for string in self._whole[start]):
            self._pieces[text] += 1
        else:
            self._pieces.update(PIECE.findall(text))

    def _taken(self, lengths: Callable[[Sequence[str]], IntArray]) -> int:
        times = np.fromiter(self._pieces.values(), dtype=np.int64, count=len(self._pieces))
        total = int(lengths(list(self._pieces)) @ times)
        self._pieces.clear()
        return total
