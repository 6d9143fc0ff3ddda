"""Effective lengths of arms, from the records of a run over several lengths."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ctxpipe.errors import UsageError
from ctxpipe.evals.runs.arms import BASELINES
from ctxpipe.evals.statistics.design import Design, Floats
from ctxpipe.evals.statistics.effective_length import LengthGain, length_gain
from ctxpipe.evals.summary.length_claims import Claim, claim_of
from ctxpipe.evals.types import ArmName, ByItem, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmLengths:
    """One arm over the lengths.

    Attributes:
        arm: Its name.
        scores: Mean score at each length; a prompt that does not fit the window counts as 0.
        gain: Effective lengths of raw and of this arm, and their ratio; None if they are not defined, and for raw.
        why_not: Why they are not defined.
        claim: Whether the gain may be claimed; None for raw and baselines, and if the arm works at no length.
        nominal: 1 / rate, or for a budget the longest source over its kept tokens; never called effective. None for
            a control.
    """

    arm: str
    scores: tuple[float, ...]
    gain: LengthGain | None
    why_not: str = ""
    claim: Claim | None = None
    nominal: float | None = None

    @property
    def realised(self) -> float | None:
        """The gain divided by the nominal gain."""
        if self.gain is None or self.gain.gain is None or self.nominal is None:
            return None
        return self.gain.gain / self.nominal


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """A suite over several lengths.

    Attributes:
        suite: Its name.
        score: ``nll``, as the mean probability of an answer token (geometric within an answer), or ``answer``, the
            share of right answers.
        tokens: Mean source tokens at each length, ascending.
        items: Questions that every arm has at every length.
        closed: Score without any context, at the shortest length.
        arms: The arms, raw first.
    """

    suite: str
    score: str = "nll"
    tokens: tuple[int, ...]
    items: int
    closed: float | None
    arms: tuple[ArmLengths, ...]


def lengths_of(by_arm: Mapping[str, ByItem], *, score: str, seed: int) -> tuple[Lengths, ...]:
    """Length curves of every suite that was run at two or more lengths.

    Args:
        by_arm: Records by arm and item.
        score: The headline score; unless it is ``answer``, the curves use likelihood.
        seed: Seed of the bootstraps.
    """
    if "raw" not in by_arm:
        return ()
    families: defaultdict[str, set[int]] = defaultdict(set)
    for record in by_arm["raw"].values():
        name, at, size = record.stratum.rpartition("@")
        if at and size.isdigit():
            families[name].add(int(size))
    by = "answer" if score == "answer" else "nll"
    lengths = (_family(name, sorted(sizes), by_arm, by, seed) for name, sizes in families.items() if len(sizes) > 1)
    return tuple(one for one in lengths if one is not None)


def _family(name: str, sizes: Sequence[int], by_arm: Mapping[str, ByItem], score: str, seed: int) -> Lengths | None:
    tables = {arm: _table(records, name, sizes) for arm, records in by_arm.items() if arm not in ("raw2", "gold")}
    keys = sorted(set.intersection(*(set(table) for table in tables.values())))
    if not keys or not any(score in record.scores for key in keys for record in tables["raw"][key]):
        return None
    design = Design.of([tables["raw"][key][0].cluster for key in keys])
    scores = {arm: _scores(table, keys, score) for arm, table in tables.items()}
    raw = scores.pop("raw")
    shortest = scores.pop("closed", None)
    closed = None if shortest is None else design.mean(shortest[:, 0])
    sources = np.asarray([[record.source_tokens or 0 for record in tables["raw"][key]] for key in keys])
    tokens = [round(size) for size in sources.mean(axis=0)]
    arms = [ArmLengths(arm="raw", scores=_means(raw, design), gain=None)]
    for arm, values in scores.items():
        gain, why_not = _gain(tokens, raw, values, design, closed, seed)
        claim = None
        named = ArmName.of(arm)
        if gain and named.method not in (*BASELINES, "identity"):
            baselines = {
                baseline: scores[at] for baseline in BASELINES if (at := named.with_method(baseline)) in scores
            }
            claim = claim_of(tokens, gain, values, raw, baselines, design, seed=seed)
        arms.append(
            ArmLengths(
                arm=arm,
                scores=_means(values, design),
                gain=gain,
                why_not=why_not,
                claim=claim,
                nominal=_nominal([table[-1] for table in tables[arm].values()]),
            )
        )
    return Lengths(suite=name, score=score, tokens=tuple(tokens), items=len(keys), closed=closed, arms=tuple(arms))


def _table(records: ByItem, name: str, sizes: Sequence[int]) -> dict[str, list[Record]]:
    """Records of each question at every length; questions without all lengths are left out."""
    table: defaultdict[str, dict[str, Record]] = defaultdict(dict)
    for record in records.values():
        question, _, size = record.id.rpartition("@")
        table[question][f"{record.stratum}/{size}"] = record
    wanted = [f"{name}@{size}/{size}" for size in sizes]
    return {key: [by[size] for size in wanted] for key, by in table.items() if all(size in by for size in wanted)}


def _scores(table: Mapping[str, Sequence[Record]], keys: Sequence[str], score: str) -> Floats:
    return np.asarray([[_score(one.scores.get(score), score) for one in table[key]] for key in keys])


def _score(value: float | None, score: str) -> float:
    if value is None:
        return 0.0
    return math.exp(-value) if score == "nll" else value


def _nominal(longest: Sequence[Record]) -> float | None:
    """The nominal gain from an arm's records at the longest length."""
    if not longest[0].method:
        return None
    if rate := longest[0].rate:
        return 1 / rate
    sizes = [(one.source_tokens or 0, one.kept_tokens or 0) for one in longest]
    source, kept = (sum(column) for column in zip(*sizes, strict=True))
    return source / kept if kept else None


def _means(values: Floats, design: Design) -> tuple[float, ...]:
    return tuple(design.mean(column) for column in values.T)


def _gain(
    tokens: Sequence[int], raw: Floats, arm: Floats, design: Design, closed: float | None, seed: int
) -> tuple[LengthGain | None, str]:
    try:
        return length_gain(tokens, raw, arm, design, closed=closed, seed=seed), ""
    except UsageError as exc:
        return None, str(exc)
