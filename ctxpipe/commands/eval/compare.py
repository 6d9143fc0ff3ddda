"""``ctxpipe eval compare``: two arms on the same items, from any two record files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ctxpipe.commands.eval.show import show
from ctxpipe.commands.shared.options import HOW, OUTPUT, WHAT, HeadedCommand, option

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe eval compare raw.jsonl compressed.jsonl\n"
    "  ctxpipe eval compare run.jsonl run.jsonl --arm-a raw --arm-b bm25@0.25 --score survival --margin 0.02 --json",
)
@click.argument("a", metavar="A.jsonl", type=_FILE)
@click.argument("b", metavar="B.jsonl", type=_FILE)
@option(WHAT, "--score", metavar="NAME", help="Score to compare. [default: score, survival, or the only one there is]")
@option(WHAT, "--margin", type=float, default=0.05, show_default=True, help="Largest loss that does not matter.")
@option(HOW, "--seed", type=int, default=0, show_default=True, help="Seed of the bootstrap.")
@option(WHAT, "--arm-a", metavar="NAME", help="Arm to take of A.jsonl when it holds several.")
@option(WHAT, "--arm-b", metavar="NAME", help="Arm to take of B.jsonl when it holds several.")
@option(OUTPUT, "--json", "as_json", is_flag=True, help="Print one JSON object.")
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
    """Compare two arms on the same items.

    The result is B's loss against A, its interval, and a verdict. A line of a file is a JSON object with an id, a
    cluster (the source document) and a score, by its name or in "scores". The verdict is safe when a loss of the margin
    is excluded with 95% confidence, harmful when a larger one is shown, else inconclusive with the number of items that
    would decide it.

    An item without a score (an error or a truncation) counts as the worst in its arm. If such items of A could hide a
    loss, the verdict is not safe. If A is the arm "raw", they are left out instead, and a note says so.
    """
    from ctxpipe.evals.paired.comparison import compare as compare_records

    comparison = compare_records(a, b, score=score, margin=margin, seed=seed, arm_a=arm_a, arm_b=arm_b)
    if as_json:
        click.echo(json.dumps(comparison.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
        for note in comparison.notes:
            click.echo(f"note: {note}", err=True)
        return
    show(comparison)
