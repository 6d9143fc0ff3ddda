"""What vLLM counts about itself, parsed and subtracted; servers that count nothing are no error."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai_support import HELLO, Serve, ask, connect, failing

from ctxpipe import Document, Pipeline
from ctxpipe.serving.openai.metrics import parse_metrics, use_between
from ctxpipe.serving.types import MeasuredEngine, ServerMetrics


def page(prompt: int, hits: int, first: float, count: int, *, model: str = "m", engine: int = 0) -> str:
    labels = f'{{engine="{engine}",model_name="{model}"}}'
    return f"""# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{labels} {float(prompt)}
vllm:prompt_tokens_created{labels} 1.79e+09
vllm:prefix_cache_queries_total{labels} {float(prompt)}
vllm:prefix_cache_hits_total{labels} {float(hits)}
vllm:external_prefix_cache_hits_total{labels} 7000.0
vllm:kv_cache_usage_perc{labels} 0.25
vllm:time_to_first_token_seconds_bucket{{le="0.001",engine="{engine}",model_name="{model}"}} 5000.0
vllm:time_to_first_token_seconds_sum{labels} {first}
vllm:time_to_first_token_seconds_count{labels} {float(count)}
python_gc_objects_collected_total{{generation="0"}} 9.0
"""


def test_what_vllm_says_is_read() -> None:
    assert parse_metrics(page(90, 40, 1.5, 3), "m") == ServerMetrics(
        prompt_tokens=90,
        cache_queries=90,
        cache_hits=40,
        cache_usage=0.25,
        first_tokens=3,
        first_token_seconds=1.5,
    )


def test_engines_are_added_and_other_models_left_out() -> None:
    text = page(90, 40, 1.5, 3) + page(10, 10, 0.5, 1, engine=1) + page(999, 999, 99, 99, model="m2")
    found = parse_metrics(text, "m")
    assert found is not None
    assert (found.prompt_tokens, found.cache_hits, found.first_tokens, found.cache_usage) == (100, 50, 4, 0.25)


@pytest.mark.parametrize("text", ["", "<html>", "other_total 5", "vllm:prompt_tokens_total{x} NaN", "vllm: 1\n\0"])
def test_what_is_not_vllm_s_is_none(text: str) -> None:
    assert parse_metrics(text, "m") is None


@given(st.text(alphabet=string.printable, max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = parse_metrics(page(1, 0, 0.5, 1) + text.replace("vllm:", "") + "\n", "m")
    assert found is not None
    assert found.prompt_tokens == 1


def test_the_difference_is_what_was_done_in_between() -> None:
    before, after = parse_metrics(page(90, 40, 1.5, 3), "m"), parse_metrics(page(190, 100, 2.1, 5), "m")
    assert before is not None
    assert after is not None
    use = use_between(before, after)
    assert use is not None
    assert (use.requests, use.prompt_tokens, use.cache_queries, use.cache_hits) == (2, 100, 100, 60)
    assert use.first_token_seconds == pytest.approx(0.3)
    assert use_between(after, before) is None, "a server that was started anew has counted down"
    idle = use_between(after, after)
    assert idle is not None
    assert (idle.requests, idle.first_token_seconds) == (0, None)


def test_a_server_without_metrics_is_asked_once(serve: Serve) -> None:
    server = serve()
    engine = connect(server.url)
    assert isinstance(engine, MeasuredEngine)
    assert engine.metrics() is None
    assert engine.metrics() is None
    assert len(server.asked("/metrics")) == 1


@pytest.mark.parametrize(
    "metrics",
    [failing(401), failing(500), lambda x: x.send("<html>"), lambda x: x.send(b"\xff\x00", kind="text/plain")],
)
def test_metrics_that_fail_never_harm(serve: Serve, metrics: Any) -> None:
    assert connect(serve(metrics=metrics).url, retries=0).metrics() is None


def test_metrics_are_asked_for_while_all_turns_are_taken(serve: Serve) -> None:
    engine = connect(serve(metrics=lambda x: x.send(page(90, 40, 1.5, 3), kind="text/plain")).url, concurrency=1)
    found = []
    engine.answer(HELLO, max_tokens=9, on_text=lambda _: found.append(engine.metrics()))
    assert found[0] is not None


def test_a_run_holds_what_its_server_counted(serve: Serve) -> None:
    readings = [page(90, 40, 1.5, 3), page(130, 72, 1.9, 4)]
    server = serve(
        models=lambda x: x.json({"data": [{"id": "m", "max_model_len": 1000}]}),
        metrics=lambda x: x.send(readings[min(1, len(server.asked("/v1/chat/completions")))], kind="text/plain"),
    )
    run = Pipeline(target=connect(server.url), rank="none", max_tokens=20).query(Document(text="A fox."), question="Q?")
    assert run.server is not None
    assert (run.server.requests, run.server.prompt_tokens, run.server.cache_hits) == (1, 40, 32)
    assert run.server.first_token_seconds == pytest.approx(0.4)
    plain = Pipeline(target=connect(serve(models=server.routes["/v1/models"]).url), rank="none", max_tokens=20)
    assert plain.query(Document(text="A fox."), question="Q?").server is None
    assert ask(connect(server.url)).text
