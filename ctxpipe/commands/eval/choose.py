"""``ctxpipe eval choose``: the harshest rate that is safe, for ``query --max-loss``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ctxpipe.commands.eval.show import show
from ctxpipe.commands.shared.files import write_file
from ctxpipe.commands.shared.options import HOW, HOW_MUCH, OUTPUT, WHAT, HeadedCommand, option


@click.command(
    cls=HeadedCommand, epilog="\b\nExample:\n  ctxpipe eval choose run1 --max-loss 0.02 --out ctxpipe-choice.json"
)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@option(
    HOW_MUCH, "--max-loss", type=float, required=True, help="Largest loss that does not matter, in units of the score."
)
@option(WHAT, "--method", metavar="NAME", default="default", show_default=True, help="Method whose rates are compared.")
@option(WHAT, "--score", metavar="NAME", help="Score that may lose. [default: survival if there is one]")
@option(HOW, "--seed", type=int, default=0, show_default=True, help="Seed of the halves and of the bootstrap.")
@option(
    OUTPUT,
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Store the choice here too; query --max-loss looks in ./ctxpipe-choice.json.",
)
@option(OUTPUT, "--json", "as_json", is_flag=True, help="Print one JSON object.")
def choose(
    folder: Path, max_loss: float, method: str, score: str | None, seed: int, out: Path | None, as_json: bool
) -> None:
    """Choose the smallest rate that is safe.

    The rate is chosen on one half of the sources and reported on the other half. Items for which raw has no score are
    left out. The choice is stored in the run's folder as choice.json.
    """
    from ctxpipe.evals.paired.choice import choose as choose_rate

    choice = choose_rate(folder, max_loss=max_loss, method=method, score=score, seed=seed)
    if out is not None:
        write_file(out, json.dumps(choice.to_json(), indent=1, ensure_ascii=False) + "\n")
    if as_json:
        click.echo(json.dumps(choice.to_json(), indent=2, ensure_ascii=False))
        return
    if choice.held_out is None or choice.arm is None:
        click.echo(f"no rate of {method} is safe; the largest, {choice.selection[0][0]}, on the selection half:")
        show(choice.selection[0][1])
        return
    click.echo(f"{choice.arm}, chosen on {choice.selection[0][1].n:,} items; on the {choice.held_out.n:,} others:")
    show(choice.held_out)
