"""``ctxpipe eval``: what compression costs, with intervals."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from ctxpipe.commands.common import safe_line
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ctxpipe.evals.comparison import Comparison
    from ctxpipe.evals.likelihood import Target
    from ctxpipe.evals.runner import OnProgress, Outcome
    from ctxpipe.evals.summary import Summary

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_WIDEST = 100  # a narrower terminal wraps lines, which loses nothing; rich would cut numbers off
_COLOURS = {"safe": "green", "harmful": "red", "inconclusive": "yellow"}


N = TypeVar("N")
ARMS = "raw,raw2,closed,default,bm25,head-tail,random"
QUICK_SUITES = ("nq10", "tatqa", "facts")
QUICK_LIMIT = 20


@click.group(
    "eval",
    epilog="\b\nExamples:\n"
    "  ctxpipe eval run needle facts --out run1\n"
    "  ctxpipe eval report run1 --html run1.html\n"
    "  ctxpipe eval compare raw.jsonl compressed.jsonl --margin 0.02",
)
def eval_() -> None:
    """Measure what compression costs, and say when to believe it."""


@eval_.command(
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
@click.option("--layers", default="1,2", show_default=True, help="1: what contexts hold; 2: likelihood of answers.")
@click.option(
    "--lengths",
    default="",
    metavar="1k,4k",
    help="Source tokens: of generated tasks (1k without), and to grow sets to.",
)
@click.option("--target", default="local", metavar="local|URL", show_default=True, help="What scores layer 2.")
@click.option("--model", metavar="NAME", help="The target's model.")
@click.option("--window", type=int, help="The target's window in tokens, when fewer than it says.")
@click.option(
    "--tokenizer",
    metavar="MODEL",
    help="Whose tokens are counted. [default: the local target's; smollm2-135m for a server]",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the run.")
@click.option("--retry-errors", is_flag=True, help="Try again what ended in an error before.")
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
    window: int | None,
    tokenizer: str | None,
    out: Path,
    retry_errors: bool,
    quick: bool,
    quiet: bool,
) -> None:
    """Run arms over suites and record what each costs.

    A suite is a generated task (needle, needles, kv, variables, facts), a public set in the --data folder, or a file.
    A run that was stopped goes on where it was when the same command is given again.
    """
    from ctxpipe.evals.arms import parse_arms
    from ctxpipe.evals.runner import Plan
    from ctxpipe.evals.runner import run as run_plan
    from ctxpipe.evals.suites import default_suites, parse_length

    if quick:
        suites = suites or tuple(name for name in QUICK_SUITES if name in default_suites(data))
        limit = QUICK_LIMIT if limit is None else limit
    plan = Plan(
        suites=suites or default_suites(data),
        arms=tuple(parse_arms(arms.split(","), _numbers(rates, float, "rate"))),
        out=out,
        data=data,
        layers=tuple(_numbers(layers, int, "layer")),
        limit=limit,
        seed=seed,
        lengths=tuple(parse_length(part) for part in lengths.split(",") if part.strip()),
        tokenizer=tokenizer or (model if target == "local" and model else "smollm2-135m"),
        retry_errors=retry_errors,
    )
    scorer = _target(target, model, window) if 2 in plan.layers else None
    with _run_progress(quiet) as on_progress:
        outcome = run_plan(plan, scorer, on_progress=on_progress)
    _said(outcome, out)


def _numbers(text: str, kind: Callable[[str], N], what: str) -> list[N]:
    try:
        return [kind(part) for part in text.split(",") if part.strip()]
    except ValueError as exc:
        raise UsageError(f"{text!r} is no list of {what}s") from exc


def _target(target: str, model: str | None, window: int | None) -> Target:
    if target == "local":
        from ctxpipe.evals.likelihood import LocalTarget

        return LocalTarget(model or "smollm2-135m", window=window)
    from ctxpipe.evals.server_likelihood import ServerTarget

    return ServerTarget(target, model=model, window=window)


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


@eval_.command(
    epilog="\b\nExamples:\n"
    "  ctxpipe eval report run1\n"
    "  ctxpipe eval report run1 --html run1.html --json run1.json --margin 0.02"
)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write one self-contained page.")
@click.option("--json", "numbers", type=click.Path(dir_okay=False, path_type=Path), help="Write the numbers as JSON.")
@click.option("--score", metavar="NAME", help="Headline score: nll or survival. [default: nll where there is one]")
@click.option("--margin", type=float, default=0.05, show_default=True, help="Largest loss that does not matter.")
@click.option("--method", metavar="NAME", help="Method that the verdict is on. [default: default]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the bootstrap.")
def report(
    folder: Path,
    page: Path | None,
    numbers: Path | None,
    score: str | None,
    margin: float,
    method: str | None,
    seed: int,
) -> None:
    """Say what a run found: the verdict, and a table or a page with everything behind it."""
    from ctxpipe.evals.report import html_report, verdict_line
    from ctxpipe.evals.summary import summarise

    summary = summarise(folder, score=score, margin=margin, method=method, seed=seed)
    if page is not None:
        page.write_text(html_report(summary), encoding="utf-8")
    if numbers is not None:
        text = json.dumps(summary.to_json(), indent=1, ensure_ascii=False, default=list)
        numbers.write_text(text + "\n", encoding="utf-8")
    click.echo(verdict_line(summary))
    _show_rows(summary)
    for note in summary.notes:
        click.echo(f"note: {safe_line(note)}", err=True)


def _show_rows(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("suite", "arm", "kept", "survival", "nll", "gain retained", "verdict"):
        table.add_column(name, justify="left" if name in ("suite", "arm", "verdict") else "right", no_wrap=True)
    for row in summary.rows:
        found = row.versus(summary.score)
        gain = row.retained and "{:.2f} [{:.2f}, {:.2f}]".format(row.retained.value, *row.retained.interval)
        kept = None if row.achieved is None else f"{row.achieved:.1%}"
        means = (None if mean is None else f"{mean:.3f}" for mean in (row.survival, row.nll))
        verdict = Text(found.verdict, style=_COLOURS[found.verdict]) if found else Text("")
        table.add_row(*(Text(cell or "") for cell in (row.suite, row.arm, kept, *means, gain)), verdict)
    console = Console(highlight=False)
    console.width = max(console.width, _WIDEST)
    console.print(table)


@eval_.command(epilog="\b\nExample:\n  ctxpipe eval choose run1 --max-loss 0.02 --score survival")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--max-loss", type=float, required=True, help="Largest loss that does not matter, in units of the score.")
@click.option("--method", metavar="NAME", default="default", show_default=True, help="Whose rates.")
@click.option("--score", metavar="NAME", help="Score to lose. [default: survival where there is one]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the halves and of the bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def choose(folder: Path, max_loss: float, method: str, score: str | None, seed: int, as_json: bool) -> None:
    """Choose the harshest rate that is safe on one half of the sources, and report it on the other half.

    The choice is stored in the run's folder as choice.json.
    """
    from ctxpipe.evals.choice import choose as choose_rate

    found = choose_rate(folder, max_loss=max_loss, method=method, score=score, seed=seed)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    if found.held_out is None or found.arm is None:
        click.echo(f"no rate of {method} is safe; the gentlest, {found.selection[0][0]}, on the selection half:")
        _show(found.selection[0][1])
        return
    click.echo(f"{found.arm}, chosen on {found.selection[0][1].n:,} items; on the {found.held_out.n:,} others:")
    _show(found.held_out)


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
