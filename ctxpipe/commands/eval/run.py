"""``ctxpipe eval run``: arms over suites, one record for each item and arm."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctxpipe.commands.common import numbers_of, safe_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ctxpipe.evals.runs.runner import OnProgress, Outcome
    from ctxpipe.evals.targets.generation import Generator
    from ctxpipe.evals.targets.likelihood import Target

ARMS = "raw,raw2,closed,default,bm25,head-tail,random"
QUICK_SUITES = ("nq10", "tatqa", "facts")
QUICK_LIMIT = 20


@click.command(
    epilog="\b\nExamples:\n"
    "  ctxpipe eval run needle kv facts --lengths 1k,4k --limit 30 --out run1\n"
    "  ctxpipe eval run nq10 tatqa --data data --arms raw,closed,default,bm25 --rates 0.5,0.25 --out run2\n"
    "  ctxpipe eval run nq10 --data data --target http://localhost:8000 --out run3"
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of public sets.")
@click.option("--arms", default=ARMS, show_default=True, help="Arms; a method may carry its own rate: bm25@0.1.")
@click.option("--rates", default="0.25", show_default=True, help="Shares of the tokens that methods keep.")
@click.option("--limit", type=int, help="Most items of a suite. [default: all; 50 generated ones]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the choice of items.")
@click.option(
    "--layers", default="1,2", show_default=True, help="1: what contexts hold; 2: likelihood of answers; 3: answers."
)
@click.option(
    "--lengths",
    default="",
    metavar="1k,4k",
    help="Source tokens: of generated tasks (1k without), and to grow sets to.",
)
@click.option(
    "--target", default="local", metavar="local|URL", show_default=True, help="What is asked in layers 2 and 3."
)
@click.option("--model", metavar="NAME", help="The target's model.")
@click.option("--answer-tokens", type=int, help="Most tokens of an answer in layer 3. [default: 64]")
@click.option("--window", type=int, help="The target's window in tokens, when fewer than it says.")
@click.option(
    "--tokenizer",
    metavar="MODEL",
    help="Whose tokens are counted. [default: the local target's; smollm2-135m for a server]",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the run.")
@click.option("--retry-errors", is_flag=True, help="Try again what ended in an error before.")
@click.option(
    "--reuse-scores", is_flag=True, help="Compute models' scores once for all rates; compression is not timed then."
)
@click.option("--quick", is_flag=True, help=f"A few items of {', '.join(QUICK_SUITES)}: minutes on two cores.")
@click.option("--quiet", is_flag=True, help="No progress.")
def run(
    suites: tuple[str, ...],
    data: Path | None,
    arms: str,
    rates: str,
    limit: int | None,
    seed: int,
    layers: str,
    lengths: str,
    target: str,
    model: str | None,
    answer_tokens: int | None,
    window: int | None,
    tokenizer: str | None,
    out: Path,
    retry_errors: bool,
    reuse_scores: bool,
    quick: bool,
    quiet: bool,
) -> None:
    """Run arms over suites and record what each costs.

    A suite is a generated task (needle, needles, kv, variables, facts), a public set in the --data folder, a file, or
    a set of the Hugging Face Hub (hf:zai-org/LongBench/hotpotqa; needs the datasets extra).
    A run that was stopped goes on where it was when the same command is given again.
    """
    from ctxpipe.evals.runs.arms import parse_arms
    from ctxpipe.evals.runs.runner import Plan
    from ctxpipe.evals.runs.runner import run as run_plan
    from ctxpipe.evals.suites.suites import default_suites, parse_length

    if quick:
        suites = suites or tuple(name for name in QUICK_SUITES if name in default_suites(data))
        limit = QUICK_LIMIT if limit is None else limit
    plan = Plan(
        suites=suites or default_suites(data),
        arms=tuple(parse_arms(arms.split(","), numbers_of(rates, float, "rate"))),
        out=out,
        data=data,
        layers=tuple(numbers_of(layers, int, "layer")),
        limit=limit,
        seed=seed,
        lengths=tuple(parse_length(part) for part in lengths.split(",") if part.strip()),
        tokenizer=tokenizer or (model if target == "local" and model else "smollm2-135m"),
        retry_errors=retry_errors,
        reuse_scores=reuse_scores,
    )
    scorer = _target(target, model, window) if 2 in plan.layers else None
    generator = _generator(target, model, window, answer_tokens) if 3 in plan.layers else None
    with _run_progress(quiet) as on_progress:
        outcome = run_plan(plan, scorer, generator, on_progress=on_progress)
    _said(outcome, out)


def _target(target: str, model: str | None, window: int | None) -> Target:
    if target == "local":
        from ctxpipe.evals.targets.likelihood import LocalTarget

        return LocalTarget(model or "smollm2-135m", window=window)
    from ctxpipe.evals.targets.server_likelihood import ServerTarget

    return ServerTarget(target, model=model, window=window)


def _generator(target: str, model: str | None, window: int | None, answer_tokens: int | None) -> Generator:
    from ctxpipe.evals.targets.generation import ANSWER_TOKENS, Generator
    from ctxpipe.models.resolve import resolve
    from ctxpipe.serving.engines import connect

    engine = connect(target, model=model, window=window, resolve=resolve)
    return Generator(engine, max_tokens=ANSWER_TOKENS if answer_tokens is None else answer_tokens)


@contextmanager
def _run_progress(quiet: bool) -> Iterator[OnProgress]:
    if quiet or not sys.stderr.isatty():
        yield lambda done, total, suite: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        # Items are few and slow, so the estimate looks back over many of them.
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=600) as bars:
        task = bars.add_task("starting", total=None)
        yield lambda done, total, suite: bars.update(task, completed=done, total=total, description=safe_line(suite))


def _said(outcome: Outcome, out: Path) -> None:
    for note in outcome.notes:
        click.echo(f"note: {safe_line(note)}", err=True)
    parts = [f"{outcome.written:,} new records", f"{outcome.found:,} there before"]
    parts += [f"{n:,} {what}" for n, what in ((outcome.errors, "errors"), (outcome.truncated, "truncated")) if n]
    click.echo(f"{', '.join(parts)} in {safe_line(str(out))}", err=True)
