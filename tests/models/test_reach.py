"""The Hub out of reach: a server that takes connections and never says a word."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

REVISION = "0" * 40


class Silent:
    """Counts the connections that are made to it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                self._open.append(self._socket.accept()[0])
            except OSError:
                return

    @property
    def connections(self) -> int:
        return len(self._open)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for one in self._open:
            one.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.close()


def run(code: str, hub: Silent, home: Path, *, expected: int = 0) -> str:
    kept = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    environment = kept | {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == expected, done.stderr
    return done.stdout


def cached(home: Path, folder: Path) -> None:
    """Put a model into the Hub's cache, as ``org/model``."""
    model = home / "hub" / "models--org--model"
    shutil.copytree(folder, model / "snapshots" / REVISION)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(REVISION)


def test_the_hub_is_tried_once_for_all_that_it_would_have_to_deliver(silent: Silent, tmp_path: Path) -> None:
    code = """
from ctxpipe.errors import ModelError
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.serving.planner.plan import plan

for load in (TargetTokenizer.load, TargetTokenizer.load, plan):
    try:
        load("org/none")
    except ModelError as exc:
        print(exc)
"""
    said = run(code, silent, tmp_path).splitlines()
    assert len(said) == 3
    assert all("the Hub cannot be reached" in line for line in said)
    assert silent.connections == 1


def test_a_cached_tokenizer_and_a_folder_need_no_try(silent: Silent, tmp_path: Path, tiny_causal: Path) -> None:
    cached(tmp_path, tiny_causal)
    code = f"""
from ctxpipe.models.causal import load_causal_lm
from ctxpipe.models.tokenizer import TargetTokenizer

assert TargetTokenizer.load("org/model").count("tea at five") > 0
assert TargetTokenizer.load({str(tiny_causal)!r}).count("tea at five") > 0
assert load_causal_lm({str(tiny_causal)!r})
"""
    run(code, silent, tmp_path)
    assert silent.connections == 0


def test_a_cached_model_is_loaded_after_one_try(silent: Silent, tmp_path: Path, tiny_causal: Path) -> None:
    cached(tmp_path, tiny_causal)
    run("from ctxpipe.models.causal import load_causal_lm; assert load_causal_lm('org/model')", silent, tmp_path)
    assert silent.connections == 1
