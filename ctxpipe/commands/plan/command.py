"""``ctxpipe plan``: what fits on which GPUs, before anything is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.common import Failures, decode_errors_option, progress, safe_line
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from ctxpipe.serving.planner.types import Plan


@click.command(
    epilog="\b\nExamples:\n"
    "  ctxpipe plan --model scout --gpus 1,2,4,8 --kv-dtype fp8\n"
    "  ctxpipe plan report.pdf --gpus 1 --plot plan.svg\n"
    "  ctxpipe plan --model ./my-model --gpu 48GiB --tp 2 --json"
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--model", default="scout", show_default=True, help="Built-in name, folder, config.json or hub id.")
@click.option("--gpus", metavar="N[,N...]", help="How many. [default: 1,2,4,8, or what --tp and --pp make up]")
@click.option("--gpu", default="h100-80gb", show_default=True, help="Which, or its memory: 48GiB, name=46.5GiB.")
@click.option(
    "--profile",
    default="vllm",
    show_default=True,
    metavar="vllm|reference",
    help="Whose memory: vLLM's or Meta's scripts'.",
)
@click.option("--quantization", metavar="NAME", help="In place of the config's: none, w4a16, fp8, int4-mixed, ...")
@click.option("--kv-dtype", default="auto", show_default=True, help="Type of the KV cache: auto, bfloat16, fp8.")
@click.option("--full-kv", is_flag=True, help="Keep every token in layers with a window or chunk, too.")
@click.option("--utilisation", type=float, help="Share of the memory that vLLM uses. [default: 0.92]")
@click.option("--overhead", type=float, metavar="GIB", help="Neither weights nor cache, on each GPU. [default: 4]")
@click.option("--tp", type=int, help="Tensor parallelism. [default: what divides the heads, up to 8]")
@click.option("--pp", type=int, help="Pipeline parallelism. [default: the rest]")
@click.option("--batch", type=int, default=1, show_default=True, help="Requests at once, each of the longest context.")
@click.option("--context", type=int, metavar="TOKENS", help="Context that a request shall have.")
@click.option("--tokens", type=int, metavar="N", help="Tokens of documents, beside those of PATH.")
@click.option("--tokenizer", metavar="MODEL", help="Whose tokens documents are counted in; the model's by default.")
@click.option("--reserve", type=int, metavar="TOKENS", help="Left for question and answer. [default: 1024]")
@click.option("--block-size", type=int, metavar="TOKENS", help="Of the cache. [default: vLLM's]")
@click.option("--batched-tokens", type=int, metavar="N", help="Most tokens of a step. [default: vLLM's for the GPU]")
@click.option("--no-async", is_flag=True, help="Without asynchronous scheduling.")
@click.option("--kv-bytes", type=int, metavar="N", help="Bytes for the cache on each GPU, in place of the rest.")
@click.option("--language-only", is_flag=True, help="Leave out what sees or hears (vLLM's --language-model-only).")
@click.option(
    "--choice",
    type=click.Path(path_type=Path),
    help="What 'ctxpipe eval choose' stored. [default: ./ctxpipe-choice.json where there is one]",
)
@click.option("--plot", metavar="FILE", help="Draw context against GPUs, as .svg or .png.")
@click.option("--list", "listed", is_flag=True, help="List models, GPUs and quantisations that are built in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@decode_errors_option
@click.option("--quiet", is_flag=True, help="No progress, no notes.")
def plan(
    paths: tuple[str, ...],
    gpus: str | None,
    full_kv: bool,
    overhead: float | None,
    tokens: int | None,
    tokenizer: str | None,
    reserve: int | None,
    no_async: bool,
    kv_bytes: int | None,
    choice: Path | None,
    plot: str | None,
    listed: bool,
    as_json: bool,
    decode_errors: str | None,
    errors: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Say which context fits on which GPUs, and how far documents must be compressed to fit.

    Weights and KV cache are computed from the model's config; nothing is loaded. PATH is as for compress.
    """
    from ctxpipe.commands.plan.documents import count
    from ctxpipe.commands.plan.quality import stored
    from ctxpipe.commands.plan.table import plan_json, show, show_names
    from ctxpipe.config import load
    from ctxpipe.serving.planner.memory.options import RESERVE
    from ctxpipe.serving.planner.plan import plan as make
    from ctxpipe.serving.planner.plot.files import suffix_of

    if listed:
        show_names()
        return
    options |= {
        "gpus": _numbers(gpus),
        "hybrid": not full_kv,
        "overhead_gib": overhead,
        "reserve": RESERVE if reserve is None else reserve,
        "async_scheduling": not no_async,
        "kv_cache_bytes": kv_bytes,
    }
    if tokenizer is not None and not paths:
        raise UsageError("--tokenizer counts documents; name some")
    config = load({"tokenizer": tokenizer, "decode_errors": decode_errors, "errors": errors})
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
            on_stage=on_stage,
            on_failure=failures,
        )
    quality = stored(choice) if counted is not None or choice is not None else None
    if counted is not None:
        made = make(**options, tokens=counted.tokens)
        if counted.note and not quiet:
            click.echo(f"note: {safe_line(counted.note)}", err=True)
    if plot is not None:
        _draw(made, options if counted is None else options | {"tokens": counted.tokens}, plot)
    if as_json:
        click.echo(json.dumps(plan_json(made, counted, quality), ensure_ascii=False))
    else:
        show(made, counted, quality)
    failures.check()


def _draw(made: Plan, options: dict[str, Any], path: str) -> None:
    from ctxpipe.serving.planner.plot.compare import curves
    from ctxpipe.serving.planner.plot.files import suffix_of
    from ctxpipe.serving.planner.plot.plot import draw

    Path(path).write_bytes(draw(curves(made, options), suffix_of(path)))


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as exc:
        raise UsageError(f"--gpus takes numbers, like 1,2,4, not {text!r}") from exc
