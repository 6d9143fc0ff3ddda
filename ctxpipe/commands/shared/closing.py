"""The table that closes a command: five lines that matter, or all that was counted and timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ctxpipe.commands.shared.options import OUTPUT, option
from ctxpipe.commands.shared.printing import safe_line

if TYPE_CHECKING:
    from ctxpipe.compress.types import CompressedContext

F = TypeVar("F", bound=Callable[..., Any])
STAGES: Mapping[str, str] = {
    "start": "starting",
    "read": "reading",
    "serve": "starting the server",
    "connect": "loading the target",
    "tokenizer": "loading the tokenizer",
    "index": "indexing",
    "embed": "embedding passages",
    "batch": "answering",
    "count": "counting tokens",
    "chunk": "cutting passages",
    "find": "finding passages",
    "rank": "ranking",
    "prune": "pruning",
    "select": "selecting",
    "fit": "fitting the prompt",
    "cover": "reading all of it",
    "ask": "asking",
    "cite": "finding citations",
    "write": "writing",
}
"""Stage to what a person reads, in the order in which they are."""

_REST = "everything else"
_NAMED = 3
_WORTH_NAMING = 0.1
"""Most stages that the short table names, and the share of the time that makes one worth it."""


def closing_options(function: F) -> F:
    """The options that say how much is told beside the result."""
    quiet = option(OUTPUT, "--quiet", is_flag=True, help="No progress and no closing table.")
    verbose = option(OUTPUT, "--verbose", is_flag=True, help="Print all counts and times in the closing table.")
    return verbose(quiet(function))


class Stopwatch:
    """Seconds since a command began, and of stages that no pipeline times."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.timings: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        """Since the command began."""
        return time.perf_counter() - self.started

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block as a stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - begun


def brief(
    context: CompressedContext,
    more: Mapping[str, str],
    timings: Mapping[str, float],
    total: float,
    *,
    covered: bool = False,
) -> None:
    """Print the lines that matter to standard error.

    Args:
        context: What was kept.
        more: What else matters, by name; two lines at most.
        timings: Seconds by stage.
        total: Seconds in all.
        covered: Whether all was read, so that nothing was ranked and the context is what was cited.
    """
    method = {} if covered else {"method": f"rank {context.rank}, prune {context.prune}"}
    table(
        {"cited" if covered else "kept": _kept(context), **more, **method, "time": _largest(timings, total)},
    )


def _kept(context: CompressedContext) -> str:
    if context.kept_tokens > context.source_tokens:
        return f"all {context.source_tokens:,} tokens, {context.kept_tokens:,} with the names of documents"
    return f"{context.kept_tokens:,} of {context.source_tokens:,} tokens ({context.rate:.1%})"


def whole(context: CompressedContext, more: Mapping[str, str], timings: Mapping[str, float], total: float) -> None:
    """Print everything to standard error; the stages add up to the whole. Arguments as for ``brief``."""
    ordered = sorted(timings, key=lambda name: list(STAGES).index(name) if name in STAGES else len(STAGES))
    seconds = {STAGES.get(name, name): timings[name] for name in ordered}
    seconds[_REST] = max(0.0, total - sum(timings.values()))
    table(
        {
            "documents": f"{len(context.documents):,}",
            "source tokens": f"{context.source_tokens:,}",
            "kept tokens": f"{context.kept_tokens:,} of {context.budget:,}",
            "rate": f"{context.rate:.1%}",
            "tokenizer": context.tokenizer,
            "ranked, pruned by": f"{context.rank}, {context.prune}",
            **more,
            **{f"time: {name}": f"{spent:.2f} s" for name, spent in seconds.items()},
            "time: in all": f"{total:.2f} s",
        }
    )


def _largest(timings: Mapping[str, float], total: float) -> str:
    largest = sorted(timings, key=lambda name: -timings[name])[:_NAMED]
    named = [f"{STAGES.get(n, n)} {timings[n]:.1f} s" for n in largest if timings[n] >= _WORTH_NAMING * total]
    return ", ".join([f"{total:.1f} s in all", *named])


def table(rows: Mapping[str, str]) -> None:
    """Print names and values to standard error."""
    width = max(map(len, rows))
    for name, value in rows.items():
        click.echo(f"{click.style(name.ljust(width), dim=True)}  {safe_line(value)}", err=True)
