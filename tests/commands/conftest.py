"""The command, run in this process with the embedded models there."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands_support import Command


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, smollm2_dir: Path, minilm_dir: Path
) -> Command:
    """``ctxpipe``, given arguments."""
    return Command(capfd, monkeypatch)
