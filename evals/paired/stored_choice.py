"""Reads a stored choice of a rate and the measurements with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals.runs.arms import Arm, parse_arms

CHOICE_FILE = "ctxpipe-choice.json"
"""Default file of a choice, in the working directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChoice:
    """A rate that was chosen on one half of the sources.

    Attributes:
        arm: Method and rate.
        score: The score that the loss is measured in.
        max_loss: The loss that it was chosen for.
        verdict: Result on the other half: ``safe`` or ``inconclusive``.
    """

    arm: Arm
    score: str
    max_loss: float
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRate:
    """One rate compared with the whole context.

    Attributes:
        arm: Method and rate.
        rate: The rate.
        score: Name of the score.
        raw, kept: Mean score with the whole context and at the rate.
        loss_bound: One-sided 95% upper bound of the loss.
        margin: Acceptable loss.
        verdict: ``safe``, ``harmful`` or ``inconclusive``.
        n: Items.
    """

    arm: str = ""
    rate: float = 1.0
    score: str
    raw: Annotated[float, Field(alias="mean_a")]
    kept: Annotated[float, Field(alias="mean_b")]
    loss_bound: float
    margin: float
    verdict: str
    n: int

    @property
    def told(self) -> str:
        """A short description."""
        return f"{self.score} {self.kept:.2f}, raw {self.raw:.2f}, at {self.rate:g}: {self.verdict}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRates:
    """Measured rates, from the largest to the smallest, and their file."""

    path: str
    rates: tuple[MeasuredRate, ...]

    def at(self, rate: float) -> MeasuredRate | None:
        """The largest measured rate that is not above a rate.

        None for a rate of 0, where nothing fits, for 1, where nothing is lost, and if all measured rates are larger.
        """
        if not 0 < rate < 1:
            return None
        return next((one for one in self.rates if one.rate <= rate), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """The fields of a stored ``Choice`` that are read."""

    method: str
    score: str
    max_loss: float
    arm: str | None
    selection: tuple[MeasuredRate, ...]
    held_out: MeasuredRate | None


def read_choice(path: Path, *, max_loss: float) -> StoredChoice:
    """Read a stored choice, if it is valid for a loss.

    A choice for a smaller loss is valid for a larger one.

    Args:
        path: The file.
        max_loss: Largest acceptable loss, in units of the choice's score.

    Raises:
        UsageError: for a loss that is not above 0; if there is no file; if the choice was made for a larger loss; if
            no rate was safe, or the chosen one was harmful on the other half. It names the command that makes a
            choice.
        ReadError: if the file cannot be read, or is not a choice.
    """
    if not (math.isfinite(max_loss) and max_loss > 0):
        raise UsageError(f"the largest loss must be above 0, not {max_loss:g}")
    make = _command(path, f"{max_loss:g}")
    stored = _read(path, make)
    lost = f"a loss of {stored.max_loss:g} of {stored.score}"
    if stored.arm is None or stored.held_out is None:
        raise UsageError(f"{path}: no rate of {stored.method} was safe at {lost}")
    if not stored.max_loss <= max_loss:
        raise UsageError(f"{path} was chosen for {lost}; for a smaller one: {make}")
    (arm,) = parse_arms([stored.arm])
    if arm.rate is None:
        raise ReadError(str(path), f"holds {stored.arm}, which has no rate")
    if stored.held_out.verdict == "harmful":
        raise UsageError(f"{path}: {stored.arm} was harmful on the sources that it was not chosen on")
    return StoredChoice(arm=arm, score=stored.score, max_loss=stored.max_loss, verdict=stored.held_out.verdict)


def measured_rates(path: Path | None) -> MeasuredRates | None:
    """Read the measurements of ``eval choose``.

    The chosen rate is reported on the half that had no part in the choice, the others on the selection half.

    Args:
        path: The file; None for the default one, if it exists.

    Raises:
        UsageError: if a named file does not exist.
        ReadError: if it cannot be read or is not a choice.
    """
    place = Path(CHOICE_FILE) if path is None else path
    if path is None and not place.exists():
        return None
    make = _command(place, "LOSS")
    stored = _read(place, make)
    measured = {one.arm: one for one in stored.selection}
    if stored.arm is not None and stored.held_out is not None:
        measured[stored.arm] = stored.held_out
    rates = []
    for name, one in measured.items():
        try:
            (arm,) = parse_arms([name])
        except UsageError as exc:
            raise ReadError(str(place), f"holds no choice; make one: {make}") from exc
        if arm.rate is not None:
            rates.append(replace(one, arm=name, rate=arm.rate))
    return MeasuredRates(path=str(place), rates=tuple(sorted(rates, key=lambda one: -one.rate)))


def _command(path: Path, max_loss: str) -> str:
    return f"ctxpipe eval choose RUN --max-loss {max_loss} --out {path}"


def _read(path: Path, make: str) -> _Stored:
    try:
        return TypeAdapter(_Stored).validate_json(path.read_bytes())
    except FileNotFoundError as exc:
        raise UsageError(f"no choice of a rate is stored in {path}; make one: {make}") from exc
    except OSError as exc:
        raise ReadError(str(path), exc.strerror or str(exc)) from exc
    except ValidationError as exc:
        raise ReadError(str(path), f"holds no choice; make one: {make}") from exc
