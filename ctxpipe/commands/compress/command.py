"""``ctxpipe compress``: fewer tokens out than came in."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.compress.show import show_context
from ctxpipe.commands.shared.closing import Stopwatch, brief, closing_options, whole
from ctxpipe.commands.shared.documents import Failures, check_paths, compression, context_json, documents_options
from ctxpipe.commands.shared.files import check_folder, write_file
from ctxpipe.commands.shared.options import OUTPUT, HeadedCommand, option
from ctxpipe.commands.shared.printing import safe_text, say_notes
from ctxpipe.commands.shared.progress import progress
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    '  ctxpipe compress report.pdf -q "Who signed the contract?" --budget 6000 > context.txt\n'
    "  cat notes.md | ctxpipe compress - --rate 0.25 --html notes.html",
)
@documents_options
@option(OUTPUT, "-o", "--output", metavar="FILE", help="Write the kept text there instead of to standard output.")
@option(
    OUTPUT,
    "--show",
    is_flag=True,
    help="Show the context, then the whole text with what was kept and dropped.",
)
@option(OUTPUT, "--html", "page", metavar="FILE", help="Write a page that shows the same.")
@option(
    OUTPUT,
    "--json",
    "as_json",
    is_flag=True,
    help="Print text, places in the sources and numbers as one JSON object; no closing table.",
)
@closing_options
def compress(
    paths: tuple[str, ...],
    question: str | None,
    output: str | None,
    show: bool,
    page: str | None,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    trust_remote_code: bool,
    **flags: Any,
) -> None:
    """Shorten documents to an exact number of tokens.

    A token is the piece of text that a model counts in, about three quarters of an English word. Sentences are ranked
    by the question and the best are kept, in their order; without a question, those that cover most of the whole. PATH
    is a file, a directory, a glob or - for standard input. The kept text goes to standard output.
    """
    watch = Stopwatch()
    with watch.stage("start"):
        from ctxpipe.config import load
        from ctxpipe.models.cpu import cpu_threads
        from ctxpipe.pipeline.pipeline import Pipeline

    check_paths(paths, question)
    output = None if output == "-" else output
    check_folder(output)
    check_folder(page)
    config = load(flags)
    if config.budget is None and config.rate is None:
        raise UsageError("say how much to keep: --budget TOKENS or --rate SHARE")
    failures = Failures()
    with progress(quiet) as on_stage:
        with watch.stage("start"):
            pipeline = Pipeline(
                **compression(config),
                target=config.target,
                model=config.model,
                trust_remote_code=trust_remote_code,
                processes=cpu_threads(),
                on_stage=on_stage,
                on_failure=failures,
            )
        context = pipeline.compress(paths, question=question, budget=config.budget, rate=config.rate)
    say_notes(context)
    with watch.stage("write"):
        _write(context, output, show, page, as_json)
    if not quiet and (verbose or not as_json):
        timings = {**watch.timings, **context.timings}
        if verbose:
            whole(context, {}, timings, watch.seconds)
        else:
            brief(context, {"budget": f"{context.budget:,} tokens of {context.tokenizer}"}, timings, watch.seconds)
    failures.check()


def _write(context: CompressedContext, output: str | None, show: bool, page: str | None, as_json: bool) -> None:
    if page is not None:
        from ctxpipe.pipeline.view.page import page as render_page

        write_file(page, render_page(context))
    text = json.dumps(context_json(context), ensure_ascii=False) if as_json else context.text
    if output is not None:
        write_file(output, text)
    elif as_json or not show:
        terminal = sys.stdout.isatty()
        # A newline of ours would be a token more than the budget where the text is piped on.
        click.echo(safe_text(text) if terminal and not as_json else text, nl=terminal or as_json)
    if show:
        show_context(context, err=as_json and output is None)
