"""One hash of the kept text of 50 questions, to tell whether two versions keep the same text.

`python benchmarks/kept_hashes.py ../shared/data`, in each version's own environment. The score cache is not used.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from common import SETS, items

from ctxpipe import Pipeline

ITEMS = 10
BUDGET_RATES = (0.25, 0.125)


def main() -> int:
    """Print a hash for each set and rate, then one of them all."""
    data = Path(sys.argv[1])
    pipeline = Pipeline(score_cache=0)
    every = hashlib.sha256()
    for name in SETS:
        for rate in BUDGET_RATES:
            digest = hashlib.sha256()
            for documents, question, _ in items(data, name, ITEMS):
                digest.update(pipeline.compress(documents, question=question, rate=rate).text.encode() + b"\0")
            print(name, rate, digest.hexdigest()[:16], flush=True)
            every.update(digest.digest())
    print("all", every.hexdigest()[:16])
    return 0


if __name__ == "__main__":
    sys.exit(main())
