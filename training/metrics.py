"""What a model's logits are worth on development examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.examples import CERTAIN, FREE, IGNORED, KINDS, Examples

RATE = 0.25
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logits:
    """What a model says of examples: ``keep`` of every token, flat as the examples are, and ``relevance`` of each."""

    keep: Floats
    relevance: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceTable:
    """One row per sentence of each example.

    Attributes:
        example: Which example.
        size: Tokens.
        mean, top: Mean and highest keep logit of its tokens.
        relevance: The passage's logit.
        label: Highest target of its tokens, 0 to 1; NaN where unknown.
        answer: Whether it holds marked evidence itself.
    """

    example: NDArray[np.int64]
    size: NDArray[np.int64]
    mean: Floats
    top: Floats
    relevance: Floats
    label: Floats
    answer: NDArray[np.bool_]

    def features(self) -> Floats:
        """Mean, highest and passage logit, of shape (sentences, 3)."""
        return np.stack([self.mean, self.top, self.relevance], axis=1)


def sentence_table(examples: Examples, logits: Logits) -> SentenceTable:
    """Aggregate tokens to sentences."""
    owner = np.repeat(np.arange(len(examples)), examples.lengths)
    inside = np.flatnonzero(examples.sentence != IGNORED)
    key = owner[inside] * 256 + examples.sentence[inside]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    count = len(first)
    values = logits.keep[inside]
    size = np.bincount(place, minlength=count)
    top = np.full(count, -np.inf)
    np.maximum.at(top, place, values)
    given = examples.target[inside]
    highest = np.zeros(count, dtype=np.int64)
    np.maximum.at(highest, place, given.astype(np.int64))
    example = owner[inside][first]
    return SentenceTable(
        example=example,
        size=size,
        mean=np.bincount(place, weights=values, minlength=count) / np.maximum(size, 1),
        top=top,
        relevance=logits.relevance[example],
        label=np.where(highest == IGNORED, np.nan, highest / 100),
        answer=highest == CERTAIN,
    )


def average_precision(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Mean precision at each positive, in order of descending score; NaN without positives."""
    if not positive.any():
        return float("nan")
    hit = positive[np.argsort(-score, kind="stable")]
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float(precision[hit].mean())


def area_under_curve(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive stands above a negative, ties halved (Mann and Whitney, 1947)."""
    from scipy.stats import rankdata

    yes = int(positive.sum())
    no = len(positive) - yes
    if not yes or not no:
        return float("nan")
    return float((rankdata(score)[positive].sum() - yes * (yes + 1) / 2) / (yes * no))


def best_f1(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Highest F1 over all thresholds."""
    if not positive.any():
        return float("nan")
    hit = np.cumsum(positive[np.argsort(-score, kind="stable")])
    return float((2 * hit / (np.arange(1, len(hit) + 1) + positive.sum())).max())


class Saved(NamedTuple):
    """What a question keeps with a quarter of its tokens, best sentences first.

    Attributes:
        group, source: The question, and its file.
        any: Whether a sentence with marked evidence is kept.
        all: Whether one of every passage that has such sentences is.
        random: What an order by chance would give ``any``, estimated from 20 orders.
    """

    group: int
    source: int
    any: float
    all: float
    random: float


def saved(table: SentenceTable, examples: Examples, score: Floats, kind: int) -> list[Saved]:
    """One row per question that has evidence and several passages."""
    chosen = np.isin(table.example, np.flatnonzero(examples.kind == kind))
    by_group: dict[int, list[int]] = defaultdict(list)
    for row in np.flatnonzero(chosen).tolist():
        by_group[int(examples.group[table.example[row]])].append(row)
    found = []
    draw = np.random.default_rng(0)
    for group, rows in by_group.items():
        index = np.array(rows)
        holds = table.answer[index]
        if not holds.any() or len(set(table.example[index].tolist())) < 2:
            continue
        kept = _kept(score[index], table.size[index])
        passages = {int(e) for e in table.example[index][holds]}
        left = {int(e) for e in table.example[index][holds & kept]}
        chance = np.mean([(_kept(draw.random(len(index)), table.size[index]) & holds).any() for _ in range(20)])
        source = int(examples.source[table.example[index[0]]])
        found.append(Saved(group, source, float(bool(left)), float(passages == left), float(chance)))
    return found


def survival(table: SentenceTable, examples: Examples, score: Floats, kind: int) -> dict[int, dict[str, float]]:
    """For each file the means of ``saved``, and of how many questions."""
    by_source: dict[int, list[Saved]] = defaultdict(list)
    for row in saved(table, examples, score, kind):
        by_source[row.source].append(row)
    names = ("any", "all", "random")
    return {
        source: {name: float(np.mean([getattr(row, name) for row in rows])) for name in names} | {"n": len(rows)}
        for source, rows in sorted(by_source.items())
    }


def _kept(score: Floats, size: NDArray[np.int64]) -> NDArray[np.bool_]:
    order = np.argsort(-score, kind="stable")
    total = np.cumsum(size[order])
    kept = np.zeros(len(score), dtype=np.bool_)
    kept[order[: max(1, int(np.searchsorted(total, RATE * total[-1], side="right")))]] = True
    return kept


def reciprocal_rank(examples: Examples, relevance: Floats, kind: int) -> float:
    """Mean over questions of 1 / place of the first relevant passage among those of the question."""
    rows = np.flatnonzero((examples.kind == kind) & (examples.relevance >= 0))
    by_group: dict[int, list[int]] = defaultdict(list)
    for row in rows.tolist():
        by_group[int(examples.group[row])].append(row)
    places = []
    for members in by_group.values():
        order = sorted(members, key=lambda row: -relevance[row])
        hits = [place for place, row in enumerate(order, start=1) if examples.relevance[row] == 1]
        if hits and len(hits) < len(order):
            places.append(1 / hits[0])
    return float(np.mean(places)) if places else float("nan")


def measure(examples: Examples, logits: Logits, score: Floats, names: Sequence[str]) -> dict[str, Any]:
    """All figures of a model on examples.

    Args:
        examples: Development examples.
        logits: What the model says of them.
        score: One score per row of ``sentence_table``.
        names: Of the files.
    """
    table = sentence_table(examples, logits)
    owner = np.repeat(np.arange(len(examples)), examples.lengths)
    result: dict[str, Any] = {}
    for kind, name in enumerate(KINDS):
        tokens = (examples.kind[owner] == kind) & (examples.target != IGNORED)
        wanted = examples.target[tokens] >= 50
        rows = (examples.kind == kind) & (examples.relevance >= 0)
        if not tokens.any():
            continue
        found: dict[str, Any] = {
            "token_ap": average_precision(logits.keep[tokens], wanted),
            "token_f1": best_f1(logits.keep[tokens], wanted),
            "token_share": float(wanted.mean()),
        }
        if kind != FREE:
            found["relevance_auc"] = area_under_curve(logits.relevance[rows], examples.relevance[rows] == 1)
            found["relevance_mrr"] = reciprocal_rank(examples, logits.relevance, kind)
            by_source = survival(table, examples, score, kind)
            found["survival"] = {names[source]: values for source, values in by_source.items()}
            for which in ("any", "all", "random"):
                values = [row[which] for row in by_source.values()]
                found[f"survival_{which}"] = float(np.mean(values)) if values else float("nan")
        else:
            mine = np.isin(table.example, np.flatnonzero(examples.kind == FREE)) & ~np.isnan(table.label)
            found["asked_correlation"] = correlation(table.mean[mine], table.label[mine])
        result[name] = found
    return result


def correlation(first: Floats, second: Floats) -> float:
    """Spearman's rank correlation; NaN for fewer than three pairs or constant values."""
    from scipy.stats import rankdata

    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
