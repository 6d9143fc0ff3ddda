"""``ctxpipe index``: documents prepared once, in one file that can be asked any number of times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.shared.closing import Stopwatch, table
from ctxpipe.commands.shared.documents import Failures, all_files_option, decode_errors_option
from ctxpipe.commands.shared.options import HOW, OUTPUT, HeadedCommand, option
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.commands.shared.progress import progress
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.pipeline.corpus.index import Indexed


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe index handbook/ -o handbook.ctx\n"
    '  ctxpipe query handbook.ctx -q "Who signs for expenses?"\n'
    "  ctxpipe index -o handbook.ctx          # again, after files have changed\n"
    "  ctxpipe index --show handbook.ctx",
)
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@decode_errors_option
@all_files_option
@option(
    HOW,
    "--dense/--no-dense",
    default=None,
    help="Embed all passages, so that a large corpus is searched by meaning too, or leave that out and drop what there "
    "is. [default: embed; without a PATH as the last run]",
)
@option(
    HOW,
    "--sentences/--no-sentences",
    default=None,
    help="Embed the sentences of all passages too, so that questions of a large corpus take less than half the time; "
    "indexing takes about twice as long. [default: no; without a PATH as the last run]",
)
@option(OUTPUT, "-o", "--output", metavar="FILE", help="The corpus file, handbook.ctx for example.")
@option(OUTPUT, "--show", metavar="FILE", help="Say what is in a corpus file, and change nothing.")
@option(OUTPUT, "--quiet", is_flag=True, help="No progress and no closing table.")
def index(
    paths: tuple[str, ...],
    output: str | None,
    show: str | None,
    quiet: bool,
    all_files: bool | None,
    dense: bool | None,
    sentences: bool | None,
    **flags: Any,
) -> None:
    """Prepare documents once, for any number of questions.

    The file takes the place of a PATH in every other command, and is read much faster. It holds the text of the
    documents, and only you can read it. Run again, the command reads what has changed and drops what is gone; without a
    PATH it takes the paths of the last run. A run that was stopped goes on where it was. Words are indexed first,
    within seconds; the file can be used while passages are still embedded.
    """
    if show is not None:
        if paths or output:
            raise UsageError("--show FILE says what is in a file; it goes with nothing else")
        _show(show)
        return
    if output is None:
        raise UsageError("name the corpus file: -o handbook.ctx")
    if output == "-":
        raise UsageError("a corpus is a file, and cannot go to standard output; name one: -o handbook.ctx")
    watch = Stopwatch()
    from ctxpipe.config import load
    from ctxpipe.models.cpu import cpu_threads
    from ctxpipe.pipeline.corpus.corpus import index as make

    config = load({"decode_errors": flags["decode_errors"], "errors": flags.get("errors"), "all_files": all_files})
    failures = Failures()
    with progress(quiet) as on_stage:
        done = make(
            paths or None,
            output,
            decode_errors=config.decode_errors,
            all_files=bool(config.all_files),
            dense=dense,
            sentences=sentences,
            on_stage=on_stage,
            on_wait=lambda: click.echo("note: waiting for another index run on this file", err=True),
            processes=cpu_threads(),
        )
    for note in done.notes:
        click.echo(f"note: {safe_line(note)}", err=True)
    for failure in done.failures:
        failures(failure)
    if not quiet:
        _close(output, done, watch.seconds)
    failures.check()


def _close(output: str, done: Indexed, seconds: float) -> None:
    table(
        {
            "corpus": f"{output}: {done.documents:,} documents",
            "read": f"{done.read:,} new or changed, {done.unchanged:,} unchanged, {done.dropped:,} gone",
            **({"vectors": f"{done.embedded:,} passages embedded"} if done.embedded else {}),
            "time": f"{seconds:.1f} s",
        }
    )


def _show(file: str) -> None:
    from pathlib import Path

    from ctxpipe.pipeline.corpus.show import contents

    held = contents(Path(file))
    for source, characters, tokens in held.documents:
        click.echo(f"{tokens:>12,}  {characters:>14,}  {safe_line(source)}")
    characters = sum(document.characters for document in held.documents)
    tokens = sum(document.tokens for document in held.documents)
    table(
        {
            "corpus": f"{file}: {len(held.documents):,} documents, {held.megabytes:,.1f} MB",
            "text": f"{characters:,} characters, {tokens:,} tokens of {held.tokenizer}",
            "passages": f"{held.passages:,}, {held.vectors:,} of them with a vector"
            + (f", {held.sentences:,} with vectors of their sentences" if held.sentences else ""),
            "made of": ", ".join(held.roots) or "texts given in Python",
            **({} if held.is_complete else {"state": "not finished: run ctxpipe index again"}),
        }
    )
