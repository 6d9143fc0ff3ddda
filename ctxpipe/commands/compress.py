"""``ctxpipe compress``: fewer tokens out than came in."""

from __future__ import annotations

import json
import sys
import time
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
    safe_text,
    say_notes,
)
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext

_SHOWN = 400


@click.command(
    epilog="\b\nExamples:\n"
    '  ctxpipe compress report.pdf -q "Who signed the contract?" --budget 6000 > context.txt\n'
    "  cat notes.md | ctxpipe compress - --rate 0.25 --html notes.html"
)
@documents_options
@click.option("-o", "--output", metavar="FILE", help="Write the kept text there instead of to standard output.")
@click.option("--show", is_flag=True, help="Show kept and dropped text in the terminal.")
@click.option("--html", "page", metavar="FILE", help="Write a page that shows kept and dropped text.")
@click.option("--json", "as_json", is_flag=True, help="Print text, spans and numbers as one JSON object.")
def compress(
    paths: tuple[str, ...],
    question: str | None,
    output: str | None,
    show: bool,
    page: str | None,
    as_json: bool,
    quiet: bool,
    trust_remote_code: bool,
    **flags: Any,
) -> None:
    """Keep what matters most of documents, to an exact budget of tokens.

    PATH is a file, a directory, a glob or - for standard input. The kept text goes to standard output.
    """
    from ctxpipe.config import load
    from ctxpipe.pipeline.pipeline import Pipeline

    started = time.perf_counter()
    config = load(flags)
    if config.budget is None and config.rate is None:
        raise UsageError("say how much to keep: --budget TOKENS or --rate SHARE")
    failures = Failures()
    with progress(quiet) as on_stage:
        pipeline = Pipeline(
            **compression(config),
            trust_remote_code=trust_remote_code,
            on_stage=on_stage,
            on_failure=failures,
        )
        context = pipeline.compress(paths, question=question, budget=config.budget, rate=config.rate)
    say_notes(context)
    _write(context, output, show, page, as_json)
    if not quiet:
        closing_table(context, context.timings, {"tokenizer": context.tokenizer}, started)
    failures.check()


def _write(context: CompressedContext, output: str | None, show: bool, page: str | None, as_json: bool) -> None:
    if page is not None:
        from ctxpipe.pipeline.view import page as render_page

        write_file(page, render_page(context))
    text = json.dumps(context_json(context), ensure_ascii=False) if as_json else context.text
    if output is not None:
        write_file(output, text)
    elif as_json or not show:
        terminal = sys.stdout.isatty()
        # A newline of ours would be a token more than the budget where the text is piped on.
        click.echo(safe_text(text) if terminal and not as_json else text, nl=terminal or as_json)
    if show:
        _show(context, err=as_json and output is None)


def write_file(path: str, text: str) -> None:
    """Write a file whole or not at all: an error leaves what was there before.

    Raises:
        OSError: if it cannot be written.
    """
    import os
    import tempfile

    target = Path(path)
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="", errors="surrogateescape") as file:
            file.write(text)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    import os

    mask = os.umask(0)
    os.umask(mask)
    return mask


def _show(context: CompressedContext, *, err: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from ctxpipe.pipeline.view import pieces

    styles = {"kept": "bold", "protected": "bold underline", "dropped": "dim strike", "elided": "dim italic"}
    console = Console(stderr=err, highlight=False, soft_wrap=True)
    current = -1
    for piece in pieces(context, longest=_SHOWN):
        if piece.document != current:
            current = piece.document
            console.print(Text(f"\n== {safe_text(context.documents[current].source)}", style="bold reverse"))
        console.print(Text(safe_text(piece.text), style=styles[piece.fate]), end="")
    console.print()
