"""Two arms joined item by item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import compress
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator

from ctxpipe.errors import ReadError, UnknownNameError, UsageError
from ctxpipe.evals.paired.held import ArmRecords, held
from ctxpipe.evals.runs.records import torn_note
from ctxpipe.evals.statistics.design import Floats
from ctxpipe.evals.suites.jsonl import read_objects
from ctxpipe.evals.types import ByItem, Record, Status, finite_number
from ctxpipe.json_form import parsed

Source = str | Path | Iterable[Record | Mapping[str, Any]]
"""A record file, or records, or parsed lines."""

PREFERRED = ("score", "survival")
RAW = "raw"
"""The arm that all others are compared with."""

NOT_SCORES = frozenset(field.name for field in fields(Record))

_COMPARED = ("id", "cluster", "stratum", "arm", "status", "scores")
_Text = Annotated[str, BeforeValidator(str)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The fields of a line that a comparison needs; ``scores`` are nested, ``flat`` are other top-level fields."""

    id: _Text
    cluster: _Text
    stratum: _Text = ""
    arm: _Text = ""
    status: Status = "ok"
    scores: Mapping[str, Any] | None = None
    flat: Mapping[str, Any]
    where: str

    def score(self, name: str) -> float | None:
        """The score of that name; None if there is none.

        Raises:
            ReadError: if it is not a finite number.
        """
        value = (self.scores or {}).get(name)
        if value is None:
            value = self.flat.get(name)
        if value is None:
            return None
        try:
            return finite_number(value, f"score {name!r}")
        except UsageError as exc:
            raise ReadError(self.where, str(exc)) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Two arms on the same n items, sorted by id.

    Attributes:
        score: Name of the score compared.
        clusters, strata: Cluster and stratum of each item.
        a, b: Scores, shape (n,); NaN after an error or a truncation.
        status_a, status_b: Status of each item in each arm.
        not_applicable: Items left out because the score does not apply to them (neither arm has it).
        left_out: Items left out because they have no raw score.
    """

    score: str
    clusters: tuple[str, ...]
    strata: tuple[str, ...]
    a: Floats
    b: Floats
    status_a: tuple[str, ...]
    status_b: tuple[str, ...]
    not_applicable: int = 0
    left_out: int = 0


def outcomes(source: Source, name: str, *, arm: str | None = None, notes: list[str] | None = None) -> list[Outcome]:
    """Read one arm.

    Args:
        source: The records.
        name: Name of the source in errors, if it is not a file.
        arm: The arm to use, if the source has several.
        notes: A note is added for an incomplete last line.

    Raises:
        ReadError: if a line is not a record; it names the line and the field.
        UsageError: if there are no records, several arms and none chosen, or no such arm.
    """
    lines: Iterable[tuple[str, Mapping[str, Any]]]
    if isinstance(source, str | Path):
        path = Path(source)
        name = str(path)
        torn = notes if notes is not None else []
        lines = (
            (f"{path}, line {number}", value)
            for number, value in read_objects(path, on_torn=lambda number, _: torn.append(torn_note(path, number)))
        )
    else:
        lines = ((f"{name}, record {i}", _fields_of(value)) for i, value in enumerate(source, start=1))
    outcomes_read = [_outcome(value, where) for where, value in lines]
    if not outcomes_read:
        raise UsageError(f"{name} has no records")
    arms = sorted({one.arm for one in outcomes_read})
    if arm is not None:
        if arm not in arms:
            raise UnknownNameError(f"arm in {name}", arm, arms)
        outcomes_read = [one for one in outcomes_read if one.arm == arm]
    elif len(arms) > 1:
        raise UsageError(f"{name} has several arms ({', '.join(arms)}); choose the one to compare")
    return outcomes_read


def _fields_of(value: Record | Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: getattr(value, name) for name in _COMPARED} if isinstance(value, Record) else value


def _outcome(value: Mapping[str, Any], where: str) -> Outcome:
    flat = {k: v[:80] if isinstance(v, str) else v for k, v in value.items() if k not in NOT_SCORES}
    known = {k: v for k, v in value.items() if k in NOT_SCORES and v is not None}
    return parsed(Outcome, known | {"flat": flat, "where": where}, where)


def pair(a: Sequence[Outcome], b: Sequence[Outcome], score: str | None) -> Pairs:
    """Join two arms by item.

    If A is raw, items that failed in it are left out, because nothing can be lost there.

    Args:
        a: One arm.
        b: The other arm.
        score: The score to compare; None for ``score``, ``survival`` or the only one.

    Raises:
        ReadError: if an item has no score and did not fail, occurs twice, or its score is not finite.
        UsageError: if the arms hold different items, or disagree on an item's cluster or stratum.
        UnknownNameError: if no item has the score.
    """
    score = _chosen(a, b, score)
    left, right = _by_id(a), _by_id(b)
    _refuse_different_items(left, right)
    kept: list[tuple[Outcome, Outcome, float, float]] = []
    left_out = 0
    for key in sorted(left):
        one, other = left[key], right[key]
        _refuse_different_places(one, other)
        scores = one.score(score), other.score(score)
        if one.arm == RAW and one.status != "ok" and scores[0] is None:
            left_out += 1
            continue
        if scores == (None, None) and "ok" in (one.status, other.status) and _nested(one) and _nested(other):
            continue
        kept.append((one, other, _number(one, scores[0], score), _number(other, scores[1], score)))
    return Pairs(
        score=score,
        clusters=tuple(one.cluster for one, *_ in kept),
        strata=tuple(one.stratum or other.stratum for one, other, *_ in kept),
        a=np.asarray([x for _, _, x, _ in kept], dtype=np.float64),
        b=np.asarray([x for _, _, _, x in kept], dtype=np.float64),
        status_a=tuple(one.status for one, *_ in kept),
        status_b=tuple(other.status for _, other, *_ in kept),
        not_applicable=len(left) - len(kept) - left_out,
        left_out=left_out,
    )


def pair_with_raw(raw: ByItem, arm: ByItem, score: str) -> Pairs:
    """Join the records of an arm with those of raw, on the items that are in both and have a raw score.

    A faster ``pair`` for records, which are already checked.

    Raises:
        ReadError: if the arm has no score for such an item and did not fail on it.
        UsageError: if the arms disagree on the cluster or stratum of an item.
    """
    one, other = held(raw), held(arm)
    if one.ids != other.ids:
        both = [key for key in one if key in other]
        one, other = ArmRecords(raw[key] for key in both), ArmRecords(arm[key] for key in both)
    if (one.clusters, one.strata) != (other.clusters, other.strata):
        places = zip(one.values(), other.values(), strict=True)
        item = next(x for x, y in places if (x.cluster, x.stratum) != (y.cluster, y.stratum))
        raise UsageError(f"item {item.id} is in another cluster or stratum in the arm than in {item.arm}")
    a, b = one.column(score), other.column(score)
    there = ~np.isnan(a)
    for place in np.flatnonzero(there & np.isnan(b)):
        if other.statuses[place] == "ok":
            record = other[other.ids[place]]
            raise ReadError(f"item {record.id}, arm {record.arm}", f"score {score!r} is missing")
    kept = there.tolist()
    clusters, strata, status_a, status_b = (
        tuple(compress(names, kept)) for names in (one.clusters, one.strata, one.statuses, other.statuses)
    )
    return Pairs(
        score=score,
        clusters=clusters,
        strata=strata,
        a=a[there],
        b=b[there],
        status_a=status_a,
        status_b=status_b,
        left_out=len(kept) - len(clusters),
    )


def _nested(outcome: Outcome) -> bool:
    return outcome.scores is not None or outcome.status != "ok"


def _number(outcome: Outcome, value: float | None, score: str) -> float:
    if value is not None:
        return value
    if outcome.status == "ok":
        raise ReadError(outcome.where, f"score {score!r} is missing")
    return float("nan")


def _names(side: Sequence[Outcome]) -> set[str]:
    nested = {name for one in side for name in one.scores or ()}
    return nested or {name for one in side for name, value in one.flat.items() if isinstance(value, int | float)}


def _chosen(a: Sequence[Outcome], b: Sequence[Outcome], score: str | None) -> str:
    if score is not None:
        for side in (a, b):
            if not any(score in (one.scores or ()) or score in one.flat for one in side):
                raise UnknownNameError("score", score, _names(a) | _names(b))
        return score
    names = _names(a) & _names(b)
    for name in PREFERRED:
        if name in names:
            return name
    if len(names) != 1:
        have = f"they share {', '.join(sorted(names))}" if names else "they share none"
        raise UsageError(f"which score to compare? {have}")
    return names.pop()


def _by_id(side: Sequence[Outcome]) -> dict[str, Outcome]:
    """Items by id. If an error was retried, the later record counts."""
    by_id: dict[str, Outcome] = {}
    for one in side:
        earlier = by_id.get(one.id)
        if earlier and earlier.status != "error":
            raise ReadError(one.where, f"id {one.id!r} was already used in {earlier.where}")
        by_id[one.id] = one
    return by_id


def _refuse_different_items(left: Mapping[str, Outcome], right: Mapping[str, Outcome]) -> None:
    only = [sorted(left.keys() - right.keys()), sorted(right.keys() - left.keys())]
    if not any(only):
        return
    parts = []
    for side, ids in zip("AB", only, strict=True):
        examples = f" ({', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''})" if ids else ""
        parts.append(f"{len(ids):,} only in {side}{examples}")
    raise UsageError(f"the arms hold different items, which cannot be paired: {'; '.join(parts)}")


def _refuse_different_places(one: Outcome, other: Outcome) -> None:
    if one.cluster != other.cluster:
        raise UsageError(f"item {one.id} is in cluster {one.cluster!r} in A and {other.cluster!r} in B")
    if one.stratum and other.stratum and one.stratum != other.stratum:
        raise UsageError(f"item {one.id} is in stratum {one.stratum!r} in A and {other.stratum!r} in B")
