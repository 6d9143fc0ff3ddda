"""The tables of docs/evaluation.md are made of the numbers in benchmarks/results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "eval_docs.py"


def test_the_tables_in_the_page_are_those_of_the_numbers() -> None:
    if not SCRIPT.exists():
        pytest.skip("the benchmarks are not beside the tests")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
