"""``ctxpipe eval run``: arms over suites, one record for each item and arm."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ctxpipe.commands.shared.options import HOW, HOW_MUCH, OUTPUT, TARGET, WHAT, HeadedCommand, numbers_of, option
from ctxpipe.commands.shared.printing import safe_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ctxpipe.evals.runs.runner import OnProgress, RunOutcome
    from ctxpipe.evals.targets.generation import Generator
    from ctxpipe.evals.targets.likelihood import LikelihoodTarget

ARMS = "raw,raw2,closed,default,bm25,head-tail,random"
QUICK_SUITES = ("nq10", "tatqa", "facts")
QUICK_LIMIT = 20


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe eval run needle kv facts --lengths 1k,4k --limit 30 --out run1\n"
    "  ctxpipe eval run nq10 tatqa --data data --arms raw,closed,default,bm25 --rates 0.5,0.25 --out run2\n"
    "  ctxpipe eval run nq10 --data data --target http://localhost:8000 --out run3",
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@option(
    WHAT,
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder of public sets.",
)
@option(
    WHAT,
    "--lengths",
    default="",
    metavar="1k,4k",
    help="Tokens of generated documents, and to grow those of other suites to. [default: 1k; others as they are]",
)
@option(
    WHAT,
    "--arms",
    default=ARMS,
    show_default=True,
    metavar="NAME,...",
    help="What is compared; a method may have a rate of its own: bm25@0.1.",
)
@option(
    HOW_MUCH,
    "--rates",
    default="0.25",
    show_default=True,
    metavar="SHARE,...",
    help="Shares of the tokens that methods keep.",
)
@option(
    HOW_MUCH,
    "--budgets",
    default="",
    metavar="2k,8k",
    help="Tokens that methods keep, in place of --rates.",
)
@option(
    WHAT,
    "--pool",
    type=click.Path(exists=True, path_type=Path),
    metavar="FOLDER|FILE",
    help="Let methods search one pool: the documents of all items, and those of a folder or a corpus file.",
)
@option(HOW_MUCH, "--limit", type=int, metavar="N", help="Most items of a suite. [default: all; 50 generated ones]")
@option(
    HOW_MUCH, "--quick", is_flag=True, help=f"{QUICK_LIMIT} items of {', '.join(QUICK_SUITES)}: minutes on two cores."
)
@option(
    HOW,
    "--layers",
    default="1,2",
    show_default=True,
    metavar="N,...",
    help="What is measured. 1: what the kept text holds; 2: how likely a model finds the right answer; 3: answers.",
)
@option(HOW, "--seed", type=int, default=0, show_default=True, metavar="N", help="Decides which items are drawn.")
@option(
    HOW,
    "--tokenizer",
    metavar="MODEL",
    help="Whose tokens are counted. [default: the local target's; smollm2-135m for a server]",
)
@option(
    HOW,
    "--reuse-scores",
    is_flag=True,
    help="Compute a model's scores once for all rates; compression is not timed then.",
)
@option(
    TARGET, "--target", default="local", metavar="local|URL", show_default=True, help="What is asked in layers 2 and 3."
)
@option(TARGET, "--model", metavar="NAME", help="Its model.")
@option(TARGET, "--answer-tokens", type=int, metavar="N", help="Most tokens of an answer in layer 3. [default: 64]")
@option(
    TARGET,
    "--window",
    type=int,
    metavar="TOKENS",
    help="Most tokens of prompt and answer together, if fewer than it says.",
)
@option(
    OUTPUT,
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Folder of the run.",
)
@option(OUTPUT, "--retry-errors", is_flag=True, help="Try again what ended in an error before.")
@option(OUTPUT, "--quiet", is_flag=True, help="No progress.")
def run(
    suites: tuple[str, ...],
    data: Path | None,
    arms: str,
    rates: str,
    budgets: str,
    pool: Path | None,
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
    """Measure what compression loses on questions with known answers.

    A suite is a generated task (needle, needles, kv, variables, facts, list, count, twins), a public set in the --data
    folder, a file, or a set of the Hugging Face Hub (hf:zai-org/LongBench/hotpotqa; needs the datasets extra). An arm
    is the context that the model gets: everything (raw; raw2 again, to measure noise; cover, window by window), nothing
    (closed), or what a method keeps.
    A run that was stopped goes on where it was when the same command is given again.
    """
    from ctxpipe.evals.runs.arms import parse_arms
    from ctxpipe.evals.runs.runner import RunPlan
    from ctxpipe.evals.runs.runner import run as run_plan
    from ctxpipe.evals.suites.suites import default_suites, parse_length

    if quick:
        suites = suites or tuple(name for name in QUICK_SUITES if name in default_suites(data))
        limit = QUICK_LIMIT if limit is None else limit
    amounts = [float(parse_length(part)) for part in budgets.split(",") if part.strip()]
    plan = RunPlan(
        suites=suites or default_suites(data),
        arms=tuple(parse_arms(arms.split(","), amounts or numbers_of(rates, float, "rate"))),
        pool=pool,
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


def _target(target: str, model: str | None, window: int | None) -> LikelihoodTarget:
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
    from ctxpipe.commands.shared.bar import ITEMS, bar

    with bar(ITEMS) as shown:
        yield lambda done, total, suite: shown.update(suite, done, total)


def _said(outcome: RunOutcome, out: Path) -> None:
    for note in outcome.notes:
        click.echo(f"note: {safe_line(note)}", err=True)
    parts = [f"{outcome.written:,} new records", f"{outcome.found:,} there before"]
    parts += [f"{n:,} {what}" for n, what in ((outcome.errors, "errors"), (outcome.truncated, "truncated")) if n]
    click.echo(f"{', '.join(parts)} in {safe_line(str(out))}", err=True)
