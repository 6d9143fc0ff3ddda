"""A stored choice of a rate, read back where a rate is needed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals.runs.arms import Arm, parse_arms

CHOICE_FILE = "ctxpipe-choice.json"
"""Where a choice is looked for, in the working directory, when no file is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChoice:
    """A rate that was chosen on one half of the sources.

    Attributes:
        arm: Its method and rate.
        score: What it loses.
        max_loss: Largest loss of it that it was chosen for.
        verdict: How it did on the other half: ``safe`` or ``inconclusive``.
    """

    arm: Arm
    score: str
    max_loss: float
    verdict: str


def read_choice(path: Path, *, max_loss: float) -> StoredChoice:
    """Read what ``eval choose`` stored, if it holds for a loss.

    A choice for a smaller loss holds for a larger one too.

    Args:
        path: The file.
        max_loss: Largest loss that does not matter, in units of the choice's score.

    Raises:
        UsageError: for a loss that is not above 0; if there is no file; if the choice was made for a larger loss; if
            no rate was safe, or the chosen one did harm on the other half. It names the command that makes a choice.
        ReadError: if the file cannot be read, or holds no choice.
    """
    if not (math.isfinite(max_loss) and max_loss > 0):
        raise UsageError(f"a largest loss of {max_loss:g} makes no sense; it must be above 0")
    make = f"ctxpipe eval choose RUN --max-loss {max_loss:g} --out {path}"
    value = _read(path, make)
    try:
        method, name, score = (value[key] for key in ("method", "arm", "score"))
        chosen_for = float(value["max_loss"])
        if name is None:
            raise UsageError(f"{path}: no rate of {method} was safe at a loss of {chosen_for:g} of {score}")
        if not chosen_for <= max_loss:
            raise UsageError(f"{path} was chosen for a loss of {chosen_for:g} of {score}; for a smaller one: {make}")
        (arm,) = parse_arms([name])
        verdict = str(value["held_out"]["verdict"])
    except UsageError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise ReadError(str(path), f"holds no choice; make one: {make}") from exc
    if arm.rate is None:
        raise ReadError(str(path), f"holds {name}, which has no rate")
    if verdict == "harmful":
        raise UsageError(f"{path}: {name} was harmful on the sources that it was not chosen on")
    return StoredChoice(arm=arm, score=str(score), max_loss=chosen_for, verdict=verdict)


def _read(path: Path, make: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise UsageError(f"no choice of a rate is stored in {path}; make one: {make}") from exc
    except OSError as exc:
        raise ReadError(str(path), exc.strerror or str(exc)) from exc
    except (ValueError, RecursionError) as exc:
        raise ReadError(str(path), f"holds no choice; make one: {make}") from exc
    if not isinstance(value, dict):
        raise ReadError(str(path), f"holds no choice; make one: {make}")
    return value
