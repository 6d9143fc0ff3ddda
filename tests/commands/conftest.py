"""The command, run in this process with the embedded models there."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands_support import NEEDLE, Command
from samples import prose


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, smollm2_dir: Path, minilm_dir: Path
) -> Command:
    """``ctxpipe``, given arguments."""
    return Command(capfd, monkeypatch)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A long text with the needle in its middle."""
    path = tmp_path / "report.txt"
    path.write_text(f"{prose(80)}\n\n{NEEDLE}\n\n{prose(80, 2)}\n", encoding="utf-8")
    return path
