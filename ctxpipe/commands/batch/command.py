"""``ctxpipe batch``: many questions from a file, each result once, whatever stops the run in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.shared.asking import asking
from ctxpipe.commands.shared.closing import Stopwatch, table
from ctxpipe.commands.shared.documents import compression, compression_options
from ctxpipe.commands.shared.options import HOW, OUTPUT, TARGET, WHAT, HeadedCommand, option
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.commands.shared.progress import progress
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.config import Config
    from ctxpipe.pipeline.batch.batch import BatchDone, BatchPlan

_SERVER, _LOCAL = 8, 1
_SHOWN = 5
"""Errors that are said; all are in the results."""


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe batch questions.jsonl -o answers.jsonl --corpus handbook.ctx --target http://127.0.0.1:8000\n"
    "  ctxpipe batch questions.jsonl -o contexts.jsonl --compress-only --budget 2000\n"
    "  ctxpipe batch questions.parquet -o contexts.parquet --compress-only --budget 2000 --ray 10.0.0.1:6379\n"
    "\n\b\nA line of questions.jsonl:\n"
    '  {"id": "q1", "question": "Who signed?", "paths": ["contract.pdf"], "budget": 2000}',
)
@click.argument("requests", type=click.Path(path_type=Path), metavar="REQUESTS")
@option(
    WHAT,
    "--corpus",
    multiple=True,
    metavar="PATH",
    help="Documents for all requests, beside their own paths: a corpus file or a directory; repeatable.",
)
@compression_options
@option(TARGET, "--target", metavar="local|URL", help="What answers: this machine, or an OpenAI-like server.")
@option(TARGET, "--model", metavar="NAME", help="Its model.")
@option(TARGET, "--window", type=int, metavar="TOKENS", help="Most tokens of prompt and answer together.")
@option(TARGET, "--max-tokens", type=int, metavar="TOKENS", help="Room left for the answer. [default: 512]")
@option(TARGET, "--timeout", type=float, metavar="SECONDS", help="How long to wait for an answer. [default: 300]")
@option(
    TARGET,
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Requests at the same time. [default: {_SERVER} at a server, {_LOCAL} on this machine]",
)
@option(
    HOW,
    "--ray",
    is_flag=False,
    flag_value="local",
    metavar="[ADDRESS]",
    help="Run on Ray: on this machine, or on the cluster at ADDRESS (auto, HOST:PORT). REQUESTS and FILE may then be "
    "Parquet.",
)
@option(
    OUTPUT,
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    required=True,
    help="Results, one JSON object a line. Requests whose result is in the file are not done again.",
)
@option(OUTPUT, "--compress-only", is_flag=True, help="Write contexts, and ask no model.")
@option(OUTPUT, "--quiet", is_flag=True, help="No progress and no closing table.")
def batch(
    requests: Path,
    output: Path,
    corpus: tuple[str, ...],
    compress_only: bool,
    concurrency: int | None,
    ray: str | None,
    quiet: bool,
    trust_remote_code: bool,
    **flags: Any,
) -> None:
    """Answer many questions, one a line of a file.

    Each line of REQUESTS is a JSON object with a question, and paths or a text; id, budget and rate are optional. Each
    gives a line of output: an answer with its citations, a context, or an error. A run that was stopped goes on where
    it was. Documents are compressed on every core while the server answers.
    """
    watch = Stopwatch()
    from ctxpipe.config import load

    config = load(flags)
    if compress_only and config.budget is None and config.rate is None:
        raise UsageError("say how much to keep: --budget TOKENS or --rate SHARE")
    plan = _plan(requests, output, corpus, compress_only, concurrency, trust_remote_code, config)
    errors: list[str] = []
    with progress(quiet) as on_stage:
        done = _run(plan, ray, concurrency)(
            on_progress=lambda finished, total: on_stage("batch", finished, total),
            on_error=lambda name, reason: errors.append(f"{name}: {reason}"),
        )
    _say(done, output, errors, None if quiet else watch)
    if done.failed or done.failed_before:
        raise click.exceptions.Exit(1)


def _plan(
    requests: Path,
    output: Path,
    corpus: tuple[str, ...],
    compress_only: bool,
    concurrency: int | None,
    trust_remote_code: bool,
    config: Config,
) -> BatchPlan:
    from ctxpipe.models.cpu import cpu_threads
    from ctxpipe.pipeline.batch.batch import BatchPlan

    here = config.target == "local"
    return BatchPlan(
        requests=requests,
        results=output,
        options={**compression(config), **asking(config), "trust_remote_code": trust_remote_code},
        shared=corpus,
        budget=config.budget,
        rate=config.rate,
        compress_only=compress_only,
        # Two for each process that compresses, so that it has the next request as soon as it has done one.
        concurrency=concurrency or (2 * cpu_threads() if compress_only else _LOCAL if here else _SERVER),
        # The model of this machine needs every core when it answers.
        processes=0 if here and not compress_only else cpu_threads(),
    )


def _run(plan: BatchPlan, ray: str | None, concurrency: int | None) -> Callable[..., BatchDone]:
    if ray is None:
        from ctxpipe.pipeline.batch.batch import run_batch

        return partial(run_batch, plan)
    from ctxpipe.pipeline.batch.cluster.run import run_on_ray

    return partial(run_on_ray, plan, ray, most=concurrency)


def _say(done: BatchDone, output: Path, errors: Sequence[str], watch: Stopwatch | None) -> None:
    """What failed and what was mended, and where a stopwatch is given the closing table."""
    for line in errors[:_SHOWN]:
        click.echo(f"error: {safe_line(line)}", err=True)
    if done.torn:
        what = "a file in" if output.is_dir() else "the last line of"
        click.echo(f"note: {what} {output} was incomplete; its requests were done again", err=True)
    if watch is not None:
        table(
            {
                "results": f"{output}: {done.done + done.before:,}, {done.before:,} of them from earlier runs",
                "errors": f"{done.failed + done.failed_before:,}"
                + (f", {done.failed_before:,} of them from earlier runs" if done.failed_before else ""),
                "time": f"{watch.seconds:.1f} s",
            }
        )
