"""``ctxpipe serve``: a vLLM server, started, watched and stopped."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ctxpipe.commands.shared.options import HOW, HOW_MUCH, OUTPUT, WHAT, HeadedCommand, option, parallelism
from ctxpipe.commands.shared.printing import safe_line
from ctxpipe.errors import UsageError

if TYPE_CHECKING:
    from types import FrameType

    from ctxpipe.serving.launcher.launch import Launch
    from ctxpipe.serving.launcher.server import Server

KEPT_LOGS = 20
RECIPES = ("command", "ray", "systemd")
NODES = 2
ELSEWHERE = "/opt/vllm/bin/vllm"
"""Where a unit looks for a vllm that is not on this machine."""


@click.command(
    cls=HeadedCommand,
    context_settings={"ignore_unknown_options": False},
    epilog="\b\nExamples:\n"
    "  ctxpipe serve --model scout --gpus 4 --kv-dtype fp8\n"
    "  ctxpipe serve --model scout --gpus 4 --dry-run systemd > vllm.service\n"
    "  ctxpipe serve --cpu --port 0 -- --max-num-seqs 4",
)
@click.argument("extra", nargs=-1, metavar="[-- VLLM_OPTION...]")
@option(
    WHAT,
    "--model",
    metavar="NAME",
    help="Built-in name, folder or Hugging Face id. [default: scout; with --cpu, smollm2-135m]",
)
@option(WHAT, "--name", help="What clients call the model. [default: its name]")
@option(WHAT, "--language-only", is_flag=True, help="Leave out the parts of the model for images and sound.")
@option(
    WHAT,
    "--cpu",
    is_flag=True,
    help="Serve a small model without a GPU, by a CPU build of vLLM that is installed once.",
)
@option(HOW_MUCH, "--gpus", type=int, metavar="N", help="GPUs to use. [default: 1 on each machine, or --tp times --pp]")
@option(
    HOW_MUCH,
    "--gpu",
    metavar="NAME",
    help="Which GPU, or its memory: 48GiB. [default: what nvidia-smi finds, else h100-80gb]",
)
@option(
    HOW_MUCH,
    "--max-model-len",
    metavar="N|auto|plan",
    help="Window in tokens: a number, what vLLM finds room for (auto), or what 'ctxpipe plan' says (plan). "
    "[default: auto; with --cpu, the model's]",
)
@option(HOW_MUCH, "--retry", is_flag=True, help="If the window does not fit, start once more with the one that does.")
@option(
    HOW_MUCH,
    "--utilisation",
    type=float,
    metavar="SHARE",
    help="Share of each GPU's memory that vLLM uses. [default: 0.92]",
)
@option(
    HOW_MUCH,
    "--start-timeout",
    type=float,
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a start may take.",
)
@parallelism
@option(HOW, "--kv-dtype", metavar="TYPE", help="Number type of the KV cache: auto, bfloat16, fp8. [default: auto]")
@option(HOW, "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all networks.")
@option(HOW, "--port", type=int, default=8000, show_default=True, help="Port to listen on; 0 for any that is free.")
@option(HOW, "--vllm", metavar="PROGRAM", help="The vllm to start. [default: beside this Python, else on the path]")
@option(
    OUTPUT,
    "--dry-run",
    is_flag=False,
    flag_value="command",
    type=click.Choice(RECIPES),
    help="Start nothing; print the command, or how to start it on a Ray cluster or under systemd.",
)
@option(OUTPUT, "--nodes", type=int, metavar="N", help="With --dry-run ray: machines of the cluster. [default: 2]")
@option(
    OUTPUT,
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="File for vLLM's own output. [default: a new one in the cache]",
)
@option(OUTPUT, "--quiet", is_flag=True, help="Print only errors and the address.")
def serve(
    extra: tuple[str, ...],
    cpu: bool,
    retry: bool,
    log: Path | None,
    start_timeout: float,
    dry_run: str | None,
    nodes: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Start a vLLM server for a model, and stop it with Ctrl-C.

    The server's address goes to standard output once it answers, progress to standard error, vLLM's own output to a
    log. A key that clients must send is read from CTXPIPE_API_KEY. Options after -- are passed to vLLM unchanged.
    """
    from ctxpipe.commands.serve.launch import launch_of
    from ctxpipe.serving.launcher.server import server_key

    if extra and not extra[0].startswith("-"):
        raise UsageError(f"{extra[0]} is no option of vLLM; a model is named with --model {extra[0]}")
    if not start_timeout > 0:
        raise UsageError("--start-timeout must be above 0")
    if nodes is not None and dry_run != "ray":
        raise UsageError("--nodes needs --dry-run ray: a server on several machines is not started from here")
    if cpu and dry_run == "ray":
        raise UsageError("--cpu serves on one machine, and --dry-run ray is for several")
    note = noter(quiet)
    machines = nodes if nodes is not None else NODES
    if dry_run == "ray" and options["gpus"] is options["tp"] is options["pp"] is None:
        options["gpus"] = machines
    launch = launch_of(options, cpu=cpu, extra=extra, note=note, real=dry_run is None)
    key = server_key()
    if launch.is_open and key is None:
        click.echo(safe_line(_OPEN.format(launch.host)), err=True)
    if dry_run is not None:
        _print_recipe(dry_run, launch, machines, note)
        return
    with terminated_as_exit():
        _serve(launch, log or new_log(), note, key=key, retry=retry, seconds=start_timeout)


_OPEN = (
    "warning: {} is reachable from other machines and no key is set, so whoever reaches it can use it; "
    "set CTXPIPE_API_KEY"
)


def _print_recipe(kind: str, launch: Launch, machines: int, note: Callable[[str], None]) -> None:
    from ctxpipe.serving.launcher.recipes import recipe
    from ctxpipe.serving.launcher.server import key_variable

    if kind == "systemd" and launch.program == ("vllm",):
        note(f"vllm is not on this machine, so the unit names {ELSEWHERE}; --vllm names another")
        launch = replace(launch, program=(ELSEWHERE,))
    click.echo(recipe(kind, launch, nodes=machines if kind == "ray" else 1, key=key_variable()), nl=False)


def _serve(launch: Launch, log: Path, note: Callable[[str], None], **options: Any) -> None:
    from ctxpipe.serving.launcher.server import running

    note(f"starting vLLM; its log is {log}")
    ready = False
    try:
        with running(launch, log=log, on_note=note, **options) as server:
            ready = True
            _announce(server, note)
            click.echo(server.url)
            server.wait()
    except (KeyboardInterrupt, SystemExit):
        if not ready:
            raise
        note("stopped")  # which is how a server ends when all is well


def _announce(server: Server, note: Callable[[str], None]) -> None:
    note(f"{server.model} answers at {server.url}, window {server.window:,} tokens; Ctrl-C stops it")
    note(f"  ctxpipe query PATH... -q QUESTION --target {server.url}")


def noter(quiet: bool) -> Callable[[str], None]:
    """Says lines on standard error, unless quiet."""
    return (lambda line: None) if quiet else (lambda line: click.echo(safe_line(line), err=True))


def new_log() -> Path:
    """A new file in the cache for a server's output; of the old ones, the newest stay."""
    from ctxpipe.models.cache import cache_root

    folder = cache_root() / "logs"
    for old in sorted(folder.glob("vllm-*.log"))[: -KEPT_LOGS + 1]:
        old.unlink(missing_ok=True)
    return folder / f"vllm-{time.strftime('%Y%m%d-%H%M%S')}-{threading.get_native_id()}.log"


@contextmanager
def terminated_as_exit() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack, so that what was started is stopped; 128 + n is the exit code."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(number, leave) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
