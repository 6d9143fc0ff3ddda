"""``ctxpipe query``: a question, documents of any length, an answer with its sources."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.query.answer import close, run_json
from ctxpipe.commands.query.choice import chosen, warn_of_less
from ctxpipe.commands.query.cover import cover_of, cover_options
from ctxpipe.commands.query.sources import say_sources
from ctxpipe.commands.shared.asking import asking
from ctxpipe.commands.shared.closing import Stopwatch, closing_options
from ctxpipe.commands.shared.documents import Failures, check_paths, compression, documents_options
from ctxpipe.commands.shared.options import HOW_MUCH, OUTPUT, TARGET, HeadedCommand, option
from ctxpipe.commands.shared.printing import safe_text, say_notes
from ctxpipe.commands.shared.progress import progress
from ctxpipe.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ctxpipe.commands.serve.query import OwnServer
    from ctxpipe.compress.types import Document, OnStage
    from ctxpipe.config import Config
    from ctxpipe.pipeline.pipeline import Pipeline
    from ctxpipe.pipeline.types import Run
    from ctxpipe.serving.types import OnText


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    '  ctxpipe query report.pdf -q "What did the auditors find?"\n'
    '  ctxpipe query docs/ -q "How is the cache invalidated?" --target http://127.0.0.1:8000 --json\n'
    '  ctxpipe query docs/ -q "How is the cache invalidated?" --serve --cpu\n'
    '  ctxpipe query minutes/ -q "What was decided?" --cover',
)
@documents_options
@option(HOW_MUCH, "--raw", is_flag=True, help="Send everything, uncompressed; an error if it does not fit the window.")
@option(
    HOW_MUCH,
    "--max-loss",
    type=float,
    metavar="LOSS",
    help="Keep as much as 'ctxpipe eval choose' found to lose at most this (0.02 is 2 points), instead of filling the "
    "window.",
)
@option(
    HOW_MUCH,
    "--choice",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What 'ctxpipe eval choose' stored. [default: ./ctxpipe-choice.json]",
)
@option(
    TARGET,
    "--target",
    metavar="local|URL",
    help="What answers: a model on this machine, or a server with OpenAI's interface.",
)
@option(TARGET, "--model", metavar="NAME", help="Its model. [default: qwen2.5-coder-0.5b; a server's only one]")
@option(TARGET, "--serve", is_flag=True, help="Start a vLLM server for --model, ask it, and stop it.")
@option(TARGET, "--cpu", is_flag=True, help="With --serve: without a GPU, as 'ctxpipe serve --cpu' does.")
@option(
    TARGET,
    "--window",
    type=int,
    metavar="TOKENS",
    help="Most tokens of prompt and answer together, if the server does not say.",
)
@option(TARGET, "--max-tokens", type=int, metavar="TOKENS", help="Room left for the answer. [default: 512]")
@option(TARGET, "--timeout", type=float, metavar="SECONDS", help="How long to wait for the answer. [default: 300]")
@option(
    TARGET,
    "--endpoint",
    type=click.Choice(["auto", "chat", "completion"]),
    help="How a server is asked: by chat messages, by plain text, or as its model needs. [default: auto]",
)
@option(
    OUTPUT,
    "--json",
    "as_json",
    is_flag=True,
    help="Print the answer, its sources and numbers as one JSON object; no closing table.",
)
@cover_options
@closing_options
def query(
    paths: tuple[str, ...],
    question: str | None,
    serve: bool,
    cpu: bool,
    raw: bool,
    max_loss: float | None,
    choice: Path | None,
    cover: str | None,
    concurrency: int | None,
    yes: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    trust_remote_code: bool,
    **flags: Any,
) -> None:
    """Ask a question of documents of any length.

    The window is the number of tokens that a model can take at once. The documents are shortened to fit it, as
    'ctxpipe compress' does. The answer goes to standard output as it is written. The cited sentences with their places,
    and a closing table, go to standard error.
    """
    watch = Stopwatch()
    with watch.stage("start"):
        from ctxpipe.commands.serve.query import own_server
        from ctxpipe.config import load

    check_paths(paths, question)
    if not question or not question.strip():
        raise UsageError("ask something: -q QUESTION")
    covered = cover_of(cover, concurrency, yes, raw, flags, quiet)
    flags |= chosen(max_loss, choice, raw, flags, quiet)
    config = load(flags)
    failures = Failures()
    with ExitStack() as stack:
        own = None
        if _serves(serve, cpu, flags):
            with watch.stage("serve"):
                own = stack.enter_context(own_server(config, cpu=cpu, quiet=quiet))
        on_stage = stack.enter_context(progress(quiet))
        with watch.stage("start"):
            pipeline = _pipeline(config, own, trust_remote_code, on_stage, failures)
        with _started(own, pipeline, paths, watch) as sources, _written(not as_json) as on_text:
            run = _answered(pipeline, sources, question, covered, config, raw, flags, on_text)
    if not run.answer.text.strip():
        more = "; allow it more with --max-tokens" if run.answer.finish_reason == "length" else ""
        raise EngineError(f"{run.answer.model} ended without a word of an answer{more}")
    if as_json:
        click.echo(json.dumps(run_json(run), ensure_ascii=False))
    else:
        say_sources(run)
    say_notes(run.context)
    if max_loss is not None:
        warn_of_less(run, flags["rate"])
    if not quiet and (verbose or not as_json):
        close(run, watch, verbose=verbose)
    failures.check()


def _pipeline(
    config: Config, own: OwnServer | None, trust_remote_code: bool, on_stage: OnStage, on_failure: Failures
) -> Pipeline:
    from ctxpipe.models.cpu import cpu_threads
    from ctxpipe.pipeline.pipeline import Pipeline

    return Pipeline(
        **(compression(config) | ({} if own is None else own.tokenizer(config))),
        **asking(config, None if own is None else own.place()),
        trust_remote_code=trust_remote_code,
        processes=cpu_threads(),
        on_stage=on_stage,
        on_failure=on_failure,
    )


def _answered(
    pipeline: Pipeline,
    sources: tuple[str, ...] | tuple[Document, ...],
    question: str,
    cover: Mapping[str, Any] | None,
    config: Config,
    raw: bool,
    flags: Mapping[str, Any],
    on_text: OnText | None,
) -> Run:
    if cover is not None:
        return pipeline.cover(sources, question=question, on_text=on_text, **cover)
    wanted = {name: None if raw and flags[name] is None else getattr(config, name) for name in ("budget", "rate")}
    return pipeline.query(sources, question=question, raw=raw, on_text=on_text, **wanted)


@contextmanager
def _started(
    own: OwnServer | None, pipeline: Pipeline, paths: tuple[str, ...], watch: Stopwatch
) -> Iterator[tuple[str, ...] | tuple[Document, ...]]:
    """What is asked, with the server that answers running. Documents are read first, so a wrong path shows at once."""
    if own is None:
        yield paths
        return
    with watch.stage("read"):
        documents = pipeline.read(paths)
    with ExitStack() as stack:
        with watch.stage("serve"):
            stack.enter_context(own.running())
        yield documents


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
