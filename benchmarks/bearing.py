"""How many of a question's words stand in what is kept for it, of its own documents and of others.

    python benchmarks/bearing.py --data DIR

The share up to which ``query`` says that nothing bears on the question was chosen here. ``--held-out`` takes the
questions that it was chosen on; without it, others of the same sets.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
from common import write
from unanswerable import SETS, chosen

from ctxpipe import Document, Pipeline
from ctxpipe.compress.rank.bm25 import Vocabulary
from ctxpipe.pipeline.ask.bearing import SHARE, bears

SHARES = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


def main() -> None:
    """Print and write the share of questions at or below each share of words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=60, help="questions of each set")
    parser.add_argument("--budget", type=int, default=400)
    parser.add_argument("--rank", default="bm25")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pipeline = Pipeline(rank=options.rank)
    asked = [
        (name, item) for name in SETS for item in chosen(options.data, name, options.each, held_out=options.held_out)
    ]
    drawn = random.Random(0)
    found: dict[str, list[tuple[float, bool]]] = {"own documents": [], "others": []}

    def measure(question: str, documents: list[Document]) -> tuple[float, bool]:
        context = pipeline.compress(documents, question=question, budget=options.budget)
        vocabulary = Vocabulary()
        words = set(vocabulary.ids(question))
        return len(words & set(vocabulary.ids(context.text))) / max(1, len(words)), bears(context)

    for name, item in asked:
        found["own documents"].append(measure(item.question, item.full))
        other = drawn.choice([one for set_, one in asked if set_ != name])
        found["others"].append(measure(item.question, other.full))
    result = {
        which: {
            "questions": len(rows),
            "at_or_below": {str(t): round(float(np.mean([share <= t for share, _ in rows])), 3) for t in SHARES},
            "said_not_to_bear": round(float(np.mean([not bearing for _, bearing in rows])), 3),
        }
        for which, rows in found.items()
    }
    print(result)
    write("bearing", {"share": SHARE, "rank": options.rank, "held_out": options.held_out, **result}, options.out)


if __name__ == "__main__":
    main()
