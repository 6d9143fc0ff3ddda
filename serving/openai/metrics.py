"""A vLLM server's counters, read before and after a request."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ctxpipe.serving.types import ServerMetrics, ServerUse

_LINE = re.compile(r"(?P<name>vllm:\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_MODEL = re.compile(r'(?:^|,)model_name="((?:[^"\\]|\\.)*)"')
_QUERIES = "vllm:prefix_cache_queries_total"
_HITS = "vllm:prefix_cache_hits_total"
_PROMPT = "vllm:prompt_tokens_total"
_CACHE = "vllm:kv_cache_usage_perc"
_FIRST = "vllm:time_to_first_token_seconds"
_WANTED = frozenset({_QUERIES, _HITS, _PROMPT, _CACHE, f"{_FIRST}_sum", f"{_FIRST}_count"})


def use_between(before: ServerMetrics, after: ServerMetrics) -> ServerUse | None:
    """The difference of two readings; None if the server was restarted in between."""
    requests = after.first_tokens - before.first_tokens
    use = ServerUse(
        requests=requests,
        prompt_tokens=after.prompt_tokens - before.prompt_tokens,
        cache_queries=after.cache_queries - before.cache_queries,
        cache_hits=after.cache_hits - before.cache_hits,
        cache_usage=after.cache_usage,
        first_token_seconds=(after.first_token_seconds - before.first_token_seconds) / requests if requests else None,
    )
    return None if min(use.requests, use.prompt_tokens, use.cache_queries, use.cache_hits) < 0 else use


def parse_metrics(text: str, model: str) -> ServerMetrics | None:
    """Parse ``/metrics`` in Prometheus' text format; None if it is not vLLM's.

    Counters of several engines behind one server are added, shares averaged. Other models are ignored.
    """
    samples: dict[str, list[float]] = {}
    for name, labels, value in _samples(text.splitlines()):
        named = _MODEL.search(labels)
        if named is None or named[1] == model:
            samples.setdefault(name, []).append(value)
    if _PROMPT not in samples:
        return None
    total = {name: sum(values) for name, values in samples.items()}
    return ServerMetrics(
        prompt_tokens=int(total[_PROMPT]),
        cache_queries=int(total.get(_QUERIES, 0)),
        cache_hits=int(total.get(_HITS, 0)),
        cache_usage=total.get(_CACHE, 0.0) / max(1, len(samples.get(_CACHE, ()))),
        first_tokens=int(total.get(f"{_FIRST}_count", 0)),
        first_token_seconds=total.get(f"{_FIRST}_sum", 0.0),
    )


def _samples(lines: Iterable[str]) -> Iterable[tuple[str, str, float]]:
    for line in lines:
        match = _LINE.match(line)
        if match is None or match["name"] not in _WANTED:
            continue
        try:
            value = float(match["value"])
        except ValueError:
            continue
        if math.isfinite(value):
            yield match["name"], match["labels"] or "", value
