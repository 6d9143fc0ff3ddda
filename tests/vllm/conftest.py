"""Real vLLM servers without a GPU. They need some minutes and gigabytes, so they run with ``make test-vllm`` alone.

Which sets CTXPIPE_TEST_VLLM=1: without it pytest does not look into this folder. Tests that share a server share the
fixture ``server``; others start theirs with ``start_vllm`` and end it before they return.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from processes import alive
from vllm_support import Served, serving, started

from ctxpipe.errors import LaunchError
from ctxpipe.serving.launcher.environment import Environment
from ctxpipe.serving.launcher.install import make_environment

if not os.environ.get("CTXPIPE_TEST_VLLM"):
    collect_ignore_glob = ["test_*.py"]

StartVllm = Callable[..., AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def vllm_environment() -> Environment:
    """The environment of ``ctxpipe serve --cpu``, made when it is not in the user's cache."""
    from ctxpipe.models.cache import cache_root

    try:
        return make_environment(cache_root(), on_note=print)
    except LaunchError as exc:
        if "is built for" in str(exc):
            pytest.skip(str(exc))
        raise


@pytest.fixture(scope="session")
def start_vllm(vllm_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> StartVllm:
    """``with start_vllm(model_folder, "--runner", "pooling") as served:`` starts another server than ``server``."""

    def start(model: Path, *options: str, name: str = "m") -> AbstractContextManager[Served]:
        return started(vllm_environment, model, tmp_path_factory.mktemp("vllm"), *options, name=name)

    return start


@pytest.fixture(scope="session")
def server(vllm_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that only ask, started by ``ctxpipe serve --cpu`` and stopped by SIGTERM.

    It has the embedded model under its own name, and a window of 8,192 tokens.
    """
    with serving(tmp_path_factory.mktemp("serve")) as command:
        url = command.url()
        family = [process.pid for process in command.family()]
        yield Served(url=url, model="smollm2-135m", log=command.log, pid=command.process.pid)
        command.process.terminate()
        assert command.process.wait(60) == 0, command.said()
        assert alive(family) == []
