"""What the score cache saves: one document twice, at two budgets, each in a process of its own.

    python benchmarks/score_cache.py [--prune llmlingua] [--model smollm2-135m] [--tokens 6000]

The first process finds an empty cache, loads the model and scores; the second, at half the budget, finds all scores and
loads no model. Then the same for ranking a longer document: at half the budget, and with another question, of which the
embeddings of all sentences serve again. Times are those of one `compress`, without the start of the interpreter; whole
processes are given beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import pydoc_data.topics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import write

CHILD = """
import json, sys, time
from ctxpipe import Pipeline
from ctxpipe.models.tokenizer import TargetTokenizer
options, asked, path = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
pipeline = Pipeline(**options)
pipeline.tokenizer
started = time.perf_counter()
context = pipeline.compress(path, **asked)
print(json.dumps({"seconds": time.perf_counter() - started, "tokens": context.source_tokens,
                  "kept": context.kept_tokens, "torch": "torch" in sys.modules, "timings": dict(context.timings)}))
"""
QUESTIONS = ("When is __exit__ called with an exception?", "How are default values of parameters evaluated?")


def once(options: dict[str, object], asked: dict[str, object], path: Path, scores: Path) -> dict[str, object]:
    """One compression in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-c", CHILD, json.dumps(options), json.dumps(asked), str(path)]
    environ = {**os.environ, "CTXPIPE_SCORES": str(scores)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    return {**json.loads(done.stdout), "process_seconds": round(time.perf_counter() - started, 3)}


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prune", default="llmlingua")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--tokens", type=int, default=6000)
    parser.add_argument("--ranked", type=int, default=40_000)
    given = parser.parse_args()
    reference = "\n\n".join(text for _, text in sorted(pydoc_data.topics.topics.items()))
    result: dict[str, object] = {"prune": given.prune, "model": given.model}
    with tempfile.TemporaryDirectory() as folder:
        path, scores = Path(folder) / "pruned.txt", Path(folder) / "scores"
        path.write_text(reference[: int(given.tokens * 4.0)], encoding="utf-8")
        options = {"prune": given.prune, "prune_model": given.model}
        pruned = [once(options, {"budget": budget}, path, scores) for budget in (given.tokens // 2, given.tokens // 4)]
        path = Path(folder) / "ranked.txt"
        path.write_text(reference[: int(given.ranked * 4.0)], encoding="utf-8")
        wanted = [(QUESTIONS[0], 2000), (QUESTIONS[0], 1000), (QUESTIONS[1], 2000)]
        first, budget, other = (once({}, {"question": q, "budget": size}, path, scores) for q, size in wanted)
        result["cache_bytes"] = scores.stat().st_size
    for name, (before, after) in {"pruned": pruned, "ranked": (first, budget), "asked": (first, other)}.items():
        ratio = before["seconds"] / after["seconds"]  # type: ignore[operator]
        result[name] = {"first": before, "second": after, "ratio": round(ratio, 1)}
        print(
            f"{name}: {before['tokens']} tokens, {before['seconds']:.2f} s, then {after['seconds']:.3f} s: {ratio:.1f}x"
        )
    write("score-cache", result)


if __name__ == "__main__":
    main()
