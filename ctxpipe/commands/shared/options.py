"""Options under headings, so that the help of a command with many of them can be read, and lists in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ctxpipe.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
N = TypeVar("N", int, float)

WHAT = "What"
HOW_MUCH = "How much"
HOW = "How"
TARGET = "Target"
OUTPUT = "Output"
MORE = "More"


class HeadedOption(click.Option):
    """An option that stands under a heading.

    Args:
        *names: As for ``click.Option``.
        heading: The heading.
        **attributes: As for ``click.Option``.
    """

    def __init__(self, *names: Any, heading: str, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.heading = heading


class HeadedCommand(click.Command):
    """A command whose help lists its options under their headings, in the order of each heading's first option."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            line = parameter.get_help_record(ctx)
            if line is not None and not isinstance(parameter, click.Argument):
                sections.setdefault(getattr(parameter, "heading", MORE), []).append(line)
        for heading, lines in sections.items():
            with formatter.section(heading):
                formatter.write_dl(lines)


def option(heading: str, *names: str, **attributes: Any) -> Callable[[F], F]:
    """``click.option`` under a heading."""
    return click.option(*names, cls=HeadedOption, heading=heading, **attributes)


def parallelism(command: F) -> F:
    """The options of how a model is spread over GPUs."""
    layers = "Pipeline parallelism: groups of layers, one after the other. [default: --gpus by --tp]"
    heads = "Tensor parallelism: GPUs that share each layer. [default: what divides the attention heads, up to 8]"
    with_layers = option(HOW, "--pp", type=int, metavar="N", help=layers)(command)
    return option(HOW, "--tp", type=int, metavar="N", help=heads)(with_layers)


def numbers_of(text: str, kind: Callable[[str], N], what: str) -> list[N]:
    """The numbers of a list with commas.

    Raises:
        UsageError: if it is none; ``what`` is the singular of what it should hold.
    """
    try:
        return [kind(part) for part in text.split(",") if part.strip()]
    except ValueError as exc:
        raise UsageError(f"{text!r} is no list of {what}s") from exc
