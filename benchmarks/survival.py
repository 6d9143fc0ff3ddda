"""How often the answer's words survive compression to a share of the tokens, per set and method.

    python benchmarks/survival.py ../shared/data --items 100 --rate 0.25

Items whose answer is not in the raw text are left out. Every method has the same documents, titles and budget.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from common import SETS, items, survives, write

from ctxpipe import Pipeline
from ctxpipe.evals.statistics.tango import tango_interval

METHODS = {
    "default": {},
    "embedding": {"rank": "embedding", "prune": "none"},
    "bm25": {"rank": "bm25", "prune": "none"},
    "contrastive": {"rank": "hybrid", "prune": "contrastive"},
    "surprisal": {"rank": "hybrid", "prune": "surprisal"},
    "head-tail": {"rank": "none", "prune": "head-tail"},
    "random": {"rank": "none", "prune": "random"},
}


def lead(first: list[bool], other: list[bool]) -> dict[str, float]:
    """Difference of two methods on the same items, with Tango's 95% score interval for paired proportions."""
    gains = sum(a and not b for a, b in zip(first, other, strict=True))
    losses = sum(b and not a for a, b in zip(first, other, strict=True))
    low, high = tango_interval(losses, gains, len(first))
    return {"difference": round((gains - losses) / len(first), 4), "low": round(low, 4), "high": round(high, 4)}


def main() -> None:
    """Run all sets and methods asked for, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.25)
    parser.add_argument("--methods", default="default,bm25,head-tail,random")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--name", default="survival")
    options = parser.parse_args()
    methods = options.methods.split(",")
    pipelines = {method: Pipeline(**METHODS[method], score_cache=0) for method in methods}
    table = {}
    print(f"{'set':10}{'items':>6}" + "".join(f"{method:>13}" for method in methods), flush=True)
    for name in options.sets.split(","):
        kept = {method: [] for method in methods}
        seconds = dict.fromkeys(methods, 0.0)
        tokens = 0
        every = name == "tatqa"
        for documents, question, answers in items(options.data, name, options.items):
            if not survives("\n".join(d.text for d in documents), answers, all_of_them=every):
                continue
            for method, pipeline in pipelines.items():
                started = time.perf_counter()
                context = pipeline.compress(documents, question=question, rate=options.rate)
                seconds[method] += time.perf_counter() - started
                kept[method].append(survives(context.text, answers, all_of_them=every))
            tokens += context.source_tokens
        table[name] = {
            "items": len(kept[methods[0]]),
            "source_tokens": tokens,
            "survival": {method: round(float(np.mean(values)), 4) for method, values in kept.items()},
            "seconds": {method: round(value, 2) for method, value in seconds.items()},
            "first_less_others": {method: lead(kept[methods[0]], kept[method]) for method in methods[1:]},
        }
        row = "".join(f"{table[name]['survival'][method]:13.2f}" for method in methods)
        print(f"{name:10}{table[name]['items']:6}{row}", flush=True)
    write(options.name, {"rate": options.rate, "items_drawn": options.items, "seed": 0, "sets": table})


if __name__ == "__main__":
    main()
