"""How a comparison of two arms is printed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ctxpipe.commands.shared.cells import columns_of
from ctxpipe.commands.shared.printing import coloured, safe_line
from ctxpipe.commands.shared.table import table

if TYPE_CHECKING:
    from ctxpipe.evals.paired.comparison import Comparison

COLOURS = {"safe": "green", "harmful": "red", "inconclusive": "yellow"}
_WIDTH = 80
"""Columns if standard output is no terminal."""


def show(comparison: Comparison) -> None:
    """Print the verdict and the numbers behind it; notes go to standard error."""
    click.echo(coloured(safe_line(_headline(comparison)), COLOURS[comparison.verdict], bold=True))
    rows = [(click.style(name, dim=True), safe_line(value)) for name, value in _rows(comparison)]
    for lines in table(rows, wrap=1, columns=columns_of(sys.stdout, _WIDTH)):
        click.echo("\n".join(lines))
    for note in comparison.notes:
        click.echo(f"note: {safe_line(note)}", err=True)


def _headline(comparison: Comparison) -> str:
    bound = f"the loss of {comparison.score} is below {comparison.loss_bound:.4f} with 95% confidence"
    match comparison.verdict:
        case "safe":
            return f"safe: {bound}, margin {comparison.margin:g}"
        case "harmful":
            return f"harmful: {comparison.score} loses more than the margin of {comparison.margin:g}"
    more = f"; about {comparison.n_needed:,} items would decide it" if comparison.n_needed else ""
    return f"inconclusive: {bound}, margin {comparison.margin:g}{more}"


def _rows(comparison: Comparison) -> list[tuple[str, str]]:
    low, high = comparison.ci95
    p = "" if comparison.mcnemar_p is None else f", exact McNemar p {comparison.mcnemar_p:.4g}"
    effect = "" if comparison.design_effect is None else f", design effect {comparison.design_effect:.2f}"
    rows = [
        ("items", f"{comparison.n:,} in {comparison.clusters:,} clusters{effect}"),
        ("mean A", f"{comparison.mean_a:.4f}"),
        ("mean B", f"{comparison.mean_b:.4f}"),
        ("difference B - A", f"{comparison.difference:+.4f}  95% [{low:+.4f}, {high:+.4f}]"),
        ("interval", comparison.method),
        ("changed", f"A better {comparison.a_better:,}, B better {comparison.b_better:,}{p}"),
    ]
    if comparison.strata > 1:
        rows.insert(1, ("strata", f"{comparison.strata}, one vote each"))
    failed = [
        ("errors", comparison.errors_a, comparison.errors_b),
        ("truncated", comparison.truncated_a, comparison.truncated_b),
    ]
    rows += [(name, f"A {a:,}, B {b:,}") for name, a, b in failed if a or b]
    return rows
