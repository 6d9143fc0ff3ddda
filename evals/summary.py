"""The numbers of a report: every arm in every suite, a verdict, what is worth having, and where it hurts most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.arms import CONTROLS, FLOORS
from ctxpipe.evals.comparison import Comparison, compare
from ctxpipe.evals.effective import Lengths, lengths_of
from ctxpipe.evals.folder import RunFolder
from ctxpipe.evals.records import latest
from ctxpipe.evals.rows import ByItem, Row, columns, design_of, losses_of, row_of, shared
from ctxpipe.evals.statistics.bootstrap import bootstrap_means
from ctxpipe.evals.statistics.frontier import dominated, frontier_frequency
from ctxpipe.evals.statistics.multiplicity import fixed_sequence
from ctxpipe.evals.types import Record, Sample

WORST = 10
MARGIN = 0.05
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """An arm as a choice between tokens, or seconds, and loss.

    Attributes:
        arm: Its name.
        achieved: Share of the tokens kept.
        seconds: Mean seconds of an item, compression and target together; None where nothing was timed.
        loss, loss_bound: Loss against raw, and its one-sided 95% upper bound.
        dominated, slower: Whether another arm is no worse in tokens (in seconds) and loss, and better in one.
        frontier: Share of the resamples in which no other arm dominates it in tokens.
    """

    arm: str
    achieved: float
    seconds: float | None
    loss_bound: float
    loss: float
    dominated: bool
    slower: bool
    frontier: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What is said first.

    Attributes:
        method: The method spoken of.
        arm: Its harshest rate that is safe, of rates tested from the gentlest on; the gentlest where none is.
        verdicts: Verdict of each of its arms, from the gentlest to the harshest.
        safe: How many of them are safe by fixed-sequence testing.
        beats: For each floor at the same rate, whether the arm is better with 95% confidence.
    """

    method: str
    arm: str
    verdicts: tuple[tuple[str, str], ...]
    safe: int
    beats: Mapping[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """An item and what the headline arm made of it."""

    sample: Sample
    raw: Record
    arm: Record
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A report's numbers.

    Attributes:
        settings: Of the run.
        score: The headline score.
        margin: Largest loss of it that does not matter.
        seed: Of the bootstraps.
        suites, arms: Names, in the order of the records.
        rows: One for each suite and arm, and for all suites together where there are several.
        points: The methods over all suites.
        headline: None where nothing was compared with raw.
        noise: Mean absolute difference of the headline score between raw and raw again.
        lengths: Curves over lengths, where a suite was run at several.
        worst: Items that lose most in the headline arm.
        notes: What a reader should know, in words.
    """

    settings: Mapping[str, Any]
    score: str
    margin: float
    seed: int
    suites: tuple[str, ...]
    arms: tuple[str, ...]
    rows: tuple[Row, ...]
    points: tuple[Point, ...]
    headline: Headline | None
    noise: float | None
    lengths: tuple[Lengths, ...]
    worst: tuple[Worst, ...]
    notes: tuple[str, ...]

    def row(self, suite: str, arm: str) -> Row | None:
        """The row of an arm in a suite."""
        return next((row for row in self.rows if (row.suite, row.arm) == (suite, arm)), None)

    @property
    def whole(self) -> str:
        """The name under which all suites are together."""
        return ALL if len(self.suites) > 1 else self.suites[0]

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON has them; of the worst items, their ids and losses."""
        fields = {name: getattr(self, name) for name in ("score", "margin", "seed", "suites", "arms", "noise", "notes")}
        return {
            "settings": dict(self.settings),
            **fields,
            "headline": asdict(self.headline) if self.headline else None,
            "rows": [_row_json(row) for row in self.rows],
            "points": [asdict(point) for point in self.points],
            "lengths": [asdict(one) for one in self.lengths],
            "worst": [
                {"id": w.sample.id, "loss": w.loss, "raw": dict(w.raw.scores), "arm": dict(w.arm.scores)}
                for w in self.worst
            ],
        }


def _row_json(row: Row) -> dict[str, Any]:
    fields = asdict(row)
    for name in ("survival_vs_raw", "nll_vs_raw"):
        found: Comparison | None = getattr(row, name)
        fields[name] = None if found is None else found.to_json()
    return fields


def summarise(
    path: Path, *, score: str | None = None, margin: float = MARGIN, method: str | None = None, seed: int = 0
) -> Summary:
    """Read a run's folder and compute its report's numbers.

    Args:
        path: The folder.
        score: Headline score, ``nll`` or ``survival``; None for ``nll`` where there is one.
        margin: Largest loss of it that does not matter; fix it before looking.
        method: Method that the verdict is on; None for ``default``, or the first one run.
        seed: Of the bootstraps.

    Raises:
        ReadError: if there is no run in the folder, or its files are damaged.
        UsageError: if it holds no records.
        UnknownNameError: if no arm is of the method, or no record has the score.
    """
    folder = RunFolder(path)
    settings, loaded, samples = folder.read_settings(), folder.read_records(), folder.read_samples()
    records = list(latest(loaded.records).values())
    if not records:
        raise UsageError(f"{path} holds no records yet")
    by_arm: defaultdict[str, dict[str, Record]] = defaultdict(dict)
    for record in records:
        by_arm[record.arm][record.id] = record
    chosen = _score(records, score)
    suites = tuple(dict.fromkeys(record.stratum or "items" for record in records))
    rows = _rows(by_arm, suites, chosen, margin, seed)
    whole = rows[-len(by_arm) :]
    headline = _headline(whole, by_arm, chosen, margin, method, seed)
    raw, again = by_arm.get("raw"), by_arm.get("raw2")
    keys = shared(chosen, raw, again) if raw and again else []
    noise = float(np.abs(losses_of(chosen, keys, raw, again)).mean()) if raw and again and keys else None
    return Summary(
        settings=settings,
        score=chosen,
        margin=margin,
        seed=seed,
        suites=suites,
        arms=tuple(by_arm),
        rows=tuple(rows),
        points=_points(whole, by_arm, chosen, seed),
        headline=headline,
        noise=noise,
        lengths=lengths_of(by_arm, seed=seed),
        worst=_worst(by_arm, headline.arm, chosen, samples) if headline else (),
        notes=(*loaded.notes, *_notes(by_arm, len(samples))),
    )


def _score(records: Sequence[Record], asked: str | None) -> str:
    there = {name for record in records for name in record.scores} & {"nll", "survival"}
    if not there:
        raise UsageError("no record has a likelihood or an answer survival to report on")
    if asked is not None and asked not in there:
        raise UnknownNameError("headline score", asked, there)
    return asked or ("nll" if "nll" in there else "survival")


def _rows(by_arm: Mapping[str, ByItem], suites: Sequence[str], score: str, margin: float, seed: int) -> list[Row]:
    """Rows by suite and arm; those of all suites together come last."""
    parts: list[tuple[str, Mapping[str, ByItem]]] = [
        (suite, {arm: _within(records, suite) for arm, records in by_arm.items()}) for suite in suites
    ]
    if len(suites) > 1:
        parts.append((ALL, by_arm))
    return [
        row_of(suite, arm, records, {k: v for k, v in arms.items() if v}, score=score, margin=margin, seed=seed)
        for suite, arms in parts
        for arm, records in arms.items()
        if records
    ]


def _within(records: ByItem, suite: str) -> dict[str, Record]:
    return {key: record for key, record in records.items() if (record.stratum or "items") == suite}


def _headline(
    rows: Sequence[Row], by_arm: Mapping[str, ByItem], score: str, margin: float, method: str | None, seed: int
) -> Headline | None:
    methods = list(dict.fromkeys(row.method for row in rows if row.method and row.versus(score)))
    if method is not None and method not in methods:
        raise UnknownNameError("method in this run", method, methods)
    if not methods:
        return None
    named = method or ("default" if "default" in methods else next((m for m in methods if m not in FLOORS), methods[0]))
    own = sorted((row for row in rows if row.method == named), key=lambda row: -(row.achieved or 0.0))
    verdicts = [(row.arm, found.verdict) for row in own if (found := row.versus(score))]
    safe = fixed_sequence([verdict for _, verdict in verdicts])
    arm = verdicts[max(0, safe - 1)][0]
    beats = {}
    for floor in FLOORS:
        other = f"{floor}@{arm.partition('@')[2]}"
        keys = sorted(by_arm[other].keys() & by_arm[arm].keys()) if other in by_arm and floor != named else []
        if keys and shared(score, by_arm[other], by_arm[arm]):
            pairs = ([by_arm[one][key] for key in keys] for one in (other, arm))
            low, high = compare(*pairs, score=score, margin=margin, seed=seed).ci95
            beats[floor] = high < 0 if score == "nll" else low > 0
    return Headline(method=named, arm=arm, verdicts=tuple(verdicts), safe=safe, beats=beats)


def _points(rows: Sequence[Row], by_arm: Mapping[str, ByItem], score: str, seed: int) -> tuple[Point, ...]:
    found = [(row, c) for row in rows if row.method and row.achieved is not None and (c := row.versus(score))]
    if not found:
        return ()
    # In whole percent: a method is not worth having for the last token that another one left unused.
    costs = np.round([row.achieved or 0.0 for row, _ in found], 2)
    bounds = np.asarray([one.loss_bound for _, one in found])
    arms = [by_arm[row.arm] for row, _ in found]
    keys = shared(score, *arms)
    often: Sequence[float | None] = [None] * len(found)
    if keys:
        values = columns(score, keys, *arms) * (1 if score == "nll" else -1)
        often = frontier_frequency(costs, bootstrap_means(values, design_of(keys, arms[0]), seed=seed)).tolist()
    beaten = dominated(costs, bounds)
    times = [sum(row.seconds.values()) if row.seconds else None for row, _ in found]
    slower = dominated(np.asarray([np.inf if t is None else t for t in times]), bounds)
    return tuple(
        Point(
            arm=row.arm,
            achieved=row.achieved or 0.0,
            seconds=time,
            loss_bound=one.loss_bound,
            loss=one.difference if score == "nll" else -one.difference,
            dominated=bool(is_beaten),
            slower=bool(is_slower),
            frontier=share,
        )
        for (row, one), time, is_beaten, is_slower, share in zip(found, times, beaten, slower, often, strict=True)
    )


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
