"""A report's plots of loss: against tokens and against time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ctxpipe.evals.report.markup import esc, percent, signed, table
from ctxpipe.evals.report.svg import Plot, legend, losses, styles
from ctxpipe.evals.report.verdict import UNITS
from ctxpipe.evals.summary.points import Point, cost_of, total_seconds
from ctxpipe.evals.summary.summary import Summary
from ctxpipe.evals.types import methods_of


def styles_of(summary: Summary) -> dict[str, int]:
    """The mark and colour of each method, the same in every plot."""
    return styles([row.method for row in summary.rows])


def pareto_plot(summary: Summary) -> Plot | None:
    """Loss against tokens kept; None without methods."""
    places = [(point, point.achieved, point.dominated) for point in summary.points]
    return _plot(summary, places, "share of the tokens kept", "{:.0%}", most=1.0)


def latency_plot(summary: Summary) -> Plot | None:
    """Loss against seconds; None where nothing was timed."""
    raw = summary.row(summary.whole, "raw")
    seconds = total_seconds(raw) if raw and "target" in raw.seconds else None
    places = [(point, point.seconds, point.slower) for point in summary.points if point.seconds is not None]
    return _plot(summary, places, "seconds of an item, compression and target", "{:g}", mark=seconds)


def cost_plot(summary: Summary) -> Plot | None:
    """Loss against the cost of a query; None where no arm's cost is known."""
    raw = summary.row(summary.whole, "raw")
    cost = cost_of(raw, summary.prices) if raw else None
    places = [(point, point.cost, point.dearer) for point in summary.points if point.cost is not None]
    return _plot(summary, places, f"cost of a query ({summary.prices.unit})", "{:,g}", mark=cost)


def _plot(
    summary: Summary, places: Sequence[tuple[Point, float, bool]], title: str, shown: str, **limits: Any
) -> Plot | None:
    if not places:
        return None
    return losses(places, styles_of(summary), summary.margin, UNITS[summary.score], title, shown, **limits)


def with_legend(plot: Plot | None, summary: Summary) -> str:
    """A plot of methods and what its marks stand for; empty without one."""
    if plot is None:
        return ""
    return f"{plot}{legend(styles_of(summary), methods_of(point.arm for point in summary.points))}"


def pareto_section(summary: Summary) -> str:
    """Loss against tokens kept, and which arms are not dominated; empty without methods."""
    if not summary.points:
        return ""
    rows = [
        [
            esc(point.arm),
            percent(point.achieved),
            signed(point.loss),
            signed(point.loss_bound),
            "–" if point.frontier is None else f"{point.frontier:.0%}",
            "yes" if point.dominated else "no",
        ]
        for point in sorted(summary.points, key=lambda point: point.loss_bound)
    ]
    head = ["arm", "kept", "loss", "loss at most", "on the frontier", "dominated"]
    return (
        f"<h2>Loss against tokens</h2>{with_legend(pareto_plot(summary), summary)}"
        '<p class="soft">Lower and further left is better. The loss is the one-sided 95% upper bound against raw. A '
        "hollow mark is dominated: another arm keeps no more tokens, in whole percent, and loses no more. On the "
        f"frontier: the share of resamples in which no other arm dominates it.</p>{table(head, rows)}"
    )
