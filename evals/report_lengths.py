"""A report's curves over lengths, and how far each arm works."""

from __future__ import annotations

from collections.abc import Iterator

from ctxpipe.evals.capacity import Works
from ctxpipe.evals.effective import Lengths
from ctxpipe.evals.markup import esc, interval, number, table
from ctxpipe.evals.plots import curves, legend
from ctxpipe.evals.report_plots import styles_of
from ctxpipe.evals.statistics.effective_length import LengthGain
from ctxpipe.evals.summary import Summary

LIMITS = {"memory": "memory", "quality": "quality", "measured": "nothing up to the longest tried"}


def length_sections(summary: Summary) -> Iterator[str]:
    """One section for each suite that was run at several lengths."""
    style_of = styles_of(summary)
    for one in summary.lengths:
        thresholds = [arm.gain.threshold for arm in one.arms if arm.gain]
        plot = curves(
            one.tokens, [(a.arm, a.scores) for a in one.arms], style_of, thresholds[0] if thresholds else None
        )
        methods = [arm.arm.partition("@")[0] for arm in one.arms]
        why = next((arm.why_not for arm in one.arms if arm.why_not), "")
        yield (
            f"<h2>Effective context: {esc(one.suite)}</h2>{plot}{legend(style_of, methods)}"
            f'<p class="soft">{one.items:,} questions at every length. A length works while the one-sided 95% lower '
            "bound of the score is at or above 85% of the raw score at the shortest length; a context that does not "
            f"fit the window scores 0. {esc(why)}</p>{_length_table(one)}"
        )


def capacity_section(summary: Summary) -> str:
    """What length of source works on which machine; empty when no capacity was named."""
    if not summary.works:
        return ""
    rows = [
        [
            esc(one.capacity.name),
            f"{one.capacity.tokens:,}",
            esc(one.suite),
            esc(one.arm),
            "any" if one.fits is None else f"{one.fits:,.0f}",
            _working(one),
            LIMITS[one.limit],
        ]
        for one in summary.works
    ]
    head = ["where", "window", "suite", "arm", "source that fits", "source that works", "held back by"]
    target = str(summary.settings.get("target") or "no target").partition(" ")[0]
    return (
        f"<h2>What length of source works</h2>{table(head, rows)}"
        '<p class="soft">A source works where it fits the memory and its score was measured to hold, with a 95% '
        f"interval. Quality was measured with {esc(target)}; another model may hold for longer or shorter. The window "
        "is for prompt and answer together.</p>"
    )


def _working(one: Works) -> str:
    sign = "≥ " if one.limit == "measured" else ""
    return f"{sign}{one.tokens:,.0f} [{one.interval[0]:,.0f}, {one.interval[1]:,.0f}]"


def _length_table(one: Lengths) -> str:
    rows = []
    for arm in one.arms:
        gain = arm.gain
        rows.append(
            [
                esc(arm.arm),
                "–" if gain is None else esc(str(gain.raw)),
                "–" if gain is None else esc(str(gain.compressed)),
                "–" if gain is None else _ratio(gain),
                number(arm.nominal, 2),
                number(arm.realised, 2),
                *(number(score) for score in arm.scores),
            ]
        )
    head = ["arm", "raw works to", "arm works to", "gain", "nominal", "realised", *(f"{size:,}" for size in one.tokens)]
    return table(head, rows)


def _ratio(gain: LengthGain) -> str:
    if gain.gain is None or gain.interval is None:
        return "not known"
    sign = {"at least": "≥ ", "at most": "≤ "}.get(gain.censored, "")
    return f"{sign}{interval(gain.gain, gain.interval)}"
