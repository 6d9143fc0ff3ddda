"""What runs in the processes that compress: a job as JSON in, a result as JSON out.

Nothing is raised: an exception would have to be sent to the other process as an object.
"""

from __future__ import annotations

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from ctxpipe.errors import ChatBudgetError, CtxpipeError

if TYPE_CHECKING:
    from ctxpipe.pipeline.gateway.cutting import Cutter

Result = dict[str, Any]

FAST_RANK = "bm25"
GOOD_RANK = "hybrid"


def work(data: bytes) -> bytes:
    """Do a job: ``warm``, ``count``, ``fit`` or ``search``.

    Args:
        data: JSON with ``job`` and what ``Workers`` sends with it.

    Returns:
        JSON; ``error`` with one line if it could not be done, ``too_much`` if what must stay is more than the budget.
    """
    try:
        job = json.loads(data)
        result = _JOBS[job["job"]](job)
    except ChatBudgetError as error:
        result = {"error": str(error), "too_much": True}
    except CtxpipeError as error:
        result = {"error": str(error)}
    except Exception as error:
        # The message may quote a document, and the result is logged.
        result = {"error": f"{type(error).__name__} while compressing"}
    return json.dumps(result).encode()


@cache
def cutter(tokenizer: str | None, rank: str) -> Cutter:
    """What cuts with a tokenizer and a ranker; models stay loaded.

    Raises:
        CtxpipeError: if a model cannot be loaded.
    """
    from ctxpipe.pipeline.gateway.cutting import make_cutter

    return make_cutter(tokenizer, rank)


def _warm(job: Result) -> Result:
    """Load what jobs need, and use it once."""
    ranks = (FAST_RANK, GOOD_RANK) if job["rank"] == "auto" else (job["rank"],)
    for rank in ranks:
        cutter(job["tokenizer"], rank).warm()
    return {"tokenizer": cutter(job["tokenizer"], ranks[0]).tokenizer}


def _count(job: Result) -> Result:
    """Estimate the tokens of a chat."""
    return {"tokens": cutter(job["tokenizer"], FAST_RANK).estimate(job["messages"], job["tools"])}


def _fit(job: Result) -> Result:
    """Cut a chat; see ``Cutter.fit``."""
    rank = job["rank"]
    if rank == "auto":
        rank = GOOD_RANK if job["source_tokens"] <= job["good_tokens"] else FAST_RANK
    started = time.perf_counter()
    made = cutter(job["tokenizer"], rank).fit(job)
    return {**made, "rank": rank, "seconds": time.perf_counter() - started}


def _search(job: Result) -> Result:
    """Find what a corpus holds on a question; see ``Searcher.find``."""
    from ctxpipe.pipeline.gateway.corpora.search import searcher

    return searcher(job["tokenizer"], job["rank"]).find(job)


_JOBS = {"warm": _warm, "count": _count, "fit": _fit, "search": _search}
