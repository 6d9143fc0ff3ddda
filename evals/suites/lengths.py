"""The same questions over longer sources: passages of other items are inserted between their own."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ctxpipe.errors import UsageError
from ctxpipe.evals.scores.text import contains, contains_text, words
from ctxpipe.evals.suites.generated import CountMany
from ctxpipe.evals.types import Passage, Sample


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    cluster: str
    tokens: int
    words: list[str]


def grow(
    samples: Sequence[Sample], pool: Sequence[Sample], lengths: Sequence[int], *, seed: int, count_many: CountMany
) -> Iterator[Sample]:
    """Yield every item at every length.

    Distractors come from items of other clusters and contain no right answer. At a length below the item's own,
    passages without evidence are removed first. Distractors are drawn in the same order at every length. The item's own
    passages keep their order and are spread at random.

    Args:
        samples: The items.
        pool: Items whose passages may be distractors.
        lengths: Source tokens, met within one passage.
        seed: Seed of choice and order.
        count_many: Counts tokens.

    Raises:
        UsageError: if no item's evidence fits the shortest length, or the pool is too small for the longest.
    """
    texts = list({p.text: (p, one.cluster) for one in pool for p in one.documents if p.text.strip()}.values())
    sizes = count_many([passage.text for passage, _ in texts])
    candidates = [
        _Candidate(
            replace(passage, gold=None if passage.gold is None else False), cluster, int(size), words(passage.text)
        )
        for (passage, cluster), size in zip(texts, sizes, strict=True)
    ]
    fitting = [one for one in samples if _needed(one, count_many) <= min(lengths)]
    if not fitting:
        raise UsageError(f"no item's evidence fits into {min(lengths):,} tokens")
    return (
        grown for tokens in lengths for one in fitting for grown in [_at(one, candidates, tokens, seed, count_many)]
    )


def _own(sample: Sample) -> set[int]:
    """Documents that must stay: those with evidence; if none is marked, those with the answer; else all."""
    marked = {e.document for e in sample.evidence} | {i for i, d in enumerate(sample.documents) if d.gold}
    holding = marked or {
        i for i, d in enumerate(sample.documents) if any(contains_text(d.text, answer) for answer in sample.answers)
    }
    return holding or set(range(len(sample.documents)))


def _needed(sample: Sample, count_many: CountMany) -> int:
    return int(sum(count_many([sample.documents[i].text for i in sorted(_own(sample))])))


def _at(sample: Sample, candidates: Sequence[_Candidate], tokens: int, seed: int, count_many: CountMany) -> Sample:
    draw = random.Random(f"{seed}/{sample.id}")
    needed = _own(sample)
    sizes = [int(size) for size in count_many([d.text for d in sample.documents])]
    room = tokens - sum(sizes[i] for i in needed)
    kept = set(needed)
    for i in range(len(sizes)):
        if i not in needed and sizes[i] <= room:
            kept.add(i)
            room -= sizes[i]
    others = _distractors(sample, candidates, room, draw)
    depth = random.Random(f"{seed}/{sample.id}/depth")
    places = sorted(depth.random() for _ in sizes)
    placed = [(places[i], i, sample.documents[i]) for i in sorted(kept)]
    placed += [(draw.random(), -1, passage) for passage in others]
    placed.sort(key=lambda one: one[0])
    moved = {i: at for at, (_, i, _) in enumerate(placed) if i >= 0}
    return replace(
        sample,
        id=f"{sample.id}@{tokens}",
        stratum=f"{sample.stratum or sample.dataset}@{tokens}",
        documents=tuple(passage for _, _, passage in placed),
        evidence=tuple(replace(e, document=moved[e.document]) for e in sample.evidence if e.document in moved),
    )


def _distractors(sample: Sample, candidates: Sequence[_Candidate], room: int, draw: random.Random) -> list[Passage]:
    mine = {document.text for document in sample.documents}
    answers = [words(answer) for answer in sample.answers]
    distractors: list[Passage] = []
    for i in draw.sample(range(len(candidates)), len(candidates)):
        one = candidates[i]
        if one.cluster == sample.cluster or one.passage.text in mine:
            continue
        if one.tokens > room or any(contains(one.words, answer) for answer in answers):
            if room < _SMALLEST:
                return distractors
            continue
        distractors.append(one.passage)
        room -= one.tokens
    if room > _SLACK:
        raise UsageError(
            f"the suite has too few passages to fill the length; {room:,} tokens of {sample.id} stay empty"
        )
    return distractors


_SMALLEST = 30
"""Remaining tokens below which no further passage is tried."""
_SLACK = 400
"""Tokens that may stay unused."""
