"""What commands that read documents share: their options, what could not be read, what was kept as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ctxpipe.commands.shared.options import HOW, HOW_MUCH, WHAT, option
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.errors import CtxpipeError, ReadError, UsageError

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext
    from ctxpipe.config import Config

F = TypeVar("F", bound=Callable[..., Any])


def decode_errors_option(function: F) -> F:
    """``--decode-errors``, and its old name, which settings know."""
    choice = click.Choice(["strict", "replace"])
    function = click.option("--errors", type=choice, hidden=True)(function)
    return option(
        WHAT,
        "--decode-errors",
        type=choice,
        help="strict: refuse a file with bytes that cannot be decoded; replace: put � for them. [default: strict]",
    )(function)


def all_files_option(function: F) -> F:
    """``--all-files``."""
    return option(
        WHAT,
        "--all-files",
        is_flag=True,
        default=None,
        help="Read all files of a directory, also ignored, vendored, built, lock, minified, generated and hidden ones. "
        "A secret is read only if its own path is given.",
    )(function)


def documents_options(function: F) -> F:
    """The documents, the question, and the options that say how they become a context."""
    function = compression_options(function)
    function = option(WHAT, "-q", "--question", help="What will be asked; the text that helps to answer it is kept.")(
        function
    )
    return click.argument("paths", nargs=-1, required=True, metavar="PATH...")(function)


_WHAT = (
    option(WHAT, "--keep", multiple=True, metavar="REGEX", help="Keep what matches, before all else; repeatable."),
    option(
        WHAT,
        "--force-tokens",
        metavar="LIST",
        help="Strings, separated by commas, that stay in every sentence that is kept in part.",
    ),
    decode_errors_option,
    all_files_option,
)
_HOW_MUCH = (
    option(HOW_MUCH, "--budget", type=int, metavar="TOKENS", help="Most tokens to keep."),
    option(HOW_MUCH, "--rate", type=float, metavar="SHARE", help="Share of the tokens to keep: 0.25 is a quarter."),
    option(HOW_MUCH, "--tokenizer", metavar="MODEL", help="Whose tokens are counted. [default: the target's]"),
)
_HOW = (
    option(
        HOW,
        "--rank",
        metavar="NAME",
        help="What orders sentences by the question: learned (a small model trained for this), hybrid (bm25 "
        "and embedding), bm25 (words in common), embedding (similar meaning), spread (covers most of the "
        "whole), none (the beginning). [default: learned; without a question spread]",
    ),
    option(
        HOW,
        "--effort",
        type=click.Choice(["fast", "default", "high"]),
        help="How much of long documents is ranked and read: more finds more, and takes longer. [default: default]",
    ),
    option(
        HOW,
        "--prune",
        metavar="NAME",
        help="What drops words from sentences: none (sentences stay whole), learned, llmlingua2, "
        "longllmlingua, reference, random, ... [default: none]",
    ),
    option(HOW, "--prune-model", metavar="MODEL", help="Model that --prune uses, in place of its own."),
    option(HOW, "--prune-url", metavar="URL", help="vLLM server that runs the model of --prune."),
    option(
        HOW,
        "--format",
        metavar="NAME",
        help="How kept text is written: labelled (each excerpt under its file and page), plain, numbered, xml, "
        "json. [default: labelled; numbered if a model is asked, so that it can cite]",
    ),
    option(
        HOW,
        "--tree",
        is_flag=True,
        default=None,
        help="Begin with a tree of what was read, in at most a tenth of the budget.",
    ),
    option(
        HOW,
        "--no-cache",
        "score_cache",
        is_flag=True,
        flag_value=0,
        default=None,
        type=int,
        help="Compute all scores anew, and store none.",
    ),
    option(HOW, "--trust-remote-code", is_flag=True, help="Run Python code that comes with a model."),
)
_FORMER = (
    click.option("--scorer", hidden=True),
    click.option("--scorer-url", hidden=True),
)


def compression_options(function: F) -> F:
    """The options that say how documents become a context."""
    for decorate in reversed((*_WHAT, *_HOW_MUCH, *_HOW, *_FORMER)):
        function = decorate(function)
    return function


def compression(config: Config) -> dict[str, Any]:
    """The options of a pipeline that say how it compresses."""
    from ctxpipe.compress.cache.score_cache import MEGABYTES
    from ctxpipe.compress.select.keep import Keep

    return {
        "rank": config.rank or "auto",
        "effort": config.effort,
        "prune": config.prune or "auto",
        "prune_model": config.prune_model,
        "prune_url": config.prune_url,
        "keep": Keep(patterns=config.keep or (), force_tokens=config.force_tokens or ()),
        "format": config.format,
        "tree": config.tree,
        "score_cache": MEGABYTES if config.score_cache is None else config.score_cache,
        "tokenizer": config.tokenizer,
        "decode_errors": config.decode_errors,
        "all_files": config.all_files,
    }


def check_paths(paths: Sequence[str], question: str | None) -> None:
    """Refuse a question that was given in place of a path.

    Raises:
        UsageError: if a path is no file and looks like a question, and none was given.
    """
    from glob import glob
    from pathlib import Path

    for path in () if question else paths:
        if (" " in path.strip() or path.endswith("?")) and not Path(path).exists() and not glob(path):
            raise UsageError(f"there is no file {path!r}; did you mean -q {path!r}?")


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
        "excerpts": [
            {
                "source": names[e.document],
                "pages": list(e.pages),
                "trail": list(e.trail),
                "stretches": [list(stretch) for stretch in e.stretches],
            }
            for e in context.excerpts
        ],
        "frames": [list(frame) for frame in context.frames],
        "sources": [
            {"source": s.source, "kind": s.kind, "characters": s.characters, "tokens": s.tokens}
            for s in context.sources
        ],
        "timings": {stage: round(seconds, 4) for stage, seconds in context.timings.items()},
        "notes": list(context.notes),
    }
