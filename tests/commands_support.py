"""Running the command in this process, as a user sees it."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass

import pytest

from ctxpipe.cli import main

NEEDLE = "The keeper of Skellig hid 14 silver spoons under the stairs."
QUESTION = "Where did the keeper of Skellig hide the spoons?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Command:
    """Runs ``ctxpipe`` with arguments, standard input given as bytes."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capfd = capfd
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Outcome:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code = main([str(argument) for argument in arguments])
        captured = self._capfd.readouterr()
        return Outcome(code=code, out=captured.out, err=captured.err)


def assert_times_add_up(table: str) -> None:
    """Check that the stages of ``--verbose`` add up to the whole, and that hardly any time is in none of them."""
    found = {name: float(seconds) for name, seconds in re.findall(r"time: ([a-z ]+?) +(\d+\.\d+) s", table)}
    whole = found.pop("in all")
    assert len(found) > 5
    assert sum(found.values()) == pytest.approx(whole, abs=0.005 * (len(found) + 1))
    assert found["everything else"] < 0.5 * whole
