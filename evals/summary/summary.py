"""The numbers of a report: every arm in every suite, the verdict, operating points, and the worst items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import model_serializer

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.paired.comparison import Comparison
from ctxpipe.evals.paired.held import ArmRecords
from ctxpipe.evals.runs.arms import CONTROLS
from ctxpipe.evals.runs.folder import RunFolder
from ctxpipe.evals.runs.records import latest
from ctxpipe.evals.summary.capacity import Capacity, Works, works
from ctxpipe.evals.summary.cost import Prices
from ctxpipe.evals.summary.effective import Lengths, lengths_of
from ctxpipe.evals.summary.equal_budget import EqualBudget, equal_budgets
from ctxpipe.evals.summary.headline import Headline, headline_of
from ctxpipe.evals.summary.points import Point, points_of
from ctxpipe.evals.summary.rows import SummaryRow, losses_of, row_of, shared
from ctxpipe.evals.types import ByItem, Record, Sample
from ctxpipe.json_form import JsonForm

WORST = 10
MARGIN = 0.05
ALL = "all"
NAMELESS = "items"
"""The suite of records without a stratum."""
SCORES = ("nll", "answer", "survival")
"""Headline scores, in order of preference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """An item with a large loss in the headline arm."""

    sample: Sample
    raw: Record
    arm: Record
    loss: float

    @model_serializer
    def _in_short(self) -> dict[str, Any]:
        return {"id": self.sample.id, "loss": self.loss, "raw": dict(self.raw.scores), "arm": dict(self.arm.scores)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(JsonForm):
    """The numbers of a report. In JSON, worst items have only ids, losses and scores.

    Attributes:
        settings: Settings of the run.
        score: The headline score.
        margin: Largest acceptable loss of the score.
        seed: Seed of the bootstraps.
        suites, arms: Names, in the order of the records.
        rows: One per suite and arm, and for all suites together if there are several.
        points: The methods over all suites.
        prices: Prices for the points' costs.
        headline: The headline; None if nothing was compared with raw.
        equal_budget: The headline's method compared with baselines at the same budget.
        noise: Mean absolute difference of the headline score between raw and raw again.
        lengths: Curves over lengths, if a suite was run at several.
        works: Usable source lengths for the given capacities.
        worst: Items with the largest loss in the headline arm.
        notes: Remarks for the reader.
    """

    settings: Mapping[str, Any]
    score: str
    margin: float
    seed: int
    suites: tuple[str, ...]
    arms: tuple[str, ...]
    rows: tuple[SummaryRow, ...]
    points: tuple[Point, ...]
    prices: Prices
    headline: Headline | None
    equal_budget: tuple[EqualBudget, ...]
    noise: float | None
    lengths: tuple[Lengths, ...]
    works: tuple[Works, ...]
    worst: tuple[Worst, ...]
    notes: tuple[str, ...]

    def row(self, suite: str, arm: str) -> SummaryRow | None:
        """The row of an arm in a suite."""
        return next((row for row in self.rows if (row.suite, row.arm) == (suite, arm)), None)

    def compared(self) -> tuple[Headline, SummaryRow, Comparison] | None:
        """The headline, its row over all suites and that row's comparison with raw; None if any is missing."""
        row = self.row(self.whole, self.headline.arm) if self.headline else None
        comparison = row.versus(self.score) if row else None
        return (self.headline, row, comparison) if self.headline and row and comparison else None

    @property
    def whole(self) -> str:
        """The name for all suites together."""
        return ALL if len(self.suites) > 1 else self.suites[0]


def summarise(
    path: Path,
    *,
    score: str | None = None,
    margin: float = MARGIN,
    method: str | None = None,
    seed: int = 0,
    prices: Prices | None = None,
    capacities: Sequence[Capacity] = (),
) -> Summary:
    """Read a run's folder and compute the numbers of its report.

    Args:
        path: The folder.
        score: Headline score: ``nll``, ``answer`` or ``survival``; None for the first that exists.
        margin: Largest acceptable loss of the score; fix it before looking.
        method: Method of the verdict; None for ``default``, or the first one run.
        seed: Seed of the bootstraps.
        prices: Prices of tokens and time; without prices, costs are in tokens.
        capacities: Machines and servers for which the usable source length is computed.

    Raises:
        ReadError: if the folder has no run, or its files are damaged.
        UsageError: if it has no records, or capacities are given and no effective length is known.
        UnknownNameError: if the method has no arm, or no record has the score.
    """
    folder = RunFolder(path)
    settings, loaded, samples = folder.read_settings(), folder.read_records(), folder.read_samples()
    records = list(latest(loaded.records).values())
    if not records:
        raise UsageError(f"{path} has no records yet")
    listed: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        listed[record.arm].append(record)
    by_arm = {arm: ArmRecords(own) for arm, own in listed.items()}
    chosen = _score(records, score)
    suites = tuple(dict.fromkeys(record.stratum or NAMELESS for record in records))
    parts = _parts(by_arm, suites)
    rows = [
        row_of(suite, arm, own, arms, score=chosen, margin=margin, seed=seed)
        for suite, arms in parts.items()
        for arm, own in arms.items()
    ]
    whole = rows[-len(by_arm) :]
    headline = headline_of(whole, by_arm, chosen, margin, method, seed)
    raw, again = by_arm.get("raw"), by_arm.get("raw2")
    keys = shared(chosen, raw, again) if raw and again else []
    lengths = lengths_of(by_arm, score=chosen, seed=seed)
    noise = float(np.abs(losses_of(chosen, keys, raw, again)).mean()) if raw and again and keys else None
    return Summary(
        settings=settings,
        score=chosen,
        margin=margin,
        seed=seed,
        suites=suites,
        arms=tuple(by_arm),
        rows=tuple(rows),
        points=points_of(whole, by_arm, chosen, seed, prices),
        prices=prices or Prices(),
        headline=headline,
        equal_budget=equal_budgets(
            rows, parts, headline.method if headline else None, score=chosen, margin=margin, seed=seed
        ),
        noise=noise,
        lengths=lengths,
        works=works(lengths, capacities) if capacities else (),
        worst=_worst(by_arm, headline.arm, chosen, samples) if headline else (),
        notes=(*loaded.notes, *_notes(by_arm, len(samples))),
    )


def _score(records: Sequence[Record], asked: str | None) -> str:
    seen = {name for record in records for name in record.scores}
    there = [name for name in SCORES if name in seen]
    if not there:
        raise UsageError("no record has a likelihood, an answer or an answer survival")
    if asked is not None and asked not in there:
        raise UnknownNameError("headline score", asked, there)
    return asked or there[0]


def _parts(by_arm: Mapping[str, ArmRecords], suites: Sequence[str]) -> dict[str, Mapping[str, ByItem]]:
    """Records by suite and arm; those of all suites together come last."""
    split = {arm: records.by_suite(NAMELESS) for arm, records in by_arm.items()}
    parts: dict[str, Mapping[str, ByItem]] = {
        suite: {arm: own[suite] for arm, own in split.items() if suite in own} for suite in suites
    }
    return parts | {ALL: by_arm} if len(suites) > 1 else parts


def _worst(by_arm: Mapping[str, ByItem], arm: str, score: str, samples: Mapping[str, Sample]) -> tuple[Worst, ...]:
    raw, own = by_arm["raw"], by_arm[arm]
    keys = [key for key in shared(score, raw, own) if key in samples]
    losses = losses_of(score, keys, raw, own) if keys else np.zeros(0)
    order = np.argsort(-losses, kind="stable")[:WORST]
    return tuple(
        Worst(sample=samples[keys[i]], raw=raw[keys[i]], arm=own[keys[i]], loss=float(losses[i]))
        for i in order
        if losses[i] > 0
    )


def _notes(by_arm: Mapping[str, ByItem], items: int) -> list[str]:
    notes = []
    for arm, records in by_arm.items():
        if len(records) < items:
            why = "it does not apply to the others" if arm == "gold" else "the run is not complete"
            notes.append(f"{arm} has {len(records):,} of {items:,} items; {why}")
        errors = {record.error for record in records.values() if record.status == "error"}
        notes += [f"{arm}: {error}" for error in sorted(errors)[:3]]
    if "raw" not in by_arm:
        notes.append("raw was not run, so nothing can be compared with it")
    if not any(arm not in CONTROLS for arm in by_arm):
        notes.append("no method was run")
    return notes
