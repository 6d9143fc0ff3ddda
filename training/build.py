"""From items to examples: positives, negatives of three kinds, second looks, and passages nobody asked about yet."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ctxpipe.arrays import FloatArray
from training.examples import FREE, QUESTION, SECOND, Example
from training.negatives import NegativePool
from training.overlap import words
from training.pieces import MarkedPiece, joined_turns, pieces, with_demand
from training.schema import Item, TrainingEvidence
from training.sources import SOURCES, document_name

MOST_WANTED, OWN, HARD = 3, 4, 1
"""Positives of an item, negatives of its own, and negatives by each method of the pool."""
RANDOM_NEGATIVE, UNTITLED, DEMANDING, SECOND_LOOK = 0.3, 0.15, 0.04, 0.1
"""How often an item gets a random negative, a piece loses its title or gains a demand to be kept, and a question about
one passage gets a second look."""
WHOLE = frozenset({"passage", "section"})
"""Evidence that is a whole passage says nothing of its tokens."""
ASKED = 3
"""Questions that a passage must have before it is said which of its sentences are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """An item whose passages are cut into pieces: those with evidence, and the others of its own passages."""

    item: Item
    wanted: tuple[MarkedPiece, ...]
    others: tuple[MarkedPiece, ...]


def cut(item: Item, barred: Callable[[str, str], bool]) -> Cut:
    """Cut an item's passages.

    Args:
        item: The item.
        barred: Whether a document's text, given by name and text, must not be read on this side of the split.
    """
    source = SOURCES[item.source]
    passages, evidence = list(item.passages), list(item.evidence)
    names = [document_name(item, passage) for passage in passages]
    if source.turns:
        passages, evidence = joined_turns(passages, evidence)
        names = [names[0]] * len(passages)
    marks: dict[int, list[TrainingEvidence]] = defaultdict(list)
    for span in evidence:
        marks[span.passage].append(span)
    wanted: list[MarkedPiece] = []
    others: list[MarkedPiece] = []
    for index, (passage, name) in enumerate(zip(passages, names, strict=True)):
        if index not in marks and (not source.own_negatives or barred(name, passage.text)):
            continue
        for piece in pieces(passage, marks[index], name):
            (wanted if piece.wanted else others).append(piece)
    if item.evidence_type in WHOLE:  # what such a passage does not mark may still be evidence
        others = [piece for piece in others if piece.document not in {w.document for w in wanted}]
    return Cut(item=item, wanted=tuple(wanted), others=tuple(others))


class Builder:
    """Makes the examples of one side of the split.

    Args:
        pools: Pool of each language, by ``language``.
        sources: Names of the files, for their numbers.
        seed: For every draw.
        changed: Whether titles are dropped and demands put in, as for training.
        more: Factor on the number of negatives.
    """

    def __init__(
        self, pools: dict[str, NegativePool], sources: Sequence[str], *, seed: int, changed: bool, more: int = 1
    ) -> None:
        self._pools, self._changed, self._more = pools, changed, more
        self._number = {name: index for index, name in enumerate(sources)}
        self._seed = seed

    def build(self, cuts: Sequence[Cut], on_progress: Callable[[int, int], None] | None = None) -> Iterator[Example]:
        """All examples of some items; a group's number is its item's place."""
        vectors: dict[int, FloatArray] = {}
        for name, pool in self._pools.items():
            members = [i for i, c in enumerate(cuts) if language(c.item.source) == name]
            found = pool.embedded([cuts[i].item.question for i in members])
            if found is not None:
                vectors.update(zip(members, found, strict=True))
        for group, one in enumerate(cuts):
            draw = random.Random(f"{self._seed}:{one.item.source}:{one.item.id}")
            for example in self._of(one, group, vectors.get(group), draw):
                yield self._change(example, draw) if self._changed else example
            if on_progress is not None:
                on_progress(group + 1, len(cuts))

    def _of(self, one: Cut, group: int, vector: FloatArray | None, draw: random.Random) -> Iterator[Example]:
        wanted = draw.sample(one.wanted, min(MOST_WANTED, len(one.wanted)))
        own = draw.sample(one.others, min(OWN * self._more, len(one.others)))
        pool = self._pools[language(one.item.source)]
        allowed = _allowed(one)
        # Composed questions bring no other passages of their own.
        hard = HARD * (2 if SOURCES[one.item.source].hops and not own else 1)
        mined = pool.hard(one.item.question, vector, hard * self._more, allowed, draw)
        if draw.random() < RANDOM_NEGATIVE:
            mined += pool.any(1, allowed, draw)
        negatives = [*own, *mined]
        yield from self._labelled(one.item, one.item.question, QUESTION, group, wanted, negatives)
        if wanted:
            yield from self._second(one, group, wanted, negatives, draw)

    def _second(
        self, one: Cut, group: int, wanted: Sequence[MarkedPiece], negatives: Sequence[MarkedPiece], draw: random.Random
    ) -> Iterator[Example]:
        """Ask again with what was found: a sentence of the evidence, or at times one that is no evidence at all."""
        chain = SOURCES[one.item.source].hops and len({piece.document for piece in wanted}) > 1
        if not chain and draw.random() >= SECOND_LOOK:
            return
        for seed in wanted[:2] if chain else wanted[:1]:
            question = second_question(one.item.question, seed, draw.choice(seed.wanted))
            rest = [piece for piece in wanted if piece is not seed]
            if not rest or draw.random() < 0.3:
                rest.append(seed)
            few = draw.sample(negatives, min(3, len(negatives)))
            yield from self._labelled(one.item, question, SECOND, group, rest, few)
        wrong = [piece for piece in negatives if piece.sentences]
        if wrong and draw.random() < 0.5:
            misled = draw.choice(wrong)
            question = second_question(one.item.question, misled, draw.choice(misled.sentences))
            few = draw.sample(negatives, min(2, len(negatives)))
            yield from self._labelled(one.item, question, SECOND, group, wanted[:2], few)

    def _labelled(
        self,
        item: Item,
        question: str,
        kind: int,
        group: int,
        wanted: Iterable[MarkedPiece],
        negatives: Iterable[MarkedPiece],
    ) -> Iterator[Example]:
        source = self._number[item.source]
        tokens = item.evidence_type not in WHOLE
        for piece in wanted:
            yield Example(
                question=question, piece=piece, kind=kind, relevance=1, source=source, group=group, tokens=tokens
            )
        for piece in negatives:
            yield Example(question=question, piece=piece, kind=kind, relevance=0, source=source, group=group)

    def _change(self, example: Example, draw: random.Random) -> Example:
        piece = example.piece
        if draw.random() < DEMANDING:
            piece = with_demand(piece, draw)
        if draw.random() < UNTITLED:
            piece = MarkedPiece(
                title="",
                text=piece.text,
                document=piece.document,
                answers=piece.answers,
                sentences=piece.sentences,
                wanted=piece.wanted,
            )
        return Example(
            question=example.question,
            piece=piece,
            kind=example.kind,
            relevance=example.relevance,
            source=example.source,
            group=example.group,
            tokens=example.tokens,
        )


def second_question(question: str, piece: MarkedPiece, sentence: tuple[int, int]) -> str:
    """The question of the second pass: the first one, then the best sentence after its title."""
    said = piece.text[sentence[0] : sentence[1]]
    return f"{question} {piece.title}. {said}" if piece.title else f"{question} {said}"


def unasked(cuts: Iterable[Cut], sources: Sequence[str], *, first_group: int) -> list[Example]:
    """One example without a question for each piece that at least ``ASKED`` questions ask something of.

    A sentence's target is the part of these questions whose evidence it holds.
    """
    asked: dict[tuple[str, str], list[MarkedPiece]] = defaultdict(list)
    source: dict[tuple[str, str], int] = {}
    for one in cuts:
        if one.item.evidence_type not in WHOLE and not SOURCES[one.item.source].turns:
            for piece in one.wanted:
                asked[piece.title, piece.text].append(piece)
                source.setdefault((piece.title, piece.text), sources.index(one.item.source))
    found: list[Example] = []
    for key, members in sorted(asked.items()):
        first = members[0]
        if len(members) < ASKED or len(first.sentences) < 2:
            continue
        shares = tuple(sum(span in member.wanted for member in members) / len(members) for span in first.sentences)
        group = first_group + len(found)
        found.append(
            Example(question="", piece=first, kind=FREE, relevance=-1, source=source[key], group=group, shares=shares)
        )
    return found


def language(source: str) -> str:
    """The pool a file's negatives come from: files in other languages than English have their own."""
    return source if source.startswith("ml_") else "en"


def _allowed(one: Cut) -> Callable[[MarkedPiece], bool]:
    """Whether a piece may be a negative: not of a document with evidence, and without the answer's words."""
    documents = {piece.document for piece in (*one.wanted, *one.others)}
    answers = [f" {' '.join(words(answer))} " for answer in one.item.answers if len(answer) >= 3]
    answers = [answer for answer in answers if answer.strip() not in {"", "yes", "no", "true", "false"}]

    def allowed(piece: MarkedPiece) -> bool:
        if piece.document in documents:
            return False
        text = f" {' '.join(words(piece.text))} "
        return not any(answer in text for answer in answers)

    return allowed
