"""``ctxpipe query``: a question, documents of any length, an answer with its sources."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.common import (
    Failures,
    closing_table,
    compression,
    context_json,
    documents_options,
    progress,
    safe_line,
    safe_text,
    say_notes,
)
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ctxpipe.pipeline.types import Run
    from ctxpipe.serving.types import OnText

_CHOSEN = ("budget", "rate", "rank", "prune")


@click.command(
    epilog="\b\nExamples:\n"
    '  ctxpipe query report.pdf -q "What did the auditors find?"\n'
    '  ctxpipe query docs/ -q "How is the cache invalidated?" --target http://127.0.0.1:8000 --json\n'
    '  ctxpipe query docs/ -q "How is the cache invalidated?" --serve --cpu'
)
@documents_options
@click.option("--target", metavar="local|URL", help="What answers: the local model, or an OpenAI-compatible server.")
@click.option("--model", metavar="NAME", help="The target's model.")
@click.option("--serve", is_flag=True, help="Start a vLLM server for --model, ask it, and stop it.")
@click.option("--cpu", is_flag=True, help="With --serve: without a GPU, as 'ctxpipe serve --cpu' does.")
@click.option("--window", type=int, help="The target's window in tokens, when it cannot say itself.")
@click.option("--max-tokens", type=int, help="Room left for the answer.")
@click.option("--timeout", type=float, help="Seconds to wait for an answer.")
@click.option(
    "--endpoint",
    type=click.Choice(["auto", "chat", "completion"]),
    help="How a server is asked; by default as its model needs.",
)
@click.option("--raw", is_flag=True, help="Send everything, uncompressed.")
@click.option(
    "--max-loss",
    type=float,
    help="Compress at the rate that 'ctxpipe eval choose' stored for this loss, instead of filling the window.",
)
@click.option(
    "--choice",
    type=click.Path(path_type=Path),
    help="File of that choice. [default: ./ctxpipe-choice.json]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer, its sources and numbers as one JSON object.")
def query(
    paths: tuple[str, ...],
    question: str | None,
    serve: bool,
    cpu: bool,
    raw: bool,
    max_loss: float | None,
    choice: Path | None,
    as_json: bool,
    quiet: bool,
    trust_remote_code: bool,
    **flags: Any,
) -> None:
    """Ask a question of documents that need not fit the model's window.

    The answer goes to standard output as it is written; what supports it and a table go to standard error.
    """
    from ctxpipe.commands.serve.query import own_server
    from ctxpipe.config import load
    from ctxpipe.pipeline.pipeline import MAX_TOKENS, Pipeline

    started = time.perf_counter()
    if not question or not question.strip():
        raise UsageError("ask something: -q QUESTION")
    flags |= _chosen(max_loss, choice, raw, flags, quiet)
    config = load(flags)
    own = own_server(config, cpu=cpu, quiet=quiet) if _serves(serve, cpu, flags) else None
    place = {"target": config.target, "model": config.model} if own is None else own.target(config)
    failures = Failures()
    with progress(quiet) as on_stage:
        pipeline = Pipeline(
            **(compression(config) | place),
            window=config.window,
            max_tokens=MAX_TOKENS if config.max_tokens is None else config.max_tokens,
            timeout=300.0 if config.timeout is None else config.timeout,
            endpoint=config.endpoint,
            trust_remote_code=trust_remote_code,
            on_stage=on_stage,
            on_failure=failures,
        )
        # Documents are read before a server is started for them, so that a wrong path shows at once.
        sources = paths if own is None else pipeline.read(paths)
        wanted = {name: None if raw and flags[name] is None else getattr(config, name) for name in ("budget", "rate")}
        with nullcontext() if own is None else own.running(), _written(not as_json) as on_text:
            run = pipeline.query(sources, question=question, raw=raw, on_text=on_text, **wanted)
    say_notes(run.context)
    if max_loss is not None:
        _warn(run, flags["rate"])
    if as_json:
        click.echo(json.dumps(run_json(run), ensure_ascii=False))
    else:
        _sources(run)
    if not quiet:
        _table(run, started)
    failures.check()


@contextmanager
def _written(streamed: bool) -> Iterator[OnText | None]:
    """What writes an answer to standard output as it comes; the block's end ends its line, whatever happened."""
    said = False

    def on_text(text: str) -> None:
        nonlocal said
        said = True
        click.echo(safe_text(text) if sys.stdout.isatty() else text, nl=False)
        sys.stdout.flush()

    try:
        yield on_text if streamed else None
    finally:
        if said:
            click.echo()


def _serves(serve: bool, cpu: bool, flags: Mapping[str, Any]) -> bool:
    if cpu and not serve:
        raise UsageError("--cpu needs --serve")
    if serve and flags["target"] is not None:
        raise UsageError("--serve and --target exclude each other: the server that is started is the target")
    return serve


def _chosen(
    max_loss: float | None, choice: Path | None, raw: bool, flags: Mapping[str, Any], quiet: bool
) -> dict[str, Any]:
    """Flags that a stored choice of a rate stands for; none without ``--max-loss``."""
    if max_loss is None:
        if choice is not None:
            raise UsageError("--choice needs --max-loss")
        return {}
    if raw or any(flags[name] is not None for name in _CHOSEN):
        excluded = ", ".join(f"--{name}" for name in _CHOSEN)
        raise UsageError(f"--max-loss excludes --raw, {excluded}: the stored choice sets them")
    from ctxpipe.evals.paired.stored_choice import CHOICE_FILE, read_choice

    found = read_choice(Path(CHOICE_FILE) if choice is None else choice, max_loss=max_loss)
    if not quiet:
        told = f"{found.arm.name}, chosen for a loss of at most {found.max_loss:g} of {found.score}; {found.verdict}"
        click.echo(f"note: {safe_line(told)} on the sources that it was not chosen on", err=True)
    return {"rate": found.arm.rate, "rank": found.arm.rank, "prune": found.arm.prune}


def _warn(run: Run, rate: float) -> None:
    """Say when the window left room for less than the choice allows: what was measured no longer holds."""
    room = run.context.budget / max(1, run.context.source_tokens)
    if int(rate * run.context.source_tokens) > run.context.budget:
        told = f"the window leaves room for {room:.1%} of the tokens, less than the {rate:.1%} chosen"
        click.echo(f"warning: {told}; the loss may be larger", err=True)


def run_json(run: Run) -> dict[str, Any]:
    """The object that ``query --json`` prints."""
    context = context_json(run.context)
    del context["text"]
    return {
        "answer": run.answer.text,
        "target": run.target,
        "model": run.answer.model,
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.answer.completion_tokens,
        "window": run.window,
        "finish_reason": run.answer.finish_reason,
        "context": context,
        "raw": {"tokens": run.raw_tokens, "fits": run.raw_fits},
        "citations": [
            {"source": c.source, "start": c.start, "end": c.end, "page": c.page, "support": c.support, "text": c.text}
            for c in run.citations
        ],
        "timings": {stage: round(seconds, 4) for stage, seconds in run.timings.items()},
        **({"server": asdict(run.server)} if run.server else {}),
    }


def _sources(run: Run) -> None:
    for citation in run.citations:
        page = f", page {citation.page}" if citation.page is not None else ""
        place = f"{citation.source}{page}, characters {citation.start:,} to {citation.end:,}"
        text = " ".join(citation.text.split())
        short = text if len(text) <= 160 else f"{text[:157]}..."
        click.echo(safe_line(f"  [{place}] {short}"), err=True)


def _table(run: Run, started: float) -> None:
    share = (run.prompt_tokens + run.max_tokens) / run.window
    raw = "fits" if run.raw_fits else f"{run.raw_tokens + run.max_tokens - run.window:,} too many"
    more = {
        "prompt tokens": f"{run.prompt_tokens:,}",
        "window used": f"{share:.1%} of {run.window:,}, with {run.max_tokens:,} for the answer",
        "raw prompt": f"{run.raw_tokens:,} ({raw})",
        "answer tokens": f"{run.answer.completion_tokens:,}"
        + (" (cut off)" if run.answer.finish_reason == "length" else ""),
        "model": run.answer.model,
        **_server(run),
    }
    closing_table(run.context, run.timings, more, started)


def _server(run: Run) -> dict[str, str]:
    """What the server counted, as a line of the closing table."""
    if run.server is None or run.server.first_token_seconds is None:
        return {}
    first = f"first token after {run.server.first_token_seconds:.2f} s"
    others = f", {run.server.requests:,} requests" if run.server.requests > 1 else ""
    hits, tokens = run.server.cache_hits, run.server.prompt_tokens
    return {"server": f"{hits:,} of {tokens:,} prompt tokens cached, {first}{others}"}
