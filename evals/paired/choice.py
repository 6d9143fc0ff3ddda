"""The smallest safe rate: chosen on one half of the sources, reported on the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainSerializer

from ctxpipe.errors import UnknownNameError, UsageError
from ctxpipe.evals.paired.comparison import Comparison, compare_with_raw
from ctxpipe.evals.paired.pairs import PREFERRED
from ctxpipe.evals.runs.folder import RunFolder
from ctxpipe.evals.runs.records import latest
from ctxpipe.evals.statistics.multiplicity import fixed_sequence
from ctxpipe.evals.types import Record
from ctxpipe.json_form import JsonForm

STORED = "choice.json"
_LEAST_SOURCES = 4


def _with_arms(tested: Iterable[tuple[str, Comparison]]) -> list[dict[str, Any]]:
    return [{"arm": arm, **comparison.to_json()} for arm, comparison in tested]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(JsonForm):
    """A chosen rate, and its result on sources that had no part in the choice.

    Attributes:
        method, score, max_loss, seed: The arguments of ``choose``.
        arm, rate: The safe arm with the smallest rate; None if none is safe.
        selection: Each arm against raw on the selection half, from the largest rate to the first that is not safe,
            where testing stops.
        held_out: The chosen arm against raw on the other half.
    """

    method: str
    score: str
    max_loss: float
    seed: int
    arm: str | None
    rate: float | None
    selection: Annotated[tuple[tuple[str, Comparison], ...], PlainSerializer(_with_arms)]
    held_out: Comparison | None


def choose(path: Path, *, max_loss: float, method: str = "default", score: str | None = None, seed: int = 0) -> Choice:
    """Choose one of a run's rates, and store the choice in its folder.

    Sources are split into halves by a hash, so all items of a source are in the same half. On the first half the rates
    are tested for non-inferiority with ``max_loss`` as the margin, from the largest on, until one is not safe. Items
    without a raw score are left out, as in a report.

    Args:
        path: The run's folder.
        max_loss: Largest acceptable loss, in units of the score.
        method: The method to choose a rate for.
        score: ``survival`` by default, if there is one; losses of ``survival`` are shares of the answers.
        seed: Seed of the halves and of the bootstrap.

    Raises:
        ReadError: if the folder has no run, or the choice cannot be written.
        UnknownNameError: if the run has no arm of the method.
        UsageError: if raw was not run, there are too few sources for two halves, or a half has no scores.
    """
    arms = _arms(path)
    own = _rates(arms, method)
    if "raw" not in arms:
        raise UsageError("raw was not run, so nothing can be compared with it")
    named = score or next((name for name in PREFERRED if _have(arms["raw"], name)), "nll")
    halves = _halves(arms["raw"], set.intersection(*(set(arms[arm]) for arm in ("raw", *own))), seed)

    def against_raw(arm: str, half: list[str]) -> Comparison:
        raw, own = ({key: arms[name][key] for key in half} for name in ("raw", arm))
        comparison = compare_with_raw(raw, own, score=named, margin=max_loss, seed=seed)
        if comparison is None:
            raise UsageError(f"no item of a half has a score {named!r} in raw and in {arm}")
        return comparison

    tested: list[tuple[str, Comparison]] = []
    for arm in own:
        tested.append((arm, against_raw(arm, halves[0])))
        if tested[-1][1].verdict != "safe":
            break
    safe = fixed_sequence(comparison.verdict for _, comparison in tested)
    chosen = tested[safe - 1][0] if safe else None
    choice = Choice(
        method=method,
        score=named,
        max_loss=max_loss,
        seed=seed,
        arm=chosen,
        rate=None if chosen is None else own[chosen],
        selection=tuple(tested),
        held_out=None if chosen is None else against_raw(chosen, halves[1]),
    )
    RunFolder(path).write(STORED, json.dumps(choice.to_json(), indent=1, ensure_ascii=False) + "\n")
    return choice


def _arms(path: Path) -> dict[str, dict[str, Record]]:
    arms: dict[str, dict[str, Record]] = {}
    for (key, arm), record in latest(RunFolder(path).read_records().records).items():
        arms.setdefault(arm, {})[key] = record
    return arms


def _rates(arms: dict[str, dict[str, Record]], method: str) -> dict[str, float]:
    """Arms of a method and their rates, from the largest to the smallest."""
    firsts = {arm: next(iter(records.values())) for arm, records in arms.items()}
    rates = {arm: one.rate for arm, one in firsts.items() if one.method == method and one.rate is not None}
    if not rates:
        raise UnknownNameError("method in this run", method, {one.method for one in firsts.values()} - {""})
    return dict(sorted(rates.items(), key=lambda one: -one[1]))


def _halves(raw: dict[str, Record], keys: set[str], seed: int) -> tuple[list[str], list[str]]:
    halves: tuple[list[str], list[str]] = ([], [])
    for key in sorted(keys):
        cluster = f"{seed}\0{raw[key].cluster}".encode(errors="surrogatepass")
        halves[hashlib.blake2b(cluster, digest_size=1).digest()[0] % 2].append(key)
    if any(len({raw[key].cluster for key in half}) < _LEAST_SOURCES // 2 for half in halves):
        raise UsageError(f"too few sources to choose on one half and report on the other; run {_LEAST_SOURCES} or more")
    return halves


def _have(records: dict[str, Record], score: str) -> bool:
    return any(score in record.scores for record in records.values())
