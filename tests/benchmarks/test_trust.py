"""The benchmarks of what a reader can trust, on few items."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TEXT = (
    "The harbour of Velm was dug in 1834 by prisoners. Its basins hold forty boats. The wall was raised after the "
    "flood of 1911. Fish is sold there on Tuesdays. The keeper of the light was Hanna Brod until 1962. "
)


def measured(name: str, *arguments: str, out: Path) -> dict[str, Any]:
    script = BENCHMARKS / f"{name}.py"
    if not script.exists():
        pytest.skip("the benchmarks are not beside the tests")
    command = [sys.executable, str(script), *arguments, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(out.read_text())
    assert found["machine"]["versions"]["ctxpipe"]
    return found


def test_twins_are_measured_by_arm_and_by_shape(tmp_path: Path) -> None:
    out = tmp_path / "twins.json"
    found = measured("twins", "--items", "3", "--rates", "0.25", "--arms", "bm25,random", out=out)
    assert found["items"] == 3
    assert list(found["arms"]) == ["bm25@0.25", "random@0.25"]
    assert "attributed_less_random@0.25" in found["arms"]["bm25@0.25"]
    assert {shape: scores["items"] for shape, scores in found["shapes"].items()} == {
        "markdown": 1,
        "files": 1,
        "toml": 1,
    }
    for scores in found["arms"].values():
        assert 0 <= scores["attributed"] <= scores["survival"] <= 1
        assert 0 < scores["kept"] <= 0.25


def test_whole_units_and_the_use_of_the_budget_are_measured(tmp_path: Path) -> None:
    line = {
        "id": "a",
        "dataset": "nq",
        "cluster": "c",
        "documents": [{"title": "Velm", "text": TEXT * 3}],
        "question": "Who kept the light?",
        "answers": ["Hanna Brod"],
        "metric": "contains",
    }
    (tmp_path / "nq_mdqa").mkdir()
    (tmp_path / "nq_mdqa" / "nq10.jsonl.gz").write_bytes(gzip.compress(json.dumps(line).encode() + b"\n"))
    options = ["--sets", "nq10", "--budgets", "60,5000", "--method", "bm25", "--no-manuals"]
    found = measured("whole", str(tmp_path), *options, out=tmp_path / "whole.json")
    assert found["manuals"] == []
    short, long = found["sets"]["nq10"]["60"], found["sets"]["nq10"]["5000"]
    assert 0 < short["whole"]["mean"] <= 1
    assert 0.5 < short["use"]["p5"] <= short["use"]["mean"] <= 1
    assert long["whole"]["mean"] == 1
    assert "use" not in long
    assert found["use"]["60"] == short["use"]
