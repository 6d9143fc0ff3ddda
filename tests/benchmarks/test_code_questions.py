"""The questions about code: their answers exist, and the benchmark that asks them runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_two_questions_are_asked_and_the_answers_of_all_are_there(tmp_path: Path) -> None:
    script = BENCHMARKS / "code_questions.py"
    if not script.exists():
        pytest.skip("the benchmarks are not beside the tests")
    rows = json.loads((BENCHMARKS / "code_questions.json").read_text(encoding="utf-8"))
    assert len(rows) == len({row["question"] for row in rows}) == 60
    assert sum(row["half"] == "choice" for row in rows) == 30
    names = json.dumps([answer for row in rows for answer in row["answers"]])
    check = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import code_questions as c\n"
        "found = [c.function(name) for name in json.loads(sys.argv[2])]\n"
        "print(min(len(f.body) for f in found), all(f.signature for f in found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check, str(BENCHMARKS), names], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.split()[1] == "True", done.stderr
    assert int(done.stdout.split()[0]) >= 2
    out = tmp_path / "found.json"
    command = [sys.executable, str(script), "--limit", "2", "--methods", "bm25", "--budgets", "4000", "--out", str(out)]
    subprocess.run(command, capture_output=True, text=True, timeout=280, check=True)
    summary = json.loads(out.read_text())["runs"][0]["methods"]["bm25"]
    assert 0 <= summary["found"] <= 1
    assert summary["body_lines"] > 0
