"""A server for one query: started when the documents have been read, stopped when the answer is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ctxpipe.config import Config
    from ctxpipe.serving.launcher.launch import Launch

_HOST = "127.0.0.1"
_GPU_DEFAULTS: dict[str, Any] = dict.fromkeys(
    ("name", "max_model_len", "gpus", "gpu", "tp", "pp", "kv_dtype", "utilisation", "language_only", "vllm")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServer:
    """A server that is not started yet.

    Attributes:
        launch: What will be started.
        note: Called with a line at each step.
    """

    launch: Launch
    note: Callable[[str], None]

    def place(self) -> dict[str, Any]:
        """Where a pipeline asks it."""
        return {"engine": self.launch.url}

    def tokenizer(self, config: Config) -> dict[str, Any]:
        """Budgets count the model's own tokens where they are at hand."""
        at_hand = config.tokenizer is None and Path(self.launch.model).is_dir()
        return {"tokenizer": self.launch.model} if at_hand else {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """The server for as long as the block lasts.

        Raises:
            LaunchError: if it does not start.
        """
        from ctxpipe.commands.serve.command import new_log, terminated_as_exit
        from ctxpipe.serving.launcher.server import running, server_key

        log = new_log()
        self.note(f"starting vLLM; its log is {log}")
        with (
            terminated_as_exit(),
            running(self.launch, log=log, key=server_key(), retry=True, on_note=self.note) as server,
        ):
            self.note(f"{server.model} answers, window {server.window:,} tokens")
            yield


@contextmanager
def own_server(config: Config, *, cpu: bool, quiet: bool) -> Iterator[OwnServer]:
    """What ``ctxpipe query --serve`` starts: the model on one GPU or none, on a port that is held for the block.

    Raises:
        LaunchError: if vLLM is not there, or cannot be installed.
        ModelError: if the model is not there.
        UsageError: if the model does not fit.
    """
    from ctxpipe.commands.serve.command import noter
    from ctxpipe.commands.serve.launch import launch_of
    from ctxpipe.serving.launcher.ports import ANY, reserved_port

    note = noter(quiet)
    with reserved_port(_HOST, ANY) as port:
        options = _GPU_DEFAULTS | {"model": config.model, "host": _HOST, "port": port}
        yield OwnServer(launch=launch_of(options, cpu=cpu, extra=(), note=note, real=True), note=note)
