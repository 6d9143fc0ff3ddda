"""``ctxpipe eval``: what compression costs, with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ctxpipe.evals.comparison import Comparison

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_COLOURS = {"safe": "green", "harmful": "red", "inconclusive": "yellow"}


@click.group("eval", epilog="\b\nExample:\n  ctxpipe eval compare raw.jsonl compressed.jsonl --margin 0.02")
def eval_() -> None:
    """Measure what compression costs, and say when to believe it."""


@eval_.command(
    epilog="\b\nExamples:\n"
    "  ctxpipe eval compare raw.jsonl compressed.jsonl\n"
    "  ctxpipe eval compare run.jsonl run.jsonl --arm-a raw --arm-b bm25@0.25 --score survival --margin 0.02 --json"
)
@click.argument("a", metavar="A.jsonl", type=_FILE)
@click.argument("b", metavar="B.jsonl", type=_FILE)
@click.option("--score", metavar="NAME", help="Score to compare. [default: score, survival, or the only one there is]")
@click.option("--margin", type=float, default=0.05, show_default=True, help="Largest loss that does not matter.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the bootstrap.")
@click.option("--arm-a", metavar="NAME", help="Arm to take of A.jsonl when it holds several.")
@click.option("--arm-b", metavar="NAME", help="Arm to take of B.jsonl when it holds several.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def compare(
    a: Path,
    b: Path,
    score: str | None,
    margin: float,
    seed: int,
    arm_a: str | None,
    arm_b: str | None,
    as_json: bool,
) -> None:
    """Compare two arms on the same items: B's loss against A, its interval, and a verdict.

    A line of a file is a JSON object with an id, a cluster (the source document) and a score, by its name or in
    "scores". The verdict is safe when a loss of the margin is excluded with 95% confidence, harmful when a larger one
    is shown, else inconclusive with the number of items that would decide it.
    """
    from ctxpipe.evals.comparison import compare as compare_records

    found = compare_records(a, b, score=score, margin=margin, seed=seed, arm_a=arm_a, arm_b=arm_b)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
        for note in found.notes:
            click.echo(f"note: {note}", err=True)
        return
    _show(found)


def _show(found: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _rows(found):
        table.add_row(Text(name, style="dim"), Text(value))
    console = Console(highlight=False)
    console.print(Text(_headline(found), style=f"bold {_COLOURS[found.verdict]}"), soft_wrap=True)
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
