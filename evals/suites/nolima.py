"""Needle files of NoLiMa: questions whose answer shares no words with them, in shuffled books of any length."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals.scores.text import contains_text
from ctxpipe.evals.suites.generated import CountMany
from ctxpipe.evals.types import Evidence, Passage, Sample

NEEDLES = "needlesets/needle_set.json"
HAYSTACKS = "haystack/rand_shuffle"
_HEAD = 65_536
_SLOT = re.compile(r"\{(CHAR|\d+)\}")


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
    """Whether a path is a needle file, or a copy of the set's folder."""
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
    characters, who is the answer unless the test has ``gold_answers``. ``distractors``, by kind, is a sentence to be
    put beside. Prompts in the file are not used. The books are the text files of ``haystack/rand_shuffle`` beside the
    file's folder, or of a folder ``haystack`` beside the file. A longer context goes on in the book where a shorter
    one ended, and the needle keeps its depth. Questions about one fact are one cluster.

    Licence: Adobe Research License, which forbids commercial use; the books have their own (``haystack/LICENSES.md``).

    Args:
        path: The file, or a copy of the whole set's folder, whose ``needle_set.json`` is read.
        lengths: Source tokens.
        limit: Most questions; None for all, each in every book. A larger limit keeps the choice of a smaller one.
        seed: Of questions, characters and places.
        count_many: Counts tokens.

    Raises:
        ReadError: if a file is missing, or is not what it should be; it names the entry.
        UsageError: for a limit below 1, or a length that the needle or the book does not fill.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {limit} leaves nothing to evaluate; it must be 1 or more")
    file = path / NEEDLES if path.is_dir() else path
    books = _books(file)
    cases: list[_Case] = []
    for at, entry in enumerate(_entries(file)):
        cases += _cases(entry, f"{file}, entry {at}", books, seed)
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
        if found := sorted(folder.glob("*.txt")):
            return found
    raise ReadError(str(file), f"no books in {HAYSTACKS} beside its folder, nor in a folder haystack beside it")


def _entries(file: Path) -> list[Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ReadError(str(file), exc.strerror or str(exc)) from exc
    except (ValueError, RecursionError) as exc:
        raise ReadError(str(file), f"not JSON ({exc})") from exc
    if not isinstance(found, list) or not found:
        raise ReadError(str(file), "not a list of needles")
    return found


def _cases(entry: Any, where: str, books: Sequence[Path], seed: int) -> Iterator[_Case]:
    try:
        name, needle, tests = str(entry["id"]), entry["needle"], entry["tests"]
        characters, others = [str(one) for one in entry.get("character_set") or ()], entry.get("distractors") or {}
        for test, given in tests.items():
            arguments = [str(one) for one in given["input_args"]]
            for kind, question in entry["questions"].items():
                for book in books:
                    draw = random.Random(f"{seed}/{name}/{test}/{kind}/{book.name}")
                    character = draw.choice(characters) if characters else ""
                    fill = _Fill(arguments, character, where)
                    gold = given.get("gold_answers") or ([character] if character else [])
                    if not gold:
                        raise ReadError(where, "neither 'character_set' nor 'gold_answers' gives an answer")
                    yield _Case(
                        name=f"{name}/{test}/{kind}/{book.stem}",
                        fact=f"{name}/{test}",
                        needle=fill(needle),
                        question=fill(question),
                        answers=tuple([gold] if isinstance(gold, str) else map(str, gold)),
                        distractor=fill(others.get(kind, "")),
                        book=book,
                    )
    except (KeyError, TypeError, AttributeError) as exc:
        what = f"field {exc} is missing" if isinstance(exc, KeyError) else "not a needle with its questions and tests"
        raise ReadError(where, what) from exc


class _Fill(NamedTuple):
    """Puts arguments, counted from 1, and the character into a text."""

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
    """Every question once, each in a book of its own, before any in a second book."""
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
    found: list[str] = []
    for step in range(len(lines)):
        at = (begin + step) % len(lines)
        if sizes[at] > room:
            break
        if not any(contains_text(lines[at], answer) for answer in case.answers):
            found.append(lines[at])
            room -= sizes[at]
    else:
        raise UsageError(f"{case.book} is too short to fill {tokens:,} tokens")
    if not found:
        raise UsageError(f"{tokens:,} tokens have no room for {case.name} and a line of its book")
    if case.distractor:
        found.insert(round(other_depth * len(found)), case.distractor)
    place = round(depth * len(found))
    before = "".join(f"{line}\n" for line in found[:place])
    text = f"{before}{case.needle}\n" + "\n".join(found[place:])
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
