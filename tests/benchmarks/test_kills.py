"""A batch and an indexer that are killed at random moments lose nothing; the benchmark with fewer kills."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kills.py"


def test_what_is_killed_at_random_moments_goes_on(tmp_path: Path) -> None:
    if not SCRIPT.exists():
        pytest.skip("the benchmarks are not beside the tests")
    out = tmp_path / "kills.json"
    few = ["--requests", "200", "--batch-kills", "5", "--files", "40", "--index-kills", "10", "--out", str(out)]
    subprocess.run([sys.executable, str(SCRIPT), *few], check=True)
    made = json.loads(out.read_text(encoding="utf-8"))
    batch, index = made["batch"], made["index"]
    assert batch["each_once"]
    assert batch["same_rows_as_alone"]
    assert batch["rows_after_each_kill"] == sorted(batch["rows_after_each_kill"])
    assert 0 < batch["rows_after_each_kill"][-1] < 200
    assert index["killed_before_their_end"] == 10
    assert 0 < index["opened"] == index["whole"]
    assert index["same_as_a_new_one"]
    assert index["same_vectors"]
