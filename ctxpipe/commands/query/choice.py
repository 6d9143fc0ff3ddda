"""``--max-loss``: a rate that was chosen by measurement, in place of one that is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.pipeline.types import Run

_CHOSEN = ("budget", "rate", "rank", "prune")


def chosen(
    max_loss: float | None, choice: Path | None, raw: bool, flags: Mapping[str, Any], quiet: bool
) -> dict[str, Any]:
    """Flags that a stored choice of a rate stands for; none without ``--max-loss``."""
    if max_loss is None:
        if choice is not None:
            raise UsageError("--choice needs --max-loss")
        return {}
    if raw or any(flags[name] is not None for name in _CHOSEN):
        excluded = ", ".join(f"--{name}" for name in _CHOSEN)
        raise UsageError(f"--max-loss excludes --raw, {excluded}: the stored choice sets them")
    from ctxpipe.evals.paired.stored_choice import CHOICE_FILE, read_choice

    stored = read_choice(Path(CHOICE_FILE) if choice is None else choice, max_loss=max_loss)
    if not quiet:
        told = (
            f"{stored.arm.name}, chosen for a loss of at most {stored.max_loss:g} of {stored.score}; {stored.verdict}"
        )
        click.echo(f"note: {safe_line(told)} on the sources that it was not chosen on", err=True)
    return {"rate": stored.arm.rate, "rank": stored.arm.rank, "prune": stored.arm.prune}


def warn_of_less(run: Run, rate: float) -> None:
    """Say when the window left room for less than the choice allows: what was measured no longer holds."""
    room = run.context.budget / max(1, run.context.source_tokens)
    if int(rate * run.context.source_tokens) > run.context.budget:
        told = f"the window leaves room for {room:.1%} of the tokens, less than the {rate:.1%} chosen"
        click.echo(f"warning: {told}; the loss may be larger", err=True)
