"""The usable source length: a machine's memory and an arm's effective length together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ctxpipe.errors import UsageError
from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.statistics.effective_length import EffectiveLength
from ctxpipe.evals.summary.effective import Lengths

Limit = Literal["memory", "quality", "measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The window of a machine or a server.

    Attributes:
        name: ``2 x h100-80gb``, or a server's URL.
        tokens: Most tokens of prompt and answer together.

    Raises:
        UsageError: for less than one token.
    """

    name: str
    tokens: int

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise UsageError(f"{self.name}: a window has at least 1 token, not {self.tokens}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """The longest source that both fits the memory and works.

    Attributes:
        capacity: The machine or server.
        suite, arm: Suite and arm.
        fits: Source tokens whose prompt fits; None if every source does (a budget that fits).
        tokens: Source tokens that fit and work.
        interval: Two-sided 95% interval of ``tokens``.
        limit: What limits it: ``memory``; ``quality``, measured to fall; or ``measured``, if the arm still works at the
            longest measured source.
    """

    capacity: Capacity
    suite: str
    arm: str
    fits: float | None
    tokens: float
    interval: tuple[float, float]
    limit: Limit


def works(lengths: Sequence[Lengths], capacities: Sequence[Capacity]) -> tuple[Works, ...]:
    """Combine effective lengths with capacities. Arms that do not work at the shortest length are left out.

    Raises:
        UsageError: if no arm's effective length is known.
    """
    entries = tuple(one for capacity in capacities for suite in lengths for one in _of_suite(capacity, suite))
    if not entries:
        raise UsageError(
            "no arm has an effective length; run a suite at several --lengths, with raw and closed among the arms"
        )
    return entries


def _of_suite(capacity: Capacity, suite: Lengths) -> Iterator[Works]:
    gains = [(arm.arm, arm.gain) for arm in suite.arms if arm.gain]
    # Raw's effective length is the same for every arm.
    measured = [("raw", gain.raw, gain.raw_interval) for _, gain in gains[:1]]
    measured += [(name, gain.compressed, gain.compressed_interval) for name, gain in gains]
    for name, length, interval in measured:
        fits = _fitting(capacity.tokens, name)
        if length.censored != "below" and fits != 0:
            yield _joined(capacity, suite.suite, name, length, interval, fits)


def _joined(
    capacity: Capacity,
    suite: str,
    arm: str,
    length: EffectiveLength,
    interval: tuple[float, float],
    fits: float | None,
) -> Works:
    most = math.inf if fits is None else fits
    limit: Limit = "measured" if length.censored == "at least" else "quality"
    return Works(
        capacity=capacity,
        suite=suite,
        arm=arm,
        fits=fits,
        tokens=min(most, length.length),
        interval=(min(most, interval[0]), min(most, interval[1])),
        limit="memory" if most < length.length else limit,
    )


def _fitting(window: int, name: str) -> float | None:
    """Source tokens that an arm fits into a window; None for any number, 0 for none."""
    arm = parse_arms([name])[0]
    if arm.budget is not None:
        return None if arm.budget <= window else 0
    return window / (arm.rate or 1.0)


def planned(model: str, gpus: Sequence[int], gpu: str) -> tuple[Capacity, ...]:
    """Capacities of a model by number of GPUs, as in ``ctxpipe plan``; numbers on which it does not fit are left out.

    Raises:
        UsageError: if it fits on none, and for the reasons of ``ctxpipe.serving.plan``.
    """
    from ctxpipe.serving import plan

    rows = [row for row in plan(model, gpus=tuple(gpus), gpu=gpu).rows if row.max_context_tokens > 0]
    if not rows:
        raise UsageError(f"{model} does not fit on {', '.join(map(str, gpus))} x {gpu}")
    return tuple(Capacity(name=f"{model} on {row.gpus} x {row.gpu}", tokens=row.max_context_tokens) for row in rows)


def served(url: str) -> Capacity:
    """The window of a running server.

    Raises:
        EngineError: if it cannot be reached.
    """
    from ctxpipe.serving.engines import connect

    engine = connect(url)
    return Capacity(name=f"{engine.model} at {url}", tokens=engine.window)
