"""A plan on the terminal, and as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ctxpipe.commands.shared.printing import safe_line

if TYPE_CHECKING:
    from ctxpipe.commands.plan.documents import Counted
    from ctxpipe.evals.paired.stored_choice import MeasuredRates
    from ctxpipe.serving.planner.types import Plan, PlanRow

_WIDTH = 160


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
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    console.print(safe_line(_title(made)), style="bold", markup=False)
    if counted is not None:
        console.print(safe_line(_documents(made, counted)), markup=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("GPUs", "split", "weights/GPU", "cache/GPU", "bytes/token", "longest context"):
        table.add_column(name, justify="left" if name == "split" else "right")
    for name in ["", *(["documents"] if counted else []), *(["measured"] if counted and measured else [])]:
        table.add_column(name, overflow="fold")
    for row in made.rows:
        cells = [*_cells(row), _outcome(row)]
        if counted is not None:
            cells.append(_documents_cell(row))
            if measured is not None:
                cells.append(_measured_cell(row, measured))
        table.add_row(*map(safe_line, cells))
    console.print(table)
    constants = Table(box=None, pad_edge=False, show_header=False, style="dim")
    for name in ("name", "value", "source"):
        constants.add_column(name, overflow="fold", ratio={"name": 2, "value": 4, "source": 9}[name])
    for one in made.assumptions:
        constants.add_row(safe_line(one.name), safe_line(one.value), safe_line(one.source))
    console.print("\nassumed", style="dim")
    console.print(constants)


def show_names() -> None:
    """Print what is built in."""
    from rich.console import Console
    from rich.table import Table

    from ctxpipe.serving.planner.memory.gpus import GPUS
    from ctxpipe.serving.planner.model.read import read_shape
    from ctxpipe.serving.planner.model.schemes import NAMED
    from ctxpipe.serving.planner.presets import PRESETS

    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    models = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("model", "parameters", "longest context", "checkpoint"):
        models.add_column(name, justify="right" if name in ("parameters", "longest context") else "left")
    for name, preset in PRESETS.items():
        shape = read_shape(name, preset.config)
        models.add_row(name, f"{shape.parameters:,}", f"{shape.max_tokens:,}", preset.repository)
    console.print(models)
    cards = Table(box=None, pad_edge=False, header_style="dim")
    cards.add_column("GPU")
    cards.add_column("memory", justify="right")
    for card in GPUS.values():
        cards.add_row(card.name, f"{card.gib:.2f} GiB")
    console.print(cards)
    console.print(f"quantisations: {', '.join(NAMED)}", markup=False)


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
