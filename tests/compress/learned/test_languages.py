"""Languages that the model was not trained on: nothing is lost against the fusion, which ranks them alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "languages.py"


@pytest.mark.parametrize("pair", ["de-de", "zh-zh"])
def test_other_languages_keep_what_the_fusion_keeps(pair: str) -> None:
    command = [sys.executable, BENCHMARK, "--methods", "learned,hybrid", "--pairs", pair, "--dry"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    rows = json.loads(done.stdout)
    assert len(rows) == 2
    for row in rows:
        assert row["learned"] == row["hybrid"]
        assert row["learned"] > 0.8
