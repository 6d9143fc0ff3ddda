"""Plots of a report as SVG: no script, sized for a phone, told apart by shape as well as by colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ctxpipe.evals.report.markup import esc, signed
from ctxpipe.evals.summary.points import Point
from ctxpipe.evals.types import ArmName

WIDTH, HEIGHT = 400.0, 290.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 388.0, 14.0, 246.0

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
"""Okabe & Ito (2008), "Color Universal Design", and a grey."""
_SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-5.5 5.5 4.5h-11z",
    "M0-6 6 0 0 6-6 0z",
    "M0 5.5 5.5-4.5h-11z",
    "M-5-2h3v-3h4v3h3v4h-3v3h-4v-3h-3z",
    "M-5.5 0-2.7-4.8h5.4L5.5 0 2.7 4.8h-5.4z",
)


class Plot(NamedTuple):
    """A plot: what stands inside of its SVG, how high it is, and what it is called. As a text it is inline SVG."""

    body: str
    height: float
    title: str

    def __str__(self) -> str:
        size = f"0 0 {WIDTH:g} {self.height:g}"
        return f'<svg class="plot" viewBox="{size}" role="img" aria-label="{esc(self.title)}">{self.body}</svg>'


class Bar(NamedTuple):
    """A value with its interval, in a forest plot."""

    label: str
    method: str
    value: float
    low: float
    high: float


def styles(methods: Sequence[str]) -> dict[str, int]:
    """A style for each method, the same in all plots of a page; controls have the last one."""
    named = [method for method in dict.fromkeys(methods) if method]
    return {method: i % (len(PALETTE) - 1) for i, method in enumerate(named)} | {"": len(PALETTE) - 1}


def style_for(arm: str, style_of: Mapping[str, int]) -> int:
    """The style of an arm: its method's, or that of controls."""
    return style_of.get(ArmName.of(arm).method, style_of[""])


def marker(style: int, *, hollow: bool = False) -> str:
    """A marker at the origin."""
    fill = "var(--paper)" if hollow else PALETTE[style]
    return f'<path d="{_SHAPES[style]}" fill="{fill}" stroke="{PALETTE[style]}" stroke-width="1.8"/>'


def legend(style_of: Mapping[str, int], names: Sequence[str]) -> str:
    """Markers and names of methods; any other name is a control."""
    items = "".join(
        f'<li><svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true">'
        f"{marker(style_for(name, style_of))}</svg>{esc(name)}</li>"
        for name in dict.fromkeys(names)
    )
    return f'<ul class="legend">{items}</ul>'


def losses(
    places: Sequence[tuple[Point, float, bool]],
    style_of: Mapping[str, int],
    margin: float,
    unit: str,
    title: str,
    shown: str,
    *,
    most: float = math.inf,
    mark: float | None = None,
) -> Plot:
    """Loss bounds over a cost, on an inverse hyperbolic sine scale, since baselines lose much more than the rest.

    Args:
        places: Points, what each costs, and whether another one beats it.
        style_of: Style by method.
        margin: Largest loss that does not matter.
        unit: Of the loss.
        title: What the cost is.
        shown: Format of a cost.
        most: Largest cost that there is.
        mark: Cost of raw, for a dashed line.
    """
    bounds = [point.loss_bound for point, _, _ in places]
    low, high = _bend(min(0.0, *bounds), margin), _bend(max(margin * 1.5, *bounds), margin)
    pad = 0.06 * (high - low)
    y = _Scale(low - pad, high + pad, _BOTTOM, _TOP)
    x = _Scale(0.0, min(most, max(mark or 0.0, *(cost for _, cost, _ in places)) * 1.15), _LEFT, _RIGHT)
    drawn = "".join(
        f'<g transform="translate({x(cost):.1f} {y(_bend(point.loss_bound, margin)):.1f})">'
        f"{marker(style_for(point.arm, style_of), hollow=beaten)}"
        f"<title>{esc(_told(point, unit))}</title></g>"
        for point, cost, beaten in sorted(places, key=lambda one: not one[2])
    )
    at = y(_bend(margin, margin))
    raw = ""
    if mark is not None:
        raw = (
            f'<line x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{_TOP}" y2="{_BOTTOM}" class="margin"/>'
            f'<text x="{x(mark) - 4:.1f}" y="{_TOP + 8}" text-anchor="end" class="note">raw</text>'
        )
    body = (
        f"{_cost_axis(x, shown)}{_loss_axis(y, low - pad, high + pad, margin)}"
        f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{at:.1f}" y2="{at:.1f}" class="margin"/>'
        f'<text x="{_LEFT + 4}" y="{at - 4:.1f}" class="note">margin {margin:g}</text>'
        f"{raw}{drawn}"
        f'<text x="{(_LEFT + _RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{esc(title)}</text>'
        f'<text transform="translate(11 {(_TOP + _BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"loss at most ({esc(unit)})</text>"
    )
    return Plot(body, HEIGHT, f"Upper bound of the loss against {title}")


def forest(bars: Sequence[Bar], style_of: Mapping[str, int], reference: float, title: str) -> Plot:
    """Values and intervals below each other, with a line at what they are compared with."""
    ends = [end for bar in bars for end in (bar.low, bar.high, bar.value) if math.isfinite(end)]
    low, high = min(reference, *ends), max(reference, *ends)
    pad = 0.05 * ((high - low) or 1.0)
    left = 20 + 6.4 * max(len(bar.label) for bar in bars)
    x = _Scale(low - pad, high + pad, left, _RIGHT)
    rows = []
    for i, bar in enumerate(bars):
        y = 18 + 21 * i
        start, end = (x(min(max(limit, low - pad), high + pad)) for limit in (bar.low, bar.high))
        colour = PALETTE[style_of[bar.method]]
        rows.append(
            f'<text x="{left - 12:.1f}" y="{y + 4}" text-anchor="end">{esc(bar.label)}</text>'
            f'<line x1="{start:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2.5"/>'
            f'<g transform="translate({x(bar.value):.1f} {y})">{marker(style_of[bar.method])}'
            f"<title>{esc(f'{bar.label}: {bar.value:.3f} [{bar.low:.3f}, {bar.high:.3f}]')}</title></g>"
        )
    bottom = 18 + 21 * len(bars)
    ticks = "".join(
        f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="6" y2="{bottom - 6}" class="grid"/>'
        f'<text x="{x(tick):.1f}" y="{bottom + 8}" text-anchor="middle" class="note">{signed(tick, plus=False)}</text>'
        for tick in _nice(low - pad, high + pad)
    )
    line = f'<line x1="{x(reference):.1f}" x2="{x(reference):.1f}" y1="4" y2="{bottom - 6}" class="margin"/>'
    return Plot(f"{ticks}{line}{''.join(rows)}", bottom + 14, title)


def curves(
    tokens: Sequence[int],
    lines: Sequence[tuple[str, Sequence[float]]],
    style_of: Mapping[str, int],
    threshold: float | None,
    *,
    title: str,
    works: Sequence[tuple[str, float, str]] = (),
) -> Plot:
    """Scores over source tokens, the latter on a logarithmic scale; a dashed line where a length stops working.

    Args:
        tokens: Lengths, ascending.
        lines: Names of arms and their scores at each length.
        style_of: Style by method.
        threshold: The score from which a length counts as working.
        title: Name of the scores.
        works: Arm, effective length and a text for each tick on the axis.
    """
    top = max(threshold or 0.0, *(score for _, scores in lines for score in scores)) * 1.08 or 1.0
    y = _Scale(0.0, top, _BOTTOM, _TOP)
    x = _Scale(math.log(tokens[0]) - 0.1, math.log(tokens[-1]) + 0.1, _LEFT, _RIGHT)
    grid = "".join(
        f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" class="grid"/>'
        f'<text x="{_LEFT - 5}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in _nice(0.0, top)
    ) + "".join(
        f'<text x="{x(math.log(size)):.1f}" y="{_BOTTOM + 15}" text-anchor="middle">{size:,}</text>' for size in tokens
    )
    if threshold is not None:
        at = y(threshold)
        grid += (
            f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{at:.1f}" y2="{at:.1f}" class="margin"/>'
            f'<text x="{_LEFT + 4}" y="{at + 12:.1f}" class="note">works above {threshold:.3f}</text>'
        )
    drawn = "".join(_line(name, tokens, scores, style_of, x, y) for name, scores in lines)
    labels = (
        f'<text x="{(_LEFT + _RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">source tokens</text>'
        f'<text transform="translate(11 {(_TOP + _BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{esc(title)}</text>"
    )
    ticks = "".join(
        f'<line x1="{x(math.log(size)):.1f}" x2="{x(math.log(size)):.1f}" y1="{_BOTTOM - 12}" y2="{_BOTTOM}" '
        f'stroke="{PALETTE[style_for(name, style_of)]}" stroke-width="3"><title>{esc(told)}</title></line>'
        for name, size, told in works
    )
    return Plot(f"{grid}{drawn}{ticks}{labels}", HEIGHT, "Score over the length of the source")


def _line(
    name: str, tokens: Sequence[int], scores: Sequence[float], style_of: Mapping[str, int], x: _Scale, y: _Scale
) -> str:
    style = style_for(name, style_of)
    places = [(x(math.log(size)), y(score)) for size, score in zip(tokens, scores, strict=True)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    marks = "".join(
        f'<g transform="translate({a:.1f} {b:.1f})">{marker(style)}<title>{esc(f"{name}: {score:.3f}")}</title></g>'
        for (a, b), score in zip(places, scores, strict=True)
    )
    return f'<polyline points="{path}" fill="none" stroke="{PALETTE[style]}" stroke-width="1.8"/>{marks}'


class _Scale(NamedTuple):
    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / ((self.high - self.low) or 1.0) * (self.end - self.start)


def _bend(value: float, margin: float) -> float:
    return math.asinh(value / margin)


def _told(point: Point, unit: str) -> str:
    often = "" if point.frontier is None else f"; not dominated in {point.frontier:.0%} of resamples"
    beaten = "; dominated by another arm" if point.dominated else ""
    loss = f"loss {point.loss:+.3f}, at most {point.loss_bound:+.3f} {unit}"
    return f"{point.arm}: keeps {point.achieved:.1%}; {loss}{often}{beaten}"


def _cost_axis(x: _Scale, shown: str) -> str:
    return "".join(
        f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{_TOP}" y2="{_BOTTOM}" class="grid"/>'
        f'<text x="{x(tick):.1f}" y="{_BOTTOM + 15}" text-anchor="middle">{shown.format(tick)}</text>'
        for tick in _nice(x.low, x.high)
    )


def _loss_axis(y: _Scale, low: float, high: float, margin: float) -> str:
    steps = [sign * base * 10.0**power for power in range(-3, 3) for base in (1, 3) for sign in (1, -1)]
    ticks, used = [], list[float]()
    for step in sorted([0.0, *steps], key=abs):
        place = y(_bend(step, margin))
        if low <= _bend(step, margin) <= high and all(abs(place - other) > 17 for other in used):
            used.append(place)
            ticks.append(
                f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{place:.1f}" y2="{place:.1f}" class="grid"/>'
                f'<text x="{_LEFT - 5}" y="{place + 4:.1f}" text-anchor="end">{signed(step, plus=False)}</text>'
            )
    return "".join(ticks)


def _nice(low: float, high: float, most: int = 6) -> list[float]:
    span = high - low
    step = 10.0 ** math.floor(math.log10(span / most)) if span > 0 else 1.0
    step = next((step * k for k in (1, 2, 5, 10) if span / (step * k) <= most), step * 10)
    first = math.ceil(low / step)
    return [round(i * step, 10) for i in range(first, math.floor(high / step) + 1)]
