"""Is what is kept whole, does it stand under what it stood under, and how much of the budget is used?

    python benchmarks/whole.py ../shared/data
    python benchmarks/whole.py ../shared/data --sets nq10,tatqa --budgets 500 --items 20 --faults 5

On public question sets and on three manuals as PDF: the share of the kept sentences, rows and lines that are whole
(``whole``), the share of those with a chain of headings, keys or header rows that stand under all of it (``trail``),
and the share of the budget that is used, of sources that are longer than it (mean and 5th percentile). The manuals are
fetched with ``apt-get download`` once. ``--faults`` prints the first units that are broken or bare.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import manuals
import numpy as np
import platformdirs
from common import RESULTS, SETS, write
from survival import RECALL

from ctxpipe.evals.runs.arms import parse_arms
from ctxpipe.evals.runs.contexts import ContextMaker
from ctxpipe.evals.scores.placed import placed
from ctxpipe.evals.scores.trail.trail import trail
from ctxpipe.evals.scores.whole.whole import whole
from ctxpipe.evals.suites.schema import load_suite
from ctxpipe.evals.types import Sample

LONGER = 1.5
"""How many times its budget a source must have for what it uses of it to count."""
LONG = ("squality",)
"""Sets beside those of survival.py, for their length."""


def samples_of(data: Path, sets: Sequence[str], items: int, cache: Path | None) -> Iterator[Sample]:
    """The items of the sets, and the questions of the manuals where there is a cache for them."""
    for name in sets:
        yield from load_suite(name, data, limit=items, seed=0)
    if cache is not None:
        yield from manuals.samples(cache)


class Tally:
    """What was measured of one set at one budget."""

    def __init__(self) -> None:
        self.shares: defaultdict[str, list[float]] = defaultdict(list)
        self.units = self.broken = self.bare = 0

    def to_json(self) -> dict[str, Any]:
        """Means over items; of the budget's use the 5th percentile too."""
        found: dict[str, Any] = {
            name: {"items": len(values), "mean": round(float(np.mean(values)), 4)}
            for name, values in self.shares.items()
        }
        if "use" in found:
            found["use"]["p5"] = round(float(np.percentile(self.shares["use"], 5)), 4)
        return found | {"broken": self.broken, "bare": self.bare}


def measure(maker: ContextMaker, arm_name: str, sample: Sample, tally: Tally, faults: int) -> None:
    """Add one item in one arm to a tally."""
    context = maker.make(parse_arms([arm_name])[0], sample)
    if context is None or context.budget is None:
        return
    found = placed([passage.text for passage in sample.documents], context.text, context.spans, context.frames)
    share, broken = whole(sample.documents, found, maker.fits(context))
    under, bare = trail(sample.documents, found)
    for name, value in (("whole", share), ("trail", under)):
        if value is not None:
            tally.shares[name].append(value)
    if context.source_tokens > LONGER * context.budget:
        tally.shares["use"].append(context.kept_tokens / context.budget)
    for one in broken[: max(0, faults - tally.broken)]:
        print(f"  broken in {sample.id}: {said(sample, one.document, one.unit)!r}")
    for one, lacks in bare[: max(0, faults - tally.bare)]:
        print(f"  bare in {sample.id}: {said(sample, one.document, one.unit)!r} lacks {lacks}")
    tally.broken += len(broken)
    tally.bare += len(bare)


def said(sample: Sample, document: int, unit: Sequence[tuple[int, int]]) -> str:
    """A unit's text."""
    return " … ".join(sample.documents[document].text[start:end] for start, end in unit)[:300]


def main() -> None:
    """Measure every set at every budget, print a line each, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=25, help="of each set")
    parser.add_argument("--sets", default=",".join((*SETS, RECALL, *LONG)))
    parser.add_argument("--budgets", default="500,1000,2000,6000,0.25", help="tokens, or shares of the source's")
    parser.add_argument("--method", default="default")
    parser.add_argument("--no-manuals", action="store_true")
    parser.add_argument("--cache", type=Path, default=platformdirs.user_cache_path("ctxpipe") / "manuals")
    parser.add_argument("--faults", type=int, default=0, metavar="N", help="print the first N of each set and budget")
    parser.add_argument("--out", type=Path, default=RESULTS / "whole.json")
    options = parser.parse_args()
    cache = None if options.no_manuals else options.cache
    maker = ContextMaker(reuse_scores=True)
    budgets = options.budgets.split(",")
    tallies: defaultdict[str, dict[str, Tally]] = defaultdict(lambda: {budget: Tally() for budget in budgets})
    everything = {budget: Tally() for budget in budgets}
    for sample in samples_of(options.data, [name for name in options.sets.split(",") if name], options.items, cache):
        for budget in budgets:
            tally = tallies[sample.stratum][budget]
            measure(maker, f"{options.method}@{budget}", sample, tally, options.faults)
    for name, by_budget in tallies.items():
        for budget, tally in by_budget.items():
            print(f"{name:12}{budget:>8} {tally.to_json()}", flush=True)
            if used := tally.shares.get("use"):
                everything[budget].shares["use"] += used
    use = {b: {k: v for k, v in t.to_json().items() if k == "use"} for b, t in everything.items()}
    print(f"use of the budget: {use}")
    write(
        "whole",
        {
            "method": options.method,
            "items": options.items,
            "manuals": manuals.versions(cache) if cache else [],
            "sets": {name: {b: t.to_json() for b, t in found.items()} for name, found in tallies.items()},
            "use": {budget: found.get("use") for budget, found in use.items()},
        },
        options.out,
    )


if __name__ == "__main__":
    main()
