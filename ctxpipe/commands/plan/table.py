"""A plan on the terminal, and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.shared.cells import columns_of
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.commands.shared.table import table

if TYPE_CHECKING:
    from ctxpipe.commands.plan.documents import Counted
    from ctxpipe.evals.paired.stored_choice import MeasuredRates
    from ctxpipe.serving.planner.types import Plan, PlanRow

_WIDTH = 160
"""Columns if standard output is no terminal."""


def plan_json(made: Plan, counted: Counted | None, measured: MeasuredRates | None) -> dict[str, Any]:
    """The object that ``plan --json`` prints."""
    fields = made.to_json()
    if counted is not None:
        fields["tokenizer"] = counted.tokenizer
    if measured is not None:
        fields["choice"] = measured.path
        for row, shown in zip(made.rows, fields["rows"], strict=True):
            rate = None if row.rate_needed is None else measured.at(row.rate_needed)
            shown["measured"] = None if rate is None else asdict(rate)
    return fields


def show(made: Plan, counted: Counted | None, measured: MeasuredRates | None) -> None:
    """Print rows, then every constant that went in."""
    click.echo(click.style(safe_line(_title(made)), bold=True))
    if counted is not None:
        click.echo(safe_line(_documents(made, counted)))
    head = ["GPUs", "split", "weights/GPU", "cache/GPU", "bytes/token", "longest context", ""]
    head += [*(["documents"] if counted else []), *(["measured"] if counted and measured else [])]
    rows = [head]
    for row in made.rows:
        cells = [*_cells(row), _outcome(row)]
        if counted is not None:
            cells.append(_documents_cell(row))
            if measured is not None:
                cells.append(_measured_cell(row, measured))
        rows.append([safe_line(cell) for cell in cells])
    _print(rows, right=(0, 2, 3, 4, 5), wrap=len(head) - 6)
    constants = [[safe_line(cell) for cell in (one.name, one.value, one.source)] for one in made.assumptions]
    click.echo(click.style("\nassumed", dim=True))
    for lines in table(constants, wrap=2, columns=columns_of(sys.stdout, _WIDTH)):
        click.echo(click.style("\n".join(lines), dim=True))


def show_names() -> None:
    """Print what is built in."""
    from ctxpipe.serving.planner.memory.gpus import GPUS
    from ctxpipe.serving.planner.model.read import read_shape
    from ctxpipe.serving.planner.model.schemes import NAMED
    from ctxpipe.serving.planner.presets import PRESETS

    head = ["model", "parameters", "longest context", "checkpoint"]
    shapes = [(name, preset, read_shape(name, preset.config)) for name, preset in PRESETS.items()]
    models = [[name, f"{s.parameters:,}", f"{s.max_tokens:,}", preset.repository] for name, preset, s in shapes]
    _print([head, *models], right=(1, 2), wrap=1)
    _print([["GPU", "memory"], *([card.name, f"{card.gib:.2f} GiB"] for card in GPUS.values())], right=(1,))
    click.echo(f"quantisations: {', '.join(NAMED)}")


def _print(rows: Sequence[Sequence[str]], *, right: Collection[int], wrap: int = 0) -> None:
    head, *others = table(rows, right=right, wrap=wrap, columns=columns_of(sys.stdout, _WIDTH))
    click.echo(click.style("\n".join(head), dim=True))
    for lines in others:
        click.echo("\n".join(lines))


def _title(made: Plan) -> str:
    gigabytes = made.weights_bytes / 1e9
    kept = made.context_kv_bytes * made.batch / 1e9
    batch = f" for each of {made.batch:,} requests" if made.batch > 1 else ""
    return (
        f"{made.model}: {made.parameters / 1e9:,.1f} billion parameters, {gigabytes:,.1f} GB of weights; "
        f"KV cache of {made.context_tokens:,} tokens{batch}: {kept:,.{0 if kept >= 100 else 1}f} GB; "
        f"profile {made.profile}"
    )


def _documents(made: Plan, counted: Counted) -> str:
    by = f" of {counted.tokenizer}" if counted.tokenizer else ""
    return f"documents: {counted.tokens:,} tokens{by}, and {made.reserve_tokens:,} for question and answer"


def _cells(row: PlanRow) -> list[str]:
    return [
        f"{row.gpus} x {row.gpu}",
        f"tp {row.tensor_parallel}" + (f", pp {row.pipeline_parallel}" if row.pipeline_parallel > 1 else ""),
        f"{row.weights_gib:.1f} GiB",
        f"{max(0.0, row.kv_gib):.1f} GiB",
        f"{row.bytes_per_token:,}",
        f"{row.max_context_tokens:,}" if row.max_context_tokens else "none",
    ]


def _outcome(row: PlanRow) -> str:
    if row.reason:
        return row.reason
    return "the model's own limit" if row.limit == "model" else ""


def _documents_cell(row: PlanRow) -> str:
    if row.fits_raw:
        return "fit as they are"
    return f"fit at --rate {row.rate_needed:.6f}".rstrip("0") if row.rate_needed else "do not fit"


def _measured_cell(row: PlanRow, measured: MeasuredRates) -> str:
    if row.fits_raw or not row.rate_needed:
        return ""
    rate = measured.at(row.rate_needed)
    return "nothing as harsh was measured" if rate is None else rate.told
