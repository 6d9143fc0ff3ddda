"""Needle files of NoLiMa: questions whose answer shares no words with them, in shuffled books of any length."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals.scores.text import contains_text
from ctxpipe.evals.suites.generated import CountMany
from ctxpipe.evals.types import Evidence, Passage, Sample
from ctxpipe.json_form import parsed

NEEDLES = "needlesets/needle_set.json"
HAYSTACKS = "haystack/rand_shuffle"
_HEAD = 65_536
_SLOT = re.compile(r"\{(CHAR|\d+)\}")


_Text = Annotated[str, BeforeValidator(str)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    """The arguments of a needle, and its answers, if the character is not the answer."""

    input_args: list[_Text]
    gold_answers: str | list[_Text] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needle:
    """An entry of a needle file."""

    id: _Text
    needle: str
    questions: dict[str, str]
    tests: dict[str, _Test]
    character_set: list[_Text] | None = None
    distractors: dict[str, str] | None = None


class _Case(NamedTuple):
    """One question about one fact in one book."""

    name: str
    fact: str
    needle: str
    question: str
    answers: tuple[str, ...]
    distractor: str
    book: Path


def is_needle_file(path: Path) -> bool:
    """Whether a path is a needle file or a copy of the set's folder."""
    if path.suffix != ".json" or not path.is_file():
        return (path / NEEDLES).is_file()
    with path.open("rb") as file:
        return b'"needle"' in file.read(_HEAD)


def nolima_samples(
    path: Path, *, lengths: Sequence[int], limit: int | None, seed: int, count_many: CountMany
) -> Iterator[Sample]:
    """Yield every question at every length.

    A file is a list of ``{"id", "needle", "questions": {kind: text}, "character_set", "tests": {name:
    {"input_args"}}}``. ``{1}``, ``{2}``, ... stand for the arguments of a test and ``{CHAR}`` for one of the
    characters, who is the answer unless the test has ``gold_answers``. ``distractors``, by kind, is a sentence to
    add. Prompts in the file are not used. The books are the text files of ``haystack/rand_shuffle`` beside the
    file's folder, or of a folder ``haystack`` beside the file. A longer context continues the book where a shorter
    one ended, and the needle keeps its depth. Questions about one fact are one cluster.

    Licence: Adobe Research License, which forbids commercial use; the books have their own (``haystack/LICENSES.md``).

    Args:
        path: The file, or a copy of the whole set's folder, whose ``needle_set.json`` is read.
        lengths: Source tokens.
        limit: Most questions; None for all, each in every book. A larger limit includes the choice of a smaller one.
        seed: Seed for questions, characters and places.
        count_many: Counts tokens.

    Raises:
        ReadError: if a file is missing or invalid; it names the entry.
        UsageError: for a limit below 1, or a length that the needle or the book cannot fill.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"the limit must be at least 1, not {limit}")
    file = path / NEEDLES if path.is_dir() else path
    books = _books(file)
    cases: list[_Case] = []
    for where, needle in _needles(file):
        cases += _cases(needle, where, books, seed)
    cases.sort(key=lambda case: _order(case, seed, books))
    texts = {book: _lines(book) for book in {case.book for case in cases[:limit]}}
    sizes = {book: [int(n) + 1 for n in count_many(lines)] for book, lines in texts.items()}
    return (
        _sample(case, tokens, texts[case.book], sizes[case.book], seed, count_many)
        for tokens in lengths
        for case in cases[:limit]
    )


def _books(file: Path) -> list[Path]:
    for folder in (file.parent.parent / HAYSTACKS, file.parent / "haystack"):
        if books := sorted(folder.glob("*.txt")):
            return books
    raise ReadError(str(file), f"no books in {HAYSTACKS} beside its folder, nor in a folder haystack beside it")


def _needles(file: Path) -> Iterator[tuple[str, _Needle]]:
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ReadError(str(file), exc.strerror or str(exc)) from exc
    except (ValueError, RecursionError) as exc:
        raise ReadError(str(file), f"not JSON ({exc})") from exc
    if not isinstance(entries, list) or not entries:
        raise ReadError(str(file), "not a list of needles")
    for at, entry in enumerate(entries):
        where = f"{file}, entry {at}"
        yield where, parsed(_Needle, entry, where)


def _cases(needle: _Needle, where: str, books: Sequence[Path], seed: int) -> Iterator[_Case]:
    for name, test in needle.tests.items():
        for kind, question in needle.questions.items():
            for book in books:
                draw = random.Random(f"{seed}/{needle.id}/{name}/{kind}/{book.name}")
                character = draw.choice(needle.character_set) if needle.character_set else ""
                fill = _Fill(test.input_args, character, where)
                gold = test.gold_answers or ([character] if character else [])
                if not gold:
                    raise ReadError(where, "neither 'character_set' nor 'gold_answers' has an answer")
                yield _Case(
                    name=f"{needle.id}/{name}/{kind}/{book.stem}",
                    fact=f"{needle.id}/{name}",
                    needle=fill(needle.needle),
                    question=fill(question),
                    answers=(gold,) if isinstance(gold, str) else tuple(gold),
                    distractor=fill((needle.distractors or {}).get(kind, "")),
                    book=book,
                )


class _Fill(NamedTuple):
    """Fills arguments, counted from 1, and the character into a text."""

    arguments: Sequence[str]
    character: str
    where: str

    def __call__(self, text: str) -> str:
        return _SLOT.sub(self._value, text)

    def _value(self, slot: re.Match[str]) -> str:
        if slot[1] == "CHAR":
            return self.character
        if not 1 <= int(slot[1]) <= len(self.arguments):
            raise ReadError(self.where, f"a text asks for {slot[0]}, and a test has {len(self.arguments)} arguments")
        return self.arguments[int(slot[1]) - 1]


def _order(case: _Case, seed: int, books: Sequence[Path]) -> tuple[int, bytes]:
    """Every question once, each in its own book, before any question in a second book."""
    pair = case.name.rpartition("/")[0]
    turn = (books.index(case.book) + _digest(seed, pair)[0]) % len(books)
    return turn, _digest(seed, case.name)


def _digest(*parts: object) -> bytes:
    return hashlib.blake2b("\0".join(map(str, parts)).encode(errors="surrogatepass"), digest_size=8).digest()


def _lines(book: Path) -> list[str]:
    try:
        text = book.read_text(encoding="utf-8")
    except (OSError, ValueError) as exc:
        raise ReadError(str(book), str(exc)) from exc
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ReadError(str(book), "the book is empty")
    return lines


def _sample(
    case: _Case, tokens: int, lines: Sequence[str], sizes: Sequence[int], seed: int, count_many: CountMany
) -> Sample:
    draw = random.Random(f"{seed}/{case.name}/places")
    begin, depth, other_depth = draw.randrange(len(lines)), draw.random(), draw.random()
    added = [case.needle, *filter(None, [case.distractor])]
    room = tokens - sum(int(n) + 1 for n in count_many(added))
    chosen: list[str] = []
    for step in range(len(lines)):
        at = (begin + step) % len(lines)
        if sizes[at] > room:
            break
        if not any(contains_text(lines[at], answer) for answer in case.answers):
            chosen.append(lines[at])
            room -= sizes[at]
    else:
        raise UsageError(f"{case.book} is too short to fill {tokens:,} tokens")
    if not chosen:
        raise UsageError(f"{tokens:,} tokens have no room for {case.name} and a line of its book")
    if case.distractor:
        chosen.insert(round(other_depth * len(chosen)), case.distractor)
    place = round(depth * len(chosen))
    before = "".join(f"{line}\n" for line in chosen[:place])
    text = f"{before}{case.needle}\n" + "\n".join(chosen[place:])
    return Sample(
        id=f"nolima/{case.name}@{tokens}",
        dataset="nolima",
        cluster=f"nolima/{case.fact}",
        documents=(Passage(text=text.rstrip()),),
        question=case.question,
        answers=case.answers,
        evidence=(Evidence(document=0, start=len(before), end=len(before) + len(case.needle)),),
        stratum=f"nolima@{tokens}",
    )
