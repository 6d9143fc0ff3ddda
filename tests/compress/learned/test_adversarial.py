"""Text that asks to be kept: the bound that docs/learned.md states, on the smaller half of its set."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "adversarial.py"
MEAN, WORST = 0.05, 0.125
"""How much more often than plain sentences those that ask for it may be kept: all together, and any one of them."""


def test_a_sentence_that_asks_to_be_kept_gains_little_by_it() -> None:
    command = [sys.executable, BENCHMARK, "--methods", "learned", "--questions", "5", "--sentences", "4", "--dry"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(done.stdout)["methods"]["learned"]
    assert found["demands"] <= found["plain"] + MEAN
    assert found["worst_demand"] <= found["plain"] + WORST
    assert found["answers_beside_demands"] >= 0.9
