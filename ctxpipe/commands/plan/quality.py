"""What an evaluation measured at the rates that a plan asks for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One rate against the whole context.

    Attributes:
        arm: Method and rate.
        rate: The rate.
        score: What was scored.
        raw, kept: Mean score with the whole context and at the rate.
        loss_bound: One-sided 95% upper bound of the loss.
        margin: Loss that does not matter.
        verdict: ``safe``, ``harmful`` or ``inconclusive``.
        n: Items.
    """

    arm: str
    rate: float
    score: str
    raw: float
    kept: float
    loss_bound: float
    margin: float
    verdict: str
    n: int

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def told(self) -> str:
        """In a few words."""
        return f"{self.score} {self.kept:.2f}, raw {self.raw:.2f}, at {self.rate:g}: {self.verdict}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Rates that were measured, from the gentlest to the harshest.

    Attributes:
        path: File that they were read from.
        rates: What was found.
    """

    path: str
    rates: tuple[Measured, ...]

    def at(self, rate: float) -> Measured | None:
        """The gentlest that is at least as harsh as a rate: what it keeps, the rate keeps or more.

        None for a rate of 0, where nothing fits, or 1, where nothing is lost, and where all that was measured is
        gentler.
        """
        if not 0 < rate < 1:
            return None
        return next((one for one in self.rates if one.rate <= rate), None)


def stored(path: Path | None) -> Quality | None:
    """What ``ctxpipe eval choose`` stored.

    The chosen rate is reported on the sources that it was not chosen on, the others on those that it was chosen from.

    Args:
        path: The file; None for the usual one, where there is one.

    Raises:
        UsageError: if a file was named and is not there.
        ReadError: if it cannot be read or holds no choice.
    """
    from ctxpipe.evals.paired.stored_choice import CHOICE_FILE
    from ctxpipe.evals.runs.arms import parse_arms

    place = Path(CHOICE_FILE) if path is None else path
    try:
        value = json.loads(place.read_text(encoding="utf-8"))
        held = {str(value["arm"]): value["held_out"]} if value["arm"] and value["held_out"] else {}
        found = {str(one["arm"]): one for one in value["selection"]} | held
        rates = []
        for name, one in found.items():
            (arm,) = parse_arms([name])
            if arm.rate is not None:
                rates.append(_measured(name, arm.rate, one))
    except FileNotFoundError as exc:
        if path is None:
            return None
        raise UsageError(f"no choice of a rate is stored in {place}; 'ctxpipe eval choose' makes one") from exc
    except OSError as exc:
        raise ReadError(str(place), exc.strerror or str(exc)) from exc
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError) as exc:
        raise ReadError(str(place), "holds no choice of a rate; 'ctxpipe eval choose' makes one") from exc
    return Quality(path=str(place), rates=tuple(sorted(rates, key=lambda one: -one.rate)))


def _measured(arm: str, rate: float, one: dict[str, Any]) -> Measured:
    return Measured(
        arm=arm,
        rate=rate,
        score=str(one["score"]),
        raw=float(one["mean_a"]),
        kept=float(one["mean_b"]),
        loss_bound=float(one["loss_bound"]),
        margin=float(one["margin"]),
        verdict=str(one["verdict"]),
        n=int(one["n"]),
    )
