"""Rich text without the words that somebody deleted, and with marks around those that are struck through."""

from __future__ import annotations

import re

_TOLD = re.compile(r"\\(?:strike|striked1|deleted)(?![a-z0])")
_TOKEN = re.compile(
    r"\\(?P<word>[a-z]{1,32})(?P<number>-?\d{1,10})? ?|\\'[0-9a-fA-F]{2}|\\[^a-z]|[{}]|[^\\{}\r\n]+|[\r\n]+"
)
_BREAKS = frozenset(("par", "line", "page", "sect", "cell", "row", "nestcell", "nestrow"))
_MARK = "~~"


def without_deleted(markup: str) -> str:
    """Rich text without what is marked as deleted; what is struck through stands between ``~~``.

    Both are properties of characters, which hold until they are switched off, reset, or their group ends.
    """
    return _Changes().of(markup) if _TOLD.search(markup) else markup


class _Changes:
    """One pass over the tokens."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._struck, self._deleted = False, False
        self._groups: list[tuple[bool, bool]] = []
        self._marked = False

    def of(self, markup: str) -> str:
        for token in _TOKEN.finditer(markup):
            text = token.group()
            word = token["word"]
            if text == "{":
                self._groups.append((self._struck, self._deleted))
            elif text == "}":
                struck, deleted = self._groups.pop() if self._groups else (False, False)
                self._switch(struck, deleted)
            elif word in ("strike", "striked", "deleted", "plain"):
                self._property(word, token["number"] != "0")
            elif word and word != "u":
                if word in _BREAKS:
                    self._close()
            elif text != r"\*" and not self._says(text):
                continue
            self._out.append(text)
        self._close()
        return "".join(self._out)

    def _property(self, word: str, on: bool) -> None:
        if word == "plain":
            self._switch(False, False)
        elif word == "deleted":
            self._switch(self._struck, on)
        else:
            self._switch(on, self._deleted)

    def _switch(self, struck: bool, deleted: bool) -> None:
        if not struck:
            self._close()
        self._struck, self._deleted = struck, deleted

    def _says(self, words: str) -> bool:
        """Whether words of the text stay; opens a mark before those that are struck through."""
        if self._deleted:
            return False
        if self._struck and not self._marked and words.strip():
            self._out.append(_MARK)
            self._marked = True
        return True

    def _close(self) -> None:
        if self._marked:
            last = self._out[-1]
            words = last.rstrip(" ")
            self._out[-1:] = [words, _MARK, last[len(words) :]]
            self._marked = False
