"""Turns of a conversation: who speaks stands above what is said, in the same line, in a line of its own or in two."""

from __future__ import annotations

import abc
import itertools
import re
from collections.abc import Sequence

import regex

from ctxpipe.compress.text.prose.blocks import Blocks
from ctxpipe.compress.text.prose.region import Lines
from ctxpipe.compress.text.prose.spoken import called_in, goes_on, speaker
from ctxpipe.compress.text.prose.stamped import is_day, is_stamped
from ctxpipe.compress.text.prose.units import asks, prose_unit
from ctxpipe.compress.text.sentences import sentences
from ctxpipe.compress.text.unit import Unit

_TIME = re.compile(r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:\s?[AaPp]\.?[Mm]\.?)?")
_SHORT_TURN = 240
"""Characters up to which the lines of a turn are one unit."""
_DEEPER, _FEWEST = 3, 2
_NAME = regex.compile(r"\p{L}[\p{L}\p{M}\p{N} .'’()_-]{0,40}")


class Turns(Blocks, abc.ABC):
    """Writes turns. Each method that takes lines returns whether they were turns of its form."""

    @abc.abstractmethod
    def block(self, start: int, end: int) -> None:
        """Set down lines without a blank line between them, whatever they are."""

    def stamped(self, lines: Lines) -> bool:
        """A turn below two lines, its speaker and the time, as chats are copied from a browser."""
        words = lines.words
        if len(words) < 3 or not _TIME.fullmatch(words[1]) or not _NAME.fullmatch(words[0]):
            return False
        start, end = lines.spans[0][0], lines.spans[1][1]
        head = Unit(start, end, "speaker", self.parent, title=words[0])
        turn = self._turn(lines.spans[2:], start)
        asked = self.answered(words[0], turn)
        self.add(lines.start, lines.end, [head if asked < 0 else head._replace(parent=asked), *turn])
        return True

    def _turn(self, spans: Sequence[tuple[int, int]], head: int) -> list[Unit]:
        """What somebody says: short lines of a message as one, which say little without one another, else sentences."""
        start, end = spans[0][0], spans[-1][1]
        said = [(start, end)] if len(spans) > 1 and end - start <= _SHORT_TURN else sentences(self.text, start, end)
        return [prose_unit(self.document, a, b, "sentence", head) for a, b in said]

    def answered(self, name: str, turn: Sequence[Unit]) -> int:
        """The question that what somebody says answers or goes on with; -1 for none."""
        start, end = turn[0].start, turn[0].end
        further = goes_on(self.text, speaker(self.text, start, end).said, end)
        return self.answers.take(turn[-1].start, name, asks=asks(self.text, turn[-1].end), goes_on=further)

    def cue(self, lines: Lines) -> bool:
        """A turn below a line with its speaker, alone or with a time."""
        words = lines.words
        stamped = is_stamped(words[0])
        if len(words) < 2:
            if self.facts.is_stamped and is_day(words[0]):
                self.base, self.said = self.heading, -1
            return stamped and self.facts.is_stamped and self._head(lines) >= 0
        if not (stamped or words[0] in self.facts.cues):
            return False
        if words[0][0] == "[" and any(line[0] == "[" for line in words[1:]):
            return False  # lines of a log
        at = [0, *(i for i in range(2, len(words)) if is_stamped(words[i]))]
        if len(at) > 1 and words[0] not in self.facts.cues:
            for first, stop in itertools.pairwise([*at, len(words)]):
                self.block(self.line_of(lines.spans[first][0]), lines.spans[stop - 1][1])
            return True
        self._leave_turn()
        head = Unit(*lines.spans[0], "speaker", self.parent, title=words[0])
        turn = self._turn(lines.spans[1:], head.start)
        name = words[0].split("  ")[0].rstrip("0123456789:/,.-–—•|[]() \tAPMapm")
        asked = self.answered(name, turn)
        self.add(lines.start, lines.end, [head if asked < 0 else head._replace(parent=asked), *turn])
        if stamped and self.facts.is_stamped:
            self.said = head.start
        return True

    def quoting(self, lines: Lines) -> bool:
        """A turn below a line with its speaker, in which others are quoted."""
        if len(lines.words) < 2 or not self.facts.is_stamped or not is_stamped(lines.words[0]):
            return False
        if all(words[0] != ">" for words in lines.words):
            return False
        self._head(lines)
        self.block(self.line_of(lines.spans[1][0]), lines.end)
        return True

    def _head(self, lines: Lines) -> int:
        """Set down the line with the speaker, under which all stands until the next one; gives its offset."""
        self._leave_turn()
        start, end = lines.spans[0]
        self.add(start, end, [Unit(start, end, "speaker", self.parent, title=lines.words[0])])
        self.said = start
        return start

    def _leave_turn(self) -> None:
        """What follows stands no longer under the turn before it."""
        if self.base == self.said:
            self.base = self.heading

    def indented_turns(self, lines: Lines) -> bool:
        """Turns that begin further to the right than the lines that go on with them, as transcripts are typed."""
        edge = min(lines.indents)
        deeper = {index for index, indent in enumerate(lines.indents) if indent >= edge + _DEEPER}
        flush = [index for index in range(len(lines.words)) if index not in deeper]
        if len(deeper) < _FEWEST or any(lines.indents[index] > edge for index in flush):
            return False
        heads = {index for index in deeper if self._speaks(lines.words[index])}
        if len(heads) < _FEWEST or heads.isdisjoint(index - 1 for index in flush):
            return False
        if any(self._speaks(lines.words[index]) for index in flush):
            return False
        begins = [i for i, words in enumerate(lines.words) if i in deeper or words.isupper()]
        units: list[Unit] = []
        parent = self.parent
        for first, stop in itertools.pairwise(dict.fromkeys([0, *begins, len(lines.words)])):
            start, end = lines.spans[first][0], lines.spans[stop - 1][1]
            if first in heads:
                units += self.turn(start, end, parent)
            elif lines.words[first].isupper() and lines.words[first][-1] == ":":  # who asks from here on
                parent = start
                units.append(prose_unit(self.document, start, end, "item", self.parent))
            else:
                units += [
                    prose_unit(self.document, *span, "sentence", parent) for span in sentences(self.text, start, end)
                ]
        self.add(lines.start, lines.end, units)
        return True

    @staticmethod
    def _speaks(words: str) -> bool:
        return bool(speaker(words, 0, len(words))[0])

    def printed(self, lines: Lines) -> bool:
        """Turns of a play, whose speakers have a full stop behind their names."""
        said = [called_in(line, self.facts.called) for line in lines.words]
        if not said[0]:
            return False
        at = [*(index for index, length in enumerate(said) if length), len(said)]
        units: list[Unit] = []
        for first, stop in itertools.pairwise(at):
            units += self._printed(lines.spans[first][0], lines.spans[stop - 1][1], said[first])
        self.add(lines.start, lines.end, units)
        return True

    def _printed(self, start: int, end: int, length: int) -> list[Unit]:
        if end - start <= _SHORT_TURN:
            return [prose_unit(self.document, start, end, "record", self.parent)]
        name = self.text[start : start + length].rstrip(" \t-—–")
        head = Unit(start, start + len(name), "speaker", self.parent, title=name)
        said = sentences(self.text, start + length, end)
        return [head, *(prose_unit(self.document, a, b, "sentence", start) for a, b in said)]

    def speech(self, lines: Lines) -> bool:
        """A turn that begins with its speaker."""
        first = lines.words[0]
        said = self.facts.speakers.match(first) if self.facts.speakers and (":" in first or "：" in first) else None
        if not said or not said["name"]:
            return False
        self._leave_turn()
        self.add(lines.start, lines.end, self.turn(lines.spans[0][0], lines.spans[-1][1], self.parent))
        self.said = lines.spans[0][0] if self.facts.is_conversation else -1
        return True
