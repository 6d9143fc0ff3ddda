"""How a comparison of two arms is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctxpipe.evals.paired.comparison import Comparison

COLOURS = {"safe": "green", "harmful": "red", "inconclusive": "yellow"}


def show(found: Comparison) -> None:
    """Print the verdict and the numbers behind it; notes go to standard error."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _rows(found):
        table.add_row(Text(name, style="dim"), Text(value))
    console = Console(highlight=False)
    console.print(Text(_headline(found), style=f"bold {COLOURS[found.verdict]}"), soft_wrap=True)
    console.print(table)
    notes = Console(stderr=True, highlight=False)
    for note in found.notes:
        notes.print(Text(f"note: {note}"), soft_wrap=True)


def _headline(found: Comparison) -> str:
    bound = f"the loss of {found.score} is below {found.loss_bound:.4f} with 95% confidence"
    match found.verdict:
        case "safe":
            return f"safe: {bound}, margin {found.margin:g}"
        case "harmful":
            return f"harmful: {found.score} loses more than the margin of {found.margin:g}"
    more = f"; about {found.n_needed:,} items would decide it" if found.n_needed else ""
    return f"inconclusive: {bound}, margin {found.margin:g}{more}"


def _rows(found: Comparison) -> list[tuple[str, str]]:
    low, high = found.ci95
    p = "" if found.mcnemar_p is None else f", exact McNemar p {found.mcnemar_p:.4g}"
    effect = "" if found.design_effect is None else f", design effect {found.design_effect:.2f}"
    rows = [
        ("items", f"{found.n:,} in {found.clusters:,} clusters{effect}"),
        ("mean A", f"{found.mean_a:.4f}"),
        ("mean B", f"{found.mean_b:.4f}"),
        ("difference B - A", f"{found.difference:+.4f}  95% [{low:+.4f}, {high:+.4f}]"),
        ("interval", found.method),
        ("changed", f"A better {found.a_better:,}, B better {found.b_better:,}{p}"),
    ]
    if found.strata > 1:
        rows.insert(1, ("strata", f"{found.strata}, one vote each"))
    failed = [
        ("errors", found.errors_a, found.errors_b),
        ("truncated", found.truncated_a, found.truncated_b),
    ]
    rows += [(name, f"A {a:,}, B {b:,}") for name, a, b in failed if a or b]
    return rows
