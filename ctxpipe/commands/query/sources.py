"""Under the answer of ``query``: the cited sentences and their places, or that there is no answer."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from ctxpipe.commands.shared.cells import columns_of, wrapped
from ctxpipe.commands.shared.cells import width as cells
from ctxpipe.commands.shared.printing import safe_line

if TYPE_CHECKING:
    from ctxpipe.pipeline.types import Citation, Run

_WIDTH = 80
"""Most columns, and columns if standard error is no terminal."""
_LINES = 3
"""Most lines of a cited sentence."""
_CUT = "…"


def say_sources(run: Run) -> None:
    """Print to standard error what supports the answer, that nothing does, or that the documents hold none."""
    if run.unanswered:
        click.echo(f"\n  {_nothing(run)}\n", err=True)
        return
    if not run.citations and run.cover is None and run.answer.text.strip():
        click.echo("\n  No sentence was found that supports this answer.\n", err=True)
        return
    width = min(_WIDTH, columns_of(sys.stderr, _WIDTH))
    names = Counter(_name(document.source) for document in run.context.documents)
    for citation in run.citations:
        mark = "" if citation.number is None else f"[{citation.number}] "
        lines = _shortened(citation.text, width - 2 - len(mark))
        click.echo("", err=True)
        for index, line in enumerate(lines):
            click.echo(f"  {mark if not index else ' ' * len(mark)}{line}", err=True)
        click.echo(f"  {' ' * len(mark)}{click.style(_place(citation, names), dim=True)}", err=True)
    if run.citations:
        click.echo("", err=True)


def _place(citation: Citation, names: Counter[str]) -> str:
    """Where a citation stands: ``report.pdf, page 12``, or its characters where there are no pages."""
    short = _name(citation.source)
    source = safe_line(short if names[short] == 1 else citation.source)
    if citation.page is not None:
        return f"{source}, page {citation.page:,}"
    return f"{source}, characters {citation.start:,} to {citation.end:,}"


def _name(source: str) -> str:
    from ctxpipe.compress.select.labels import path_parts

    return path_parts(source)[-1]


def _nothing(run: Run) -> str:
    context = run.context
    what = "holds the answer"
    if run.unanswered == "unrelated":
        what = "bears on the question; the answer is not from there"
    if run.cover is not None and run.cover.failed:
        return f"Nothing in the windows that were read {what}."
    if run.cover is not None or context.kept_tokens >= context.source_tokens:
        return f"Nothing in the documents {what}."
    sent = f"{context.kept_tokens:,} of {context.source_tokens:,} tokens"
    return f"Nothing in what was read of the documents ({sent}) {what}."


def _shortened(text: str, width: int) -> list[str]:
    """A text in quotation marks, wrapped to ``width`` columns; longer than ``_LINES`` lines, it ends in a mark."""
    lines = wrapped(f"“{safe_line(' '.join(text.split()))}”", max(8, width))
    if len(lines) <= _LINES:
        return lines
    last = lines[_LINES - 1]
    while cells(last) + len(_CUT) + 1 > width:
        last = last[:-1]
    return [*lines[: _LINES - 1], f"{last.rstrip()}{_CUT}”"]
