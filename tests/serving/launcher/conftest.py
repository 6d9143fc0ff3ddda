"""A stand-in for vLLM that is a real process."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_vllm import write_vllm

from ctxpipe.serving.launcher.launch import Launch


@pytest.fixture
def vllm(tmp_path: Path) -> Path:
    return write_vllm(tmp_path)


@pytest.fixture
def launch(vllm: Path) -> Launch:
    return Launch(program=(str(vllm),), model="some/model", name="m", port=0)
