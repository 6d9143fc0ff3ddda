"""``ctxpipe eval``: what compression costs, with intervals."""

from __future__ import annotations

import click

from ctxpipe.commands.eval.choose import choose
from ctxpipe.commands.eval.compare import compare
from ctxpipe.commands.eval.report import report
from ctxpipe.commands.eval.run import run


@click.group(
    "eval",
    epilog="\b\nExamples:\n"
    "  ctxpipe eval run needle facts --out run1\n"
    "  ctxpipe eval report run1 --html run1.html\n"
    "  ctxpipe eval compare raw.jsonl compressed.jsonl --margin 0.02",
)
def eval_() -> None:
    """Measure what compression costs, with confidence intervals."""


for _command in (run, report, choose, compare):
    eval_.add_command(_command)
