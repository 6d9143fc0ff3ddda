"""A run's report: one self-contained page, and the same numbers as JSON."""

from __future__ import annotations

from ctxpipe.evals.report.costs import cost_section
from ctxpipe.evals.report.equal_budget import equal_budget_section
from ctxpipe.evals.report.lengths import capacity_section, length_sections
from ctxpipe.evals.report.loss_plots import pareto_section
from ctxpipe.evals.report.markup import esc
from ctxpipe.evals.report.page import PAGE
from ctxpipe.evals.report.tables import suite_sections
from ctxpipe.evals.report.verdict import UNITS, verdict, verdict_line
from ctxpipe.evals.report.worst_items import worst_items
from ctxpipe.evals.summary.summary import Summary

__all__ = ["html_report", "verdict_line"]


def html_report(summary: Summary) -> str:
    """The page of a report; every text from the run is escaped."""
    sections = [
        verdict(summary),
        _facts(summary),
        pareto_section(summary),
        equal_budget_section(summary),
        *length_sections(summary),
        capacity_section(summary),
        *suite_sections(summary),
        cost_section(summary),
        _worst(summary),
        _notes(summary),
    ]
    names = ", ".join(summary.suites)
    return PAGE.substitute(title=esc(f"What compression costs: {names}"), body="\n".join(filter(None, sections)))


def _facts(summary: Summary) -> str:
    rows = [row for row in summary.rows if row.suite == summary.whole]
    items, clusters = max(row.n for row in rows), max(row.clusters for row in rows)
    facts = {
        "Items": f"{items:,} in {clusters:,} sources",
        "Target": str(summary.settings.get("target") or "none").partition(" ")[0],
        "Tokens counted by": str(summary.settings.get("tokenizer", "")),
        "Headline score": f"{summary.score} ({UNITS[summary.score]})",
        "Raw against raw again": "not run" if summary.noise is None else f"±{summary.noise:.4f} an item",
        "Errors, truncated": f"{sum(r.errors for r in rows):,}, {sum(r.truncated for r in rows):,}",
        "Seed": str(summary.settings.get("seed", "")),
    }
    return (
        f'<dl class="facts">{"".join(f"<div><dt>{esc(k)}</dt><dd>{esc(v)}</dd></div>" for k, v in facts.items())}</dl>'
    )


def _worst(summary: Summary) -> str:
    if summary.headline is None:
        return ""
    arm = esc(summary.headline.arm)
    if not summary.worst:
        return f"<h2>Worst items</h2><p>No item loses anything with {arm}.</p>"
    return (
        f"<h2>Worst items</h2><p>The {len(summary.worst)} items with the largest loss of {esc(summary.score)} in "
        f"{arm}. Open one to see its context.</p>{worst_items(summary.worst)}"
    )


def _notes(summary: Summary) -> str:
    notes = list(summary.notes)
    if compared := summary.compared():
        comparison = compared[2]
        notes += [*comparison.notes, f"interval of the verdict: {comparison.method}"]
    notes += [
        "All arms use the same question and prompt; the context is the arm's text, without titles.",
        "raw keeps a little more than 100% because the blank lines between documents are tokens too.",
        "An item without a score in an arm, after an error or a truncation, counts as the arm's worst score in the "
        "comparison with raw; an item without a raw score is left out. Both are left out of gain retained, flips and "
        "the tail.",
        *_priced(summary),
        "head-tail and random do not see the question; the other methods may.",
    ]
    return f'<h2>Notes</h2><ul class="notes">{"".join(f"<li>{esc(note)}</li>" for note in notes)}</ul>'


def _priced(summary: Summary) -> list[str]:
    prices = summary.prices
    if not prices.known:
        return ["Costs are in prompt tokens, because no prices were given."]
    return [
        f"Prices assumed: {prices.prompt:g} and {prices.completion:g} for a million tokens of prompt and answer, "
        f"{prices.hour:g} for an hour of the machine that compresses."
    ]
