"""What ``compress`` and ``query`` share: options, progress, the closing table, what could not be read."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ctxpipe.errors import CtxpipeError, ReadError, UsageError

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext
    from ctxpipe.config import Config

F = TypeVar("F", bound=Callable[..., Any])
N = TypeVar("N", int, float)
_STAGES = {
    "read": "reading",
    "connect": "loading the target",
    "count": "counting tokens",
    "chunk": "finding passages",
    "rank": "ranking",
    "prune": "pruning",
    "select": "selecting",
    "ask": "asking",
}


def decode_errors_option(function: F) -> F:
    """``--decode-errors``, and its old name, which settings know."""
    choice = click.Choice(["strict", "replace"])
    function = click.option("--errors", type=choice, hidden=True)(function)
    return click.option("--decode-errors", type=choice, help="What undecodable bytes do.")(function)


def documents_options(function: F) -> F:
    """The options that say how documents become a context."""
    for option in reversed(
        [
            click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
            click.option("-q", "--question", help="What will be asked; the best text for it is kept."),
            click.option("--budget", type=int, help="Most tokens to keep."),
            click.option("--rate", type=float, help="Share of the tokens to keep, above 0 and at most 1."),
            click.option("--tokenizer", metavar="MODEL", help="Whose tokens budgets count; the target's by default."),
            click.option(
                "--rank",
                metavar="NAME",
                help="bm25, embedding, hybrid, learned or none; by default what measured best.",
            ),
            click.option(
                "--prune",
                metavar="NAME",
                help="none, learned, llmlingua2, longllmlingua, reference, random...; by default what measured best.",
            ),
            click.option("--prune-model", metavar="MODEL", help="Model that the pruner scores with."),
            click.option("--prune-url", metavar="URL", help="vLLM server that runs that model, in place of here."),
            click.option(
                "--keep", multiple=True, metavar="REGEX", help="Keep what matches before anything else; repeatable."
            ),
            click.option(
                "--force-tokens", metavar="LIST", help="Strings, with commas, that stay wherever their sentence does."
            ),
            click.option(
                "--no-cache",
                "score_cache",
                is_flag=True,
                flag_value=0,
                default=None,
                type=int,
                help="Neither use nor keep scores and embeddings of earlier calls.",
            ),
            decode_errors_option,
            click.option("--trust-remote-code", is_flag=True, help="Let code that comes with a model run."),
            click.option("--quiet", is_flag=True, help="No progress and no closing table."),
            click.option("--scorer", hidden=True),
            click.option("--scorer-url", hidden=True),
        ]
    ):
        function = option(function)
    return function


def compression(config: Config) -> dict[str, Any]:
    """The options of a pipeline that say how it compresses."""
    from ctxpipe.compress.cache.score_cache import MEGABYTES

    return {
        "rank": config.rank or "auto",
        "prune": config.prune or "auto",
        "prune_model": config.prune_model,
        "prune_url": config.prune_url,
        "keep": config.keep or (),
        "force_tokens": config.force_tokens or (),
        "score_cache": MEGABYTES if config.score_cache is None else config.score_cache,
        "tokenizer": config.tokenizer,
        "decode_errors": config.decode_errors,
    }


class Failures:
    """Collects documents that could not be read, saying each in its line."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, failure: ReadError) -> None:
        """Say what could not be read, and count it."""
        self.count += 1
        click.echo(f"error: {safe_line(str(failure))}", err=True)

    def check(self) -> None:
        """Make the exit code say that something is missing.

        Raises:
            SystemExit: through click, with code 1, if any document could not be read.
        """
        if self.count:
            click.echo(
                f"note: done without {self.count} input{'s' * (self.count > 1)} that could not be read", err=True
            )
            raise click.exceptions.Exit(CtxpipeError.exit_code)


def safe_line(text: str) -> str:
    """One line without characters that could steer a terminal."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in " ".join(text.split("\n"))
    )


def safe_text(text: str) -> str:
    """Text without characters that could steer a terminal, lines kept."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text.replace("\r\n", "\n"))


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show stages on standard error while work goes on; nothing when quiet or not a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def show(stage: str, done: int, total: int) -> None:
            if stage == "ask":
                # The answer's own text takes over the terminal from here.
                bars.stop()
                return
            bars.update(task, description=_STAGES.get(stage, stage), completed=done, total=total or None)

        yield show


def say_notes(context: CompressedContext) -> None:
    """Say what a person should know of a compression, on standard error."""
    for note in context.notes:
        click.echo(f"note: {safe_line(note)}", err=True)


def closing_table(
    context: CompressedContext, timings: Mapping[str, float], more: Mapping[str, str], started: float
) -> None:
    """Print what was done, to standard error."""
    from rich.console import Console
    from rich.table import Table

    rows = {
        "source tokens": f"{context.source_tokens:,}",
        "kept tokens": f"{context.kept_tokens:,} of {context.budget:,}",
        "rate": f"{context.rate:.1%}",
        "ranked, pruned by": f"{context.rank}, {context.prune}",
        **more,
        **{f"time: {_STAGES.get(name, name)}": f"{seconds:.2f} s" for name, seconds in timings.items()},
        "time: in all": f"{time.perf_counter() - started:.2f} s",
    }
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name, value in rows.items():
        table.add_row(name, safe_line(value))
    Console(stderr=True).print(table)


def context_json(context: CompressedContext) -> dict[str, Any]:
    """The object that ``compress --json`` prints."""
    names = [document.source for document in context.documents]
    return {
        "text": context.text,
        "question": context.question,
        "rank": context.rank,
        "prune": context.prune,
        "tokenizer": context.tokenizer,
        "source_tokens": context.source_tokens,
        "kept_tokens": context.kept_tokens,
        "budget": context.budget,
        "rate": round(context.rate, 6),
        "spans": [{"source": names[s.document], "start": s.start, "end": s.end} for s in context.spans],
        "sources": [
            {"source": s.source, "kind": s.kind, "characters": s.characters, "tokens": s.tokens}
            for s in context.sources
        ],
        "timings": {stage: round(seconds, 4) for stage, seconds in context.timings.items()},
    }


def numbers_of(text: str, kind: Callable[[str], N], what: str) -> list[N]:
    """The numbers of a list with commas.

    Raises:
        UsageError: if it is none; ``what`` is the singular of what it should hold.
    """
    try:
        return [kind(part) for part in text.split(",") if part.strip()]
    except ValueError as exc:
        raise UsageError(f"{text!r} is no list of {what}s") from exc
