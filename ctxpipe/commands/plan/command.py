"""``ctxpipe plan``: what fits on which GPUs, before anything is started."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.shared.documents import Failures, all_files_option, decode_errors_option
from ctxpipe.commands.shared.files import write_file
from ctxpipe.commands.shared.options import HOW, HOW_MUCH, OUTPUT, WHAT, HeadedCommand, option, parallelism
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.commands.shared.progress import progress
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.serving.planner.types import Plan


@click.command(
    cls=HeadedCommand,
    epilog="\b\nExamples:\n"
    "  ctxpipe plan --model scout --gpus 1,2,4,8 --kv-dtype fp8\n"
    "  ctxpipe plan report.pdf --gpus 1 --plot plan.svg\n"
    "  ctxpipe plan --model ./my-model --gpu 48GiB --tp 2 --json",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@option(
    WHAT,
    "--model",
    default="scout",
    show_default=True,
    metavar="NAME",
    help="Built-in name, folder, config.json or Hugging Face id.",
)
@option(
    WHAT,
    "--quantization",
    metavar="NAME",
    help="How weights are stored, in place of the model's own: none, w4a16, fp8, int4-mixed, ...",
)
@option(WHAT, "--language-only", is_flag=True, help="Leave out the parts of the model for images and sound.")
@option(WHAT, "--tokens", type=int, metavar="N", help="Tokens of documents, beside those of PATH.")
@option(WHAT, "--tokenizer", metavar="MODEL", help="Whose tokens documents are counted in. [default: the model's]")
@decode_errors_option
@all_files_option
@option(HOW_MUCH, "--gpus", metavar="N[,N...]", help="How many GPUs. [default: 1,2,4,8, or --tp times --pp]")
@option(
    HOW_MUCH,
    "--gpu",
    default="h100-80gb",
    show_default=True,
    metavar="NAME",
    help="Which GPU, or its memory: 48GiB, name=46.5GiB.",
)
@option(HOW_MUCH, "--context", type=int, metavar="TOKENS", help="Tokens of one request.")
@option(
    HOW_MUCH,
    "--batch",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Requests at once, each of the longest context.",
)
@option(HOW_MUCH, "--reserve", type=int, metavar="TOKENS", help="Left for question and answer. [default: 1024]")
@option(
    HOW_MUCH, "--utilisation", type=float, metavar="SHARE", help="Share of the memory that vLLM uses. [default: 0.92]"
)
@option(
    HOW_MUCH,
    "--overhead",
    "overhead_gib",
    type=float,
    metavar="GIB",
    help="Memory of each GPU for all but weights and KV cache. [default: 4]",
)
@option(
    HOW,
    "--profile",
    default="vllm",
    show_default=True,
    metavar="vllm|reference",
    help="Whose memory is computed: vLLM's, or that of Meta's own scripts.",
)
@parallelism
@option(
    HOW,
    "--kv-dtype",
    default="auto",
    show_default=True,
    metavar="TYPE",
    help="Number type of the KV cache: auto, bfloat16, fp8.",
)
@option(
    HOW,
    "--full-kv",
    "hybrid",
    flag_value=False,
    default=True,
    help="Cache every token, also in layers that look at a window or chunk only.",
)
@option(HOW, "--block-size", type=int, metavar="TOKENS", help="Tokens of a block of the KV cache. [default: vLLM's]")
@option(
    HOW,
    "--batched-tokens",
    type=int,
    metavar="N",
    help="Most tokens that vLLM computes in a step. [default: vLLM's for the GPU]",
)
@option(
    HOW,
    "--no-async",
    "async_scheduling",
    flag_value=False,
    default=True,
    help="Plan without vLLM's asynchronous scheduling.",
)
@option(
    HOW,
    "--kv-bytes",
    "kv_cache_bytes",
    type=int,
    metavar="N",
    help="Bytes of KV cache on each GPU, in place of the memory left.",
)
@option(
    OUTPUT,
    "--choice",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What 'ctxpipe eval choose' stored, to say what the needed rate costs. [default: ./ctxpipe-choice.json]",
)
@option(OUTPUT, "--plot", metavar="FILE", help="Draw context against GPUs, as .svg or .png.")
@option(OUTPUT, "--list", "listed", is_flag=True, help="List the models, GPUs and quantisations that are built in.")
@option(OUTPUT, "--json", "as_json", is_flag=True, help="Print one JSON object.")
@option(OUTPUT, "--quiet", is_flag=True, help="No progress, no notes.")
def plan(
    paths: tuple[str, ...],
    gpus: str | None,
    tokens: int | None,
    tokenizer: str | None,
    reserve: int | None,
    choice: Path | None,
    plot: str | None,
    listed: bool,
    as_json: bool,
    decode_errors: str | None,
    all_files: bool | None,
    errors: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Say which context fits on which GPUs.

    It also says how far documents must be compressed to fit. The memory of weights and KV cache (what a model keeps of
    each token that it has read) is computed from the model's config; nothing is loaded. PATH is a document, as for
    compress.
    """
    from ctxpipe.commands.plan.documents import count
    from ctxpipe.commands.plan.table import plan_json, show, show_names
    from ctxpipe.config import load
    from ctxpipe.evals.paired.stored_choice import measured_rates
    from ctxpipe.serving.planner.memory.options import RESERVE, Memory, Parallelism
    from ctxpipe.serving.planner.plan import plan as make
    from ctxpipe.serving.planner.plot.files import suffix_of

    if listed:
        show_names()
        return
    memory = {field.name: options.pop(field.name) for field in fields(Memory)}
    options |= {
        "gpus": _numbers(gpus),
        "parallelism": Parallelism(tensor=options.pop("tp"), pipeline=options.pop("pp")),
        "memory": Memory(**{name: value for name, value in memory.items() if value is not None}),
        "reserve": RESERVE if reserve is None else reserve,
    }
    if tokenizer is not None and not paths:
        raise UsageError("--tokenizer counts documents; name some")
    config = load({"tokenizer": tokenizer, "decode_errors": decode_errors, "errors": errors, "all_files": all_files})
    if plot is not None:
        suffix_of(plot)
    made = make(**options)  # before documents are read, so that a mistake shows at once
    failures = Failures()
    with progress(quiet) as on_stage:
        counted = count(
            paths,
            tokens,
            tokenizer=config.tokenizer,
            model=made.repository,
            decode_errors=config.decode_errors,
            all_files=config.all_files,
            on_stage=on_stage,
            on_failure=failures,
        )
    measured = measured_rates(choice) if counted is not None or choice is not None else None
    if counted is not None:
        made = make(**options, tokens=counted.tokens)
        for note in () if quiet else counted.notes:
            click.echo(f"note: {safe_line(note)}", err=True)
    if plot is not None:
        _draw(made, options if counted is None else options | {"tokens": counted.tokens}, plot)
    if as_json:
        click.echo(json.dumps(plan_json(made, counted, measured), ensure_ascii=False))
    else:
        show(made, counted, measured)
    failures.check()


def _draw(made: Plan, options: dict[str, Any], path: str) -> None:
    from ctxpipe.serving.planner.plot.compare import curves
    from ctxpipe.serving.planner.plot.files import suffix_of
    from ctxpipe.serving.planner.plot.plot import draw

    write_file(path, draw(curves(made, options), suffix_of(path)))


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as exc:
        raise UsageError(f"--gpus takes numbers, like 1,2,4, not {text!r}") from exc
