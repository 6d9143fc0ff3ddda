"""``--cover``: its options, its cost, and its line in the closing table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ctxpipe.commands.shared.options import HOW_MUCH, TARGET, option
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.pipeline.cover.types import Cost
    from ctxpipe.pipeline.types import CoverUse

F = TypeVar("F", bound=Callable[..., Any])

MANY_CALLS, MANY_TOKENS = 100, 1_000_000
"""Requests and prompt tokens above which a person is asked before they are spent."""
_EXCLUDED = ("rate", "max_loss", "choice", "format", "tree")


class _How(click.Choice[str]):
    """``whole`` or ``compress``. ``--cover`` takes nothing else, so another word is a path."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value not in self.choices:
            raise UsageError(f"--cover takes whole or compress, not {value!r}; put the paths before --cover")
        return value


def cover_options(function: F) -> F:
    """``--cover``, ``--concurrency`` and ``--yes``."""
    for decorate in (
        option(
            TARGET,
            "--yes",
            is_flag=True,
            help=f"With --cover: do not ask before more than {MANY_CALLS} requests or {MANY_TOKENS:,} prompt tokens.",
        ),
        option(
            TARGET,
            "--concurrency",
            type=click.IntRange(min=1),
            metavar="N",
            help="With --cover: requests at a time. [default: 8 at a server, 1 on this machine]",
        ),
        option(
            HOW_MUCH,
            "--cover",
            type=_How(["whole", "compress"]),
            is_flag=False,
            flag_value="whole",
            metavar="[compress]",
            help="Read all of the documents in overlapping windows of --budget tokens, and answer from notes on "
            "them: for 'what was decided?', 'how many ...?', 'list every ...'. 'compress' shortens the windows first.",
        ),
    ):
        function = decorate(function)
    return function


def cover_of(
    how: str | None, concurrency: int | None, yes: bool, raw: bool, flags: Mapping[str, Any], quiet: bool
) -> dict[str, Any] | None:
    """Arguments of ``Pipeline.cover``; None without ``--cover``.

    Raises:
        UsageError: for options that exclude each other.
    """
    if how is None:
        if concurrency is not None or yes:
            raise UsageError(f"{'--yes' if yes else '--concurrency'} needs --cover")
        return None
    given = ["--raw"] if raw else []
    given += [f"--{name.replace('_', '-')}" for name in _EXCLUDED if flags.get(name)]
    if given:
        raise UsageError(f"--cover and {given[0]} exclude each other")
    agree = partial(_agree, yes=yes, quiet=quiet)
    return {"how": how, "window": flags["budget"], "concurrency": concurrency, "on_cost": agree}


def _agree(cost: Cost, *, yes: bool, quiet: bool) -> None:
    """Print the cost and where answers are stored; ask before a large cost."""
    stored = f", {cost.stored:,} answered by an earlier run" if cost.stored else ""
    told = (
        f"{cost.windows:,} windows{stored}: up to {cost.calls:,} requests, "
        f"about {cost.prompt_tokens:,} tokens of prompts"
    )
    asks = not yes and (cost.calls > MANY_CALLS or cost.prompt_tokens > MANY_TOKENS)
    if asks and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{told}; give --yes to continue")
    if not quiet:
        click.echo(f"note: {told}", err=True)
        if cost.place is not None:
            place = safe_line(str(cost.place))
            click.echo(f"note: answers are stored in {place}; after a stop, the same command continues", err=True)
    if asks:
        click.confirm("Continue?", err=True, abort=True)


def read_line(use: CoverUse, source_tokens: int) -> str:
    """What was read, for the closing table."""
    stored = f" and {use.stored:,} stored answers" if use.stored else ""
    failed = f", {use.failed:,} windows without an answer" if use.failed else ""
    return (
        f"{source_tokens:,} tokens in {use.windows:,} windows, {use.calls:,} requests{stored}, "
        f"{use.prompt_tokens:,} tokens of prompts{failed}"
    )
