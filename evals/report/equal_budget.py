"""A report's comparison of the method with baselines at the same token budget."""

from __future__ import annotations

from ctxpipe.evals.paired.comparison import Comparison
from ctxpipe.evals.report.markup import esc, interval, number, table
from ctxpipe.evals.summary.equal_budget import CUT, SEARCHED, EqualBudget
from ctxpipe.evals.summary.summary import ALL, Summary

BASELINE_NAMES = {CUT: "head-tail", SEARCHED: "BM25"}
_WORDS = {True: "better", False: "worse", None: "no significant difference"}


def equal_budget_section(summary: Summary) -> str:
    """The table; empty if no baseline was run with the method's budgets."""
    if not summary.equal_budget:
        return ""
    rows = [
        [
            esc(f"{one.arm}, {'all suites' if one.suite == ALL else one.suite}"),
            f"{one.source_tokens:,.0f}",
            f"{one.kept_tokens:,.0f}",
            number(one.mean),
            *(_against(one, baseline) for baseline in BASELINE_NAMES),
        ]
        for one in summary.equal_budget
    ]
    head = ["arm and suite", "source tokens", "tokens kept", f"its {summary.score}"]
    head += [f"minus {name}" for name in BASELINE_NAMES.values()]
    return (
        f"<h2>At the same budget</h2>{table(head, rows)}"
        f'<p class="soft">The same questions at the same budget: {esc(summary.score)} of the arm minus that of the '
        "beginning and end of the source (head-tail), and of BM25's sentences. "
        f"{'Below' if summary.score == 'nll' else 'Above'} 0 the arm is better. Better and worse: significant at 95%, "
        "each comparison by itself; other differences are not significant.</p>"
    )


def equal_budget_lines(summary: Summary) -> list[str]:
    """One sentence for each suite at its longest length, or for all suites together if there is only one length."""
    shown = {one.suite: one for one in summary.equal_budget}
    if summary.lengths:
        longest = {f"{one.suite}@": max(one.tokens) for one in summary.lengths}
        entries = [
            one
            for family in longest
            for one in sorted((o for o in shown.values() if o.suite.startswith(family)), key=_source)[-1:]
        ]
    else:
        entries = [one for one in summary.equal_budget if one.suite == summary.whole]
    return [_sentence(one, summary) for one in entries]


def _source(one: EqualBudget) -> float:
    return one.source_tokens


def _sentence(one: EqualBudget, summary: Summary) -> str:
    told = [
        f"{BASELINE_NAMES[baseline]}: {comparison.mean_a:.3f}, {_WORDS[one.better(baseline)]} by "
        f"{abs(comparison.difference):.3f} {_plain(comparison)}"
        if one.better(baseline) is not None
        else f"{BASELINE_NAMES[baseline]}: {comparison.mean_a:.3f}, no significant difference {_plain(comparison)}"
        for baseline, comparison in one.against.items()
    ]
    return (
        f"{one.suite}, {one.source_tokens:,.0f} source tokens, {one.kept_tokens:,.0f} kept: {one.arm} has "
        f"{summary.score} {one.mean:.3f}; {'; '.join(told)}"
    )


def _plain(comparison: Comparison) -> str:
    return f"[{comparison.ci95[0]:+.3f}, {comparison.ci95[1]:+.3f}]"


def _against(one: EqualBudget, baseline: str) -> str:
    comparison = one.against.get(baseline)
    if comparison is None:
        return "–"
    better = one.better(baseline)
    word = "" if better is None else f" <b>{_WORDS[better]}</b>"
    return f"{interval(comparison.difference, comparison.ci95, plus=True)}{word}"
