"""Lists and numbers over a whole document for a small model: generated tasks, judged by code.

    python benchmarks/listing.py                            # writes results/listing.json
    python benchmarks/listing.py --seed 7 --out FILE        # other tasks; the smallest gap was chosen on seeds 7 to 9

Each document names 6 to 14 buildings to which one thing happened, among others to which another thing happened. No
model answers: what is measured is the list, and the number that a target would be told. It is right if it is of all of
the buildings and nothing else. ``picked`` says whether sentences stood out; if not, the target would be asked for the
entries of every window, and the task counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import write

from ctxpipe import Document, Pipeline
from ctxpipe.evals.suites.generated import generate
from ctxpipe.evals.types import Sample
from ctxpipe.pipeline.types import Run
from ctxpipe.serving.fake import FakeEngine

_NAME = re.compile(r"The (\w+ \w+) was ")


def judged(sample: Sample, run: Run) -> dict[str, Any]:
    """An answer against the facts."""
    text = sample.documents[0].text
    facts = {match[1] for e in sample.evidence if (match := _NAME.match(text[e.start : e.end]))}
    notes = [text[span.start : span.end] for span in run.context.spans]
    picked = any("stand out" in note for note in run.context.notes)
    named = {fact for fact in facts if any(fact in note for note in notes)}
    return {
        "task": sample.dataset,
        "question": sample.question,
        "facts": len(facts),
        "found": len(named),
        "entries": len(notes),
        "right": picked and len(notes) == len(facts) == len(named),
        "picked": picked,
    }


def measured(pipeline: Pipeline, tokens: int, limit: int, seed: int) -> Iterator[dict[str, Any]]:
    """Every list and number of a length."""
    for task in ("list", "count"):
        for sample in generate(task, tokens=tokens, limit=limit, seed=seed, count_many=pipeline.tokenizer.count_many):
            document = Document(text=sample.documents[0].text, source=sample.id)
            started = time.perf_counter()
            run = pipeline.cover(document, question=sample.question)
            row = judged(sample, run) | {"tokens": tokens, "seconds": round(time.perf_counter() - started, 1)}
            print(json.dumps(row), flush=True)
            yield row


class Silent(FakeEngine):
    """A target that reads little well, and finds nothing."""

    well_read = 600


def main() -> None:
    """Ask, print every answer, write the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", default="8000,32000", help="tokens")
    parser.add_argument("--limit", type=int, default=5, help="tasks of each kind and length")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    pipeline = Pipeline(target=Silent("nothing"), score_cache=0)
    rows: list[dict[str, Any]] = []
    for tokens in map(int, given.lengths.split(",")):
        rows += measured(pipeline, tokens, given.limit, given.seed)
        shares = {
            f"{task}@{size}": [sum(r["right"] for r in of), sum(r["picked"] for r in of), len(of)]
            for task in ("list", "count")
            for size in sorted({r["tokens"] for r in rows})
            if (of := [r for r in rows if (r["task"], r["tokens"]) == (task, size)])
        }
        print(json.dumps(shares), flush=True)
        write("listing", {"seed": given.seed, "right_picked_of": shares, "rows": rows}, given.out)


if __name__ == "__main__":
    main()
