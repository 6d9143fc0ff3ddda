"""The first box of a report: the verdict, its confidence, and the comparison."""

from __future__ import annotations

from ctxpipe.evals.paired.comparison import Comparison
from ctxpipe.evals.report.markup import esc, interval, number, percent
from ctxpipe.evals.summary.headline import Headline
from ctxpipe.evals.summary.summary import Summary

_SIGNS = {"safe": "✓ safe", "harmful": "✗ harmful", "inconclusive": "? inconclusive"}
UNITS = {"nll": "nats per token", "answer": "share of right answers", "survival": "share of answers"}
_NAMES = {
    "nll": "likelihood of the right answer",
    "answer": "right answers",
    "survival": "answers that survive in the context",
}


def verdict_line(summary: Summary) -> str:
    """The verdict in one sentence."""
    compared = summary.compared()
    if compared is None:
        return "no verdict: nothing was compared with raw"
    head, row, comparison = compared
    return (
        f"{comparison.verdict}: {head.arm} keeps {percent(row.achieved)} of the tokens; its loss of {summary.score} is "
        f"{_bound(comparison, summary)}"
    )


def verdict(summary: Summary) -> str:
    """The verdict as the page's first box."""
    compared = summary.compared()
    if compared is None:
        return (
            '<div class="verdict inconclusive"><strong>No verdict</strong><p>Nothing was compared with raw.</p></div>'
        )
    head, row, comparison = compared
    retained = ""
    if row.retained:
        retained = f" It retains {interval(row.retained.value, row.retained.interval)} of the whole context's gain."
    rest = f"{head.arm} keeps {percent(row.achieved)} of the tokens. Its loss of {_NAMES[summary.score]} is "
    return (
        f'<div class="verdict {comparison.verdict}"><strong>{_SIGNS[comparison.verdict]}: {esc(head.arm)}</strong>'
        f"<p>{esc(rest + _bound(comparison, summary))}.{retained}</p><p>{_beaten(head)}</p>{_rates(head)}</div>"
    )


def _bound(comparison: Comparison, summary: Summary) -> str:
    unit = UNITS[summary.score]
    bound = f"below {number(comparison.loss_bound)} {unit} with 95% confidence"
    if comparison.loss_bound < 0:
        bound += " (it gains)"
    if comparison.verdict == "harmful":
        bound = f"above the margin of {summary.margin:g} {unit} with 95% confidence"
    elif comparison.verdict == "inconclusive" and comparison.n_needed:
        bound += f"; the margin is {summary.margin:g}, and about {comparison.n_needed:,} items would decide"
    else:
        bound += f"; the margin is {summary.margin:g}"
    return bound


def _beaten(head: Headline) -> str:
    if not head.beats:
        return "It was not compared with a baseline at the same budget, so no gain is claimed."
    won = [baseline for baseline, better in head.beats.items() if better]
    lost = [baseline for baseline, better in head.beats.items() if not better]
    parts = [f"better than {' and '.join(won)}"] if won else []
    parts += [f"not shown to be better than {' or '.join(lost)}"] if lost else []
    return f"At the same budget it is {'; '.join(parts)}."


def _rates(head: Headline) -> str:
    if len(head.verdicts) < 2:
        return ""
    told = ", ".join(f"{esc(arm)} {verdict_word(verdict)}" for arm, verdict in head.verdicts)
    return f"<p>From the largest rate to the smallest: {told}.</p>"


def verdict_word(verdict: str) -> str:
    """A verdict with its sign and colour."""
    return f'<b class="{verdict}">{_SIGNS[verdict]}</b>'
