"""Requests for batches, and what is compared of their results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from samples import prose

LEDGERS = "violet crimson amber silver indigo scarlet".split()


def write(path: Path, *rows: object) -> Path:
    """A file of lines: texts as they are, other rows as JSON."""
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def questions(count: int) -> list[dict[str, Any]]:
    """Requests about the ledgers."""
    return [{"id": f"q{i}", "question": f"Where is the {LEDGERS[i % 6]} ledger kept?"} for i in range(count)]


def told(count: int) -> list[dict[str, Any]]:
    """Requests that bring a text each."""
    return [
        {**one, "text": f"{prose(4, i)} The {LEDGERS[i % 6]} ledger is kept in room {i}."}
        for i, one in enumerate(questions(count))
    ]


def results(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of results."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def said(path: Path) -> list[str]:
    """The lines of a file of results without timings, in a certain order."""
    return sorted(json.dumps({k: v for k, v in row.items() if k != "timings"}) for row in results(path))
