"""``ctxpipe eval report``: the verdict, and a table or a page with everything behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctxpipe.commands.eval.show import COLOURS
from ctxpipe.commands.shared.files import write_file
from ctxpipe.commands.shared.options import HOW, OUTPUT, WHAT, HeadedCommand, numbers_of, option
from ctxpipe.commands.shared.printing import coloured, safe_line
from ctxpipe.commands.shared.table import table

if TYPE_CHECKING:
    from ctxpipe.evals.summary.summary import Summary

COSTS, LENGTHS = "Costs", "Length of sources"
"""Headings of its help."""


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe eval report run1\n"
    "  ctxpipe eval report run1 --html run1.html --json run1.json --margin 0.02",
)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@option(
    OUTPUT, "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write one self-contained page."
)
@option(OUTPUT, "--json", "numbers", type=click.Path(dir_okay=False, path_type=Path), help="Write the numbers as JSON.")
@option(
    OUTPUT,
    "--figures",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write every plot into this folder, as SVG.",
)
@option(
    WHAT,
    "--score",
    metavar="NAME",
    help="Score of the verdict: nll, answer or survival. [default: the first that there is]",
)
@option(WHAT, "--margin", type=float, default=0.05, show_default=True, help="Largest loss that does not matter.")
@option(WHAT, "--method", metavar="NAME", help="Method that the verdict is on. [default: default]")
@option(COSTS, "--prompt-price", type=float, default=0.0, help="Price of a million prompt tokens, in any currency.")
@option(COSTS, "--answer-price", type=float, default=0.0, help="Price of a million tokens of answers.")
@option(COSTS, "--hour-price", type=float, default=0.0, help="Price of an hour of the machine that compresses.")
@option(
    LENGTHS, "--plan", "planned_model", metavar="MODEL", help="Say how long sources can be for this model on --gpus."
)
@option(LENGTHS, "--gpus", default="1,2,4,8", show_default=True, help="Numbers of GPUs for --plan.")
@option(LENGTHS, "--gpu", default="h100-80gb", show_default=True, help="Kind of GPU for --plan.")
@option(LENGTHS, "--server", metavar="URL", help="Say how long sources can be for this server's window.")
@option(HOW, "--seed", type=int, default=0, show_default=True, help="Seed of the bootstrap.")
def report(
    folder: Path,
    page: Path | None,
    numbers: Path | None,
    figures: Path | None,
    score: str | None,
    margin: float,
    method: str | None,
    prompt_price: float,
    answer_price: float,
    hour_price: float,
    planned_model: str | None,
    gpus: str,
    gpu: str,
    server: str | None,
    seed: int,
) -> None:
    """Print the verdict and the numbers of a run."""
    from ctxpipe.evals.report.equal_budget import equal_budget_lines
    from ctxpipe.evals.report.figures import write_figures
    from ctxpipe.evals.report.lengths import LIMITS, claim_line
    from ctxpipe.evals.report.report import html_report, verdict_line
    from ctxpipe.evals.summary.capacity import planned, served
    from ctxpipe.evals.summary.cost import Prices
    from ctxpipe.evals.summary.summary import summarise

    prices = Prices(prompt=prompt_price, completion=answer_price, hour=hour_price)
    capacities = [served(server)] if server else []
    if planned_model:
        capacities += planned(planned_model, numbers_of(gpus, int, "number of GPU"), gpu)
    summary = summarise(
        folder, score=score, margin=margin, method=method, seed=seed, prices=prices, capacities=capacities
    )
    if page is not None:
        write_file(page, html_report(summary))
    if numbers is not None:
        write_file(numbers, json.dumps(summary.to_json(), indent=1, ensure_ascii=False) + "\n")
    if figures is not None:
        write_figures(summary, figures)
    click.echo(verdict_line(summary))
    _show_rows(summary)
    for line in equal_budget_lines(summary):
        click.echo(safe_line(line))
    for arm in (arm for suite in summary.lengths for arm in suite.arms):
        if line := claim_line(arm):
            click.echo(safe_line(line))
    for one in summary.works:
        sign = "at least " if one.limit == "measured" else ""
        low, high = one.interval
        click.echo(
            f"{safe_line(one.capacity.name)}, {one.suite}, {one.arm}: a source of {sign}{one.tokens:,.0f} tokens works "
            f"[{low:,.0f}, {high:,.0f}]; limited by {LIMITS[one.limit]}"
        )
    for note in summary.notes:
        click.echo(f"note: {safe_line(note)}", err=True)


def _show_rows(summary: Summary) -> None:
    from ctxpipe.evals.summary.rows import TRUST_SCORES

    trusted = [name for name in TRUST_SCORES if any(name in row.other for row in summary.rows)]
    head = ["suite", "arm", "kept", "survival", *trusted, "nll", "gain retained", "right", "verdict"]
    rows = [[click.style(name, bold=True) for name in head]]
    for row in summary.rows:
        comparison = row.versus(summary.score)
        gain = row.retained and "{:.2f} [{:.2f}, {:.2f}]".format(row.retained.value, *row.retained.interval)
        kept = None if row.achieved is None else f"{row.achieved:.1%}"
        shares = (row.survival, *(row.other.get(name) for name in trusted), row.nll)
        means = (None if mean is None else f"{mean:.3f}" for mean in shares)
        verdict = coloured(comparison.verdict, COLOURS[comparison.verdict]) if comparison else ""
        right = None if row.answer is None else f"{row.answer:.3f}"
        rows.append([*(safe_line(cell or "") for cell in (row.suite, row.arm, kept, *means, gain, right)), verdict])
    for lines in table(rows, right=range(2, len(head) - 1)):
        click.echo("\n".join(lines))
