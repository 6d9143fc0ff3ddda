"""All of a document through a real vLLM server, eight windows side by side."""

from __future__ import annotations

import threading
import time
from urllib.request import ProxyHandler, build_opener

from samples import prose
from vllm_support import Served, needs_avx512

from ctxpipe import Document, Pipeline

FACTS = [f"The keeper of the lighthouse number {i} is called Ada Fenwick." for i in range(12)]


def running(server: Served, most: list[int], over: threading.Event) -> None:
    """Collect how many requests the server runs at a time, by its own counters."""
    opener = build_opener(ProxyHandler({}))
    while not over.is_set():
        with opener.open(f"{server.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        most += [int(float(line.split()[-1])) for line in lines if line.startswith("vllm:num_requests_running{")]
        time.sleep(0.02)


@needs_avx512
def test_eight_windows_side_by_side(server: Served) -> None:
    text = "\n\n".join(f"{prose(6, seed=i)} {fact}" for i, fact in enumerate(FACTS))
    document = Document(text=text, source="lights.txt")
    pipeline = Pipeline(target=server.url, tokenizer="smollm2-135m", score_cache=0, max_tokens=64)
    most: list[int] = []
    over = threading.Event()
    watch = threading.Thread(target=running, args=(server, most, over))
    watch.start()
    try:
        run = pipeline.cover(document, question="List every keeper of a lighthouse.", window=180, concurrency=8)
    finally:
        over.set()
        watch.join()
    assert run.cover is not None
    assert run.cover.windows >= 16
    assert run.cover.failed == 0, run.context.notes
    assert run.cover.calls == run.cover.windows
    assert 4 <= max(most) <= 8
    assert run.answer.text.startswith("- ")
    assert all(document.text[c.start : c.end] == c.text for c in run.citations)
    whole = pipeline.cover(document, question="Who keeps the lighthouse number 3?", window=180, concurrency=8)
    assert whole.cover is not None
    assert whole.cover.failed == 0, whole.context.notes
    assert whole.answer.text.strip()
