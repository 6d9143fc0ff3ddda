"""A report's plots of loss: against tokens and against time."""

from __future__ import annotations

from ctxpipe.evals.report.markup import esc, percent, signed, table
from ctxpipe.evals.report.svg import costs, latency, legend, pareto, styles
from ctxpipe.evals.report.verdict import UNITS
from ctxpipe.evals.summary.points import cost_of, total_seconds
from ctxpipe.evals.summary.summary import Summary


def styles_of(summary: Summary) -> dict[str, int]:
    """The mark and colour of each method, the same in every plot."""
    return styles([row.method for row in summary.rows])


def pareto_section(summary: Summary) -> str:
    """Loss against tokens kept, and which arms are not dominated; empty without methods."""
    if not summary.points:
        return ""
    style_of = styles_of(summary)
    methods = [point.arm.partition("@")[0] for point in summary.points]
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
        f"<h2>Loss against tokens</h2>{pareto(summary.points, style_of, summary.margin, UNITS[summary.score])}"
        f"{legend(style_of, methods)}"
        '<p class="soft">Lower and further left is better. The loss is the one-sided 95% upper bound against raw. A '
        "hollow mark is dominated: another arm keeps no more tokens, in whole percent, and loses no more. On the "
        f"frontier: the share of resamples in which no other arm dominates it.</p>{table(head, rows)}"
    )


def latency_plot(summary: Summary) -> str:
    """Loss against seconds; empty if nothing was timed."""
    raw = summary.row(summary.whole, "raw")
    if not any(point.seconds is not None for point in summary.points):
        return ""
    seconds = total_seconds(raw) if raw and "target" in raw.seconds else None
    style_of = styles_of(summary)
    return latency(summary.points, style_of, summary.margin, UNITS[summary.score], seconds) + _legend(summary)


def cost_plot(summary: Summary) -> str:
    """Loss against the cost of a query; empty if no cost is known."""
    raw = summary.row(summary.whole, "raw")
    if not any(point.cost is not None for point in summary.points):
        return ""
    cost = cost_of(raw, summary.prices) if raw else None
    style_of, unit = styles_of(summary), UNITS[summary.score]
    plot = costs(summary.points, style_of, summary.margin, unit, f"cost of a query ({summary.prices.unit})", cost)
    return plot + _legend(summary)


def _legend(summary: Summary) -> str:
    return legend(styles_of(summary), [point.arm.partition("@")[0] for point in summary.points])
