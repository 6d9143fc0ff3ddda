"""``ctxpipe mcp``: what is wrong is said before an assistant asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands_support import Command


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--corpus", "handbook=missing.ctx"), 1, "missing.ctx: there is no such file"),
        (("--corpus", "missing.ctx"), 2, "--corpus takes NAME=FILE"),
        (("--root", "missing"), 2, "'missing' does not exist"),
    ],
)
def test_what_is_missing_is_one_line_at_the_start(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = Command(capfd, monkeypatch)("mcp", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert says in outcome.err
    assert len(outcome.err.splitlines()) == 1
