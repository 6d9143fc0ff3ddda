"""A report's tables of flips, the tail, time and cost."""

from __future__ import annotations

from ctxpipe.evals.paired.flips import Flips
from ctxpipe.evals.report.loss_plots import cost_plot, latency_plot, with_legend
from ctxpipe.evals.report.markup import esc, number, percent, signed, table
from ctxpipe.evals.report.tables import arm_name
from ctxpipe.evals.summary.points import cost_of
from ctxpipe.evals.summary.rows import SummaryRow
from ctxpipe.evals.summary.summary import Summary


def cost_section(summary: Summary) -> str:
    """The sections on flips, the tail, time and cost."""
    rows = [row for row in summary.rows if row.suite == summary.whole]
    tail = table(
        ["arm", "answers lost / gained", "lost at most", "worst tenth", "errors / truncated"],
        [
            [
                arm_name(row),
                *_flipped(row.flips),
                "–" if row.cvar is None else signed(row.cvar),
                f"{row.errors:,} / {row.truncated:,}",
            ]
            for row in rows
        ],
    )
    plots = "".join(with_legend(plot, summary) for plot in (latency_plot(summary), cost_plot(summary)))
    return (
        f"<h2>Flips and tail</h2>{tail}"
        '<p class="soft">Answers lost and gained: items whose context holds the answer in one arm and not in the '
        "other; lost at most is a one-sided 95% bound that treats items as independent. Worst tenth: mean loss of "
        f"{esc(summary.score)} in the worst tenth of the source documents.</p>"
        f"{_answers(rows)}<h2>Time and cost</h2>{plots}{_times(rows, summary)}"
    )


def _flipped(flips: Flips | None) -> list[str]:
    if flips is None:
        return ["–", "–"]
    return [f"{flips.lost:,} / {flips.gained:,} of {flips.n:,}", percent(flips.lost_bound)]


def _answers(rows: list[SummaryRow]) -> str:
    """Flips of generated answers; empty where none were generated."""
    cells = [
        [
            arm_name(row),
            *_flipped(flips),
            f"{flips.abstained:,}",
            f"{flips.changed:,}",
            "–" if flips.noise is None else percent(flips.noise),
        ]
        for row in rows
        if (flips := row.answer_flips)
    ]
    if not cells:
        return ""
    head = [
        "arm",
        "right answers lost / gained",
        "lost at most",
        "of those, abstained",
        "wrong otherwise",
        "raw2 loses",
    ]
    return (
        f"<h2>Generated answers</h2>{table(head, cells)}"
        '<p class="soft">Lost: right with raw and wrong with the arm; of those, abstained are answers that say there '
        "is none. Wrong otherwise: wrong in both, with different answers. What raw loses when asked again is noise.</p>"
    )


def _times(rows: list[SummaryRow], summary: Summary) -> str:
    raw = next((row for row in rows if row.arm == "raw"), None)
    cells = []
    for row in rows:
        cost = cost_of(row, summary.prices)
        cells.append(
            [
                arm_name(row),
                "–" if "prompt" not in row.tokens else f"{row.tokens['prompt']:,.0f}",
                "reused" if _unknown(row) else number(row.seconds.get("compress"), 3),
                number(row.seconds.get("target"), 3),
                number(row.seconds.get("first_token"), 3),
                _saved(row, raw),
                "–" if cost is None else f"{cost:,.4g}",
            ]
        )
    head = [
        "arm",
        "prompt tokens",
        "compress s",
        "target s",
        "first token s",
        "saves s",
        f"cost ({summary.prices.unit})",
    ]
    reused = ""
    if any(row.reused for row in rows):
        reused = (
            " Reused: scores could come from an earlier call or rate, so compression was not timed; run without "
            "--reuse-scores to time it."
        )
    return (
        f'{table([esc(name) for name in head], cells)}<p class="soft">Means of an item. Saves: seconds of the target '
        "with raw, minus those with the arm and its compression; below 0, compression takes longer than it saves at "
        f"this length.{reused}</p>"
    )


def _unknown(row: SummaryRow) -> bool:
    """Whether no compression was timed because scores were reused."""
    return row.reused > 0 and "compress" not in row.seconds


def _saved(row: SummaryRow, raw: SummaryRow | None) -> str:
    whole = None if raw is None else raw.seconds.get("target")
    if not row.method or whole is None or "target" not in row.seconds or _unknown(row):
        return "–"
    return signed(whole - row.seconds["target"] - row.seconds.get("compress", 0.0))
