"""LLMLingua as the package computes it against our own, on one document, in one process tree.

    OMP_NUM_THREADS=2 python benchmarks/llmlingua_speed.py --tokens 3000

Each method runs in a process of its own, one after the other, with the model loaded and warm before the clock starts.
Speeds are given by the wall clock and by the seconds that cores spent, which a busy machine distorts less; ratios are
of the latter. "peak" is a large matrix product in the same precision, "limit" the tokens at which the model's own
multiplications would reach it.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import pydoc_data.topics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import write

from ctxpipe.models.precision import quick_dtype

MODEL = "smollm2-135m"
QUESTION = "How does the assert statement report a condition that does not hold?"


def document(tokens: int) -> str:
    """So many tokens of Python's own reference."""
    from ctxpipe.models.tokenizer import TargetTokenizer

    text = "\n\n".join(f"# {name}\n\n{body}" for name, body in sorted(pydoc_data.topics.topics.items()))
    starts = TargetTokenizer.load(MODEL).starts_many([text[: 8 * tokens]])[0]
    return text[: int(starts[tokens])]


def passages(text: str) -> list[Any]:
    """What the pipeline's pruner sees of a document: passages with their headings, in words."""
    from ctxpipe.compress.text.chunk import chunks
    from ctxpipe.compress.text.structure import outline
    from ctxpipe.compress.text.words import words
    from ctxpipe.compress.types import Document, ScoringText

    whole = Document(text=text, source="reference.md", kind="markdown")
    found = []
    for chunk in chunks(whole, 0, outline(whole), tokens=200, characters_per_token=4.0):
        units = words(text, chunk.start, chunk.end)
        start, end = (np.array([w[i] for w in units], dtype=np.int64) - chunk.start for i in (0, 1))
        found.append(ScoringText(text=text[chunk.start : chunk.end], headings=chunk.headings, start=start, end=end))
    return found


def prepared(method: str, dtype: str) -> Callable[[str], Any]:
    """A method with its model loaded; with a question both are LongLLMLingua."""
    name, _, asked = method.partition("+")
    question = QUESTION if asked else ""
    if name == "package":
        from ctxpipe.compress.prune.reference.adapter import LLMLinguaReference

        reference = LLMLinguaReference(model=MODEL, dtype=dtype)
        return lambda text: reference.pieces([text], question=question, rate=0.5)
    from ctxpipe.compress.prune.llmlingua import LLMLinguaScorer, LongLLMLinguaScorer

    made = LongLLMLinguaScorer if asked else LLMLinguaScorer
    scorer = made(model=MODEL, dtype=dtype, walk=name == "walk")
    return lambda text: scorer.score(passages(text), question)


def measured(method: str, dtype: str, tokens: int, profile: bool) -> dict[str, Any]:
    """Seconds of one run after a short one."""
    text = document(tokens)
    run = prepared(method, dtype)
    run(text[:800])
    profiler = cProfile.Profile() if profile else None
    started, spent = time.perf_counter(), time.process_time()
    if profiler:
        profiler.runcall(run, text)
    else:
        run(text)
    seconds, core_seconds = time.perf_counter() - started, time.process_time() - spent
    if profiler:
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(14)
    return {
        "method": method,
        "dtype": dtype,
        "seconds": round(seconds, 2),
        "core_seconds": round(core_seconds, 2),
        "tokens_per_second": round(tokens / seconds),
        "tokens_per_core_second": round(tokens / core_seconds, 1),
    }


def peak(dtype: str) -> dict[str, Any]:
    """Multiplications and additions a second of the layers' own shapes, and tokens a second at that rate."""
    import torch

    from ctxpipe.models.causal import load_causal_lm

    model, _ = load_causal_lm(MODEL, dtype=dtype)
    left, right = (torch.randn(2048, 2048, dtype=model.dtype) for _ in range(2))
    times = []
    for _ in range(12):
        started = time.process_time()
        left @ right
        times.append(time.process_time() - started)
    rate = 2 * 2048**3 / min(times)
    weights = sum(p.numel() for p in model.parameters())  # the output layer is the embedding, so it counts once
    limit = round(rate / (2 * weights))
    return {"method": "peak", "dtype": dtype, "gflops_per_core": round(rate / 1e9), "limit_per_core_second": limit}


def main() -> None:
    """Run every method in a child, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=3000)
    parser.add_argument("--methods", default="package,walk,llmlingua,package+question,llmlingua+question")
    parser.add_argument("--dtypes", default="bfloat16,float32")
    parser.add_argument("--name", default="llmlingua-speed")
    parser.add_argument("--profile", action="store_true", help="print where the time goes, to standard error")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        method, dtype = options.child.split("/")
        found = peak(dtype) if method == "peak" else measured(method, dtype, options.tokens, options.profile)
        print(json.dumps(found))
        return
    rows = []
    for dtype in options.dtypes.split(","):
        # One product of the limit's takes a minute where bfloat16 is not multiplied, and it is no limit there.
        limit = ["peak"] if dtype in ("float32", quick_dtype("cpu")) else []
        for method in [*limit, *options.methods.split(",")]:
            given = [sys.executable, __file__, "--child", f"{method}/{dtype}", "--tokens", str(options.tokens)]
            given += ["--profile"] if options.profile else []
            # Threads that wait by spinning would count as work.
            calm = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}
            done = subprocess.run(given, stdout=subprocess.PIPE, check=True, env=calm)
            rows.append(json.loads(done.stdout.splitlines()[-1]))
            print(json.dumps(rows[-1]), flush=True)
    threads = os.environ.get("OMP_NUM_THREADS", "")
    result = {"model": MODEL, "source_tokens": options.tokens, "threads": threads, "rows": rows, "ratios": ratios(rows)}
    print(json.dumps(result["ratios"], indent=1))
    write(options.name, result)


def ratios(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Ours over the package, per precision, with and without a question."""
    speed = {(row["method"], row["dtype"]): row["tokens_per_core_second"] for row in rows if "seconds" in row}
    found = {}
    for method, dtype in speed:
        name, _, asked = method.partition("+")
        upstream = f"package+{asked}" if asked else "package"
        if name != "package" and (upstream, dtype) in speed:
            found[f"{method} over {upstream}, {dtype}"] = round(speed[method, dtype] / speed[upstream, dtype], 2)
        if name == "llmlingua" and dtype == "bfloat16" and (upstream, "float32") in speed:
            ratio = speed[method, dtype] / speed[upstream, "float32"]
            found[f"{method} over {upstream}, each in its default precision on a CPU"] = round(ratio, 2)
    return found


if __name__ == "__main__":
    main()
