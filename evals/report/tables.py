"""A report's tables of scores, one per suite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctxpipe.evals.paired.comparison import Comparison
from ctxpipe.evals.report.loss_plots import styles_of
from ctxpipe.evals.report.markup import esc, interval, number, percent, table
from ctxpipe.evals.report.svg import Bar, Plot, forest
from ctxpipe.evals.report.verdict import verdict_word
from ctxpipe.evals.runs.arms import BASELINES, CONTROLS
from ctxpipe.evals.summary.rows import POOL_SCORES, TRUST_SCORES, SummaryRow
from ctxpipe.evals.summary.summary import Summary


def suite_sections(summary: Summary) -> Iterator[str]:
    """One section for all suites together, and one for each."""
    for suite in suites_of(summary):
        rows = [row for row in summary.rows if row.suite == suite]
        name = "All suites, one vote each" if suite != summary.suites[0] and suite == summary.whole else suite
        plot = gain_plot(suite, summary)
        intro = (
            f"<p>{plot.title}, with 95% intervals "
            '<span class="soft">(1 is what the whole context gives, 0 what no context gives)</span></p>'
            if plot
            else ""
        )
        yield f"<h2>{esc(name)}</h2>{intro}{plot or ''}{_table(rows, summary)}"


def suites_of(summary: Summary) -> list[str]:
    """All suites together, and each; one alone is both."""
    return list(dict.fromkeys([summary.whole, *summary.suites]))


def gain_plot(suite: str, summary: Summary) -> Plot | None:
    """The context's gain that each arm retains; None where no arm's is known."""
    bars = [
        Bar(row.arm, row.method, row.retained.value, *row.retained.interval)
        for row in summary.rows
        if row.suite == suite and row.retained and row.arm not in ("raw2", "identity")
    ]
    return forest(bars, styles_of(summary), 1.0, "Context gain retained") if bars else None


def _table(rows: list[SummaryRow], summary: Summary) -> str:
    two, three = (any(getattr(row, name) is not None for row in rows) for name in ("nll", "answer"))
    trusted = [name for name in (*TRUST_SCORES, *POOL_SCORES) if any(name in row.other for row in rows)]
    head = ["arm", "verdict", "kept", "survival", "lost to raw", *trusted]
    head += ["nll", "rise over raw", "gain retained"] if two else []
    head += ["right answers", "lost to raw"] if three else []
    head.append("evidence")
    return table(head, [_cells(row, summary, trusted, two, three) for row in rows])


def _cells(row: SummaryRow, summary: Summary, trusted: Sequence[str], two: bool, three: bool) -> list[str]:
    comparison = row.versus(summary.score)
    verdict = "–" if comparison is None else verdict_word(comparison.verdict)
    cells = [arm_name(row), verdict, percent(row.achieved), number(row.survival), _change(row.survival_vs_raw, -1)]
    cells += [number(row.other.get(name)) for name in trusted]
    if two:
        cells += [number(row.nll), _change(row.nll_vs_raw, 1)]
        cells.append("–" if row.retained is None else interval(row.retained.value, row.retained.interval))
    if three:
        cells += [number(row.answer), _change(row.answer_vs_raw, -1)]
    evidence = row.other.get("evidence", row.other.get("gold"))
    return [*cells, number(evidence)]


def arm_name(row: SummaryRow) -> str:
    """An arm's name; controls and baselines are marked."""
    if row.arm in CONTROLS:
        return f'<span title="{esc(CONTROLS[row.arm])}">{esc(row.arm)}</span>'
    baseline = " <small>baseline</small>" if row.method in BASELINES else ""
    return f"{esc(row.arm)}{baseline}"


def _change(comparison: Comparison | None, sign: int) -> str:
    """The loss against raw; positive if the arm is worse."""
    if comparison is None:
        return "–"
    ends = sorted(sign * end for end in comparison.ci95)
    return interval(sign * comparison.difference, (ends[0], ends[1]), plus=True)
