"""How a comparison of two arms is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctxpipe.evals.paired.comparison import Comparison

COLOURS = {"safe": "green", "harmful": "red", "inconclusive": "yellow"}


def show(comparison: Comparison) -> None:
    """Print the verdict and the numbers behind it; notes go to standard error."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _rows(comparison):
        table.add_row(Text(name, style="dim"), Text(value))
    console = Console(highlight=False)
    console.print(Text(_headline(comparison), style=f"bold {COLOURS[comparison.verdict]}"), soft_wrap=True)
    console.print(table)
    notes = Console(stderr=True, highlight=False)
    for note in comparison.notes:
        notes.print(Text(f"note: {note}"), soft_wrap=True)


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
