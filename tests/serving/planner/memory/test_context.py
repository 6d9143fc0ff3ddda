"""The longest context, against closed forms and published figures, and what must hold of any."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planner_support import TINY_LLAMA4, write_config

from ctxpipe.serving import Memory, Parallelism, plan
from ctxpipe.serving.planner.memory.paging import grouped, pages, pool
from ctxpipe.serving.planner.memory.parallel import stages
from ctxpipe.serving.planner.model.shape import Layer
from ctxpipe.serving.planner.published import SCOUT_ADVICE, SCOUT_REFERENCE

GIB = 1 << 30
LIMIT = 10_485_760

EXPECTED = {
    ("auto", False): ("46K", "421K", "1.17M", "2.67M"),
    ("auto", True): ("109K", "1.61M", "4.62M", "10.49M"),
    ("fp8", False): ("91K", "842K", "2.34M", "5.35M"),
    ("fp8", True): ("291K", "3.30M", "9.31M", "10.49M"),
}


def closed_form(cache: int, tp: int, dtype_bytes: int, *, hybrid: bool) -> int:
    """Scout's longest context in blocks of 16: 12 layers with full attention, 36 with chunks of 8,192."""
    block, steps = 16, 2 * 8192
    page = 2 * block * (8 // tp) * 128 * dtype_bytes
    if hybrid:
        return min(LIMIT, block * (cache // (12 * page) - 1 - 3 * math.ceil((8192 + steps) / block)))
    return min(LIMIT, block * (cache // (48 * page) - 1))


@pytest.mark.parametrize("tp", [1, 2, 4, 8])
@pytest.mark.parametrize("kv_dtype", ["auto", "fp8"])
@pytest.mark.parametrize("hybrid", [True, False])
def test_scout_has_the_closed_forms_context_to_the_block(tp: int, kv_dtype: str, hybrid: bool) -> None:
    made = plan("scout", gpus=tp, kv_dtype=kv_dtype, memory=Memory(hybrid=hybrid))
    (row,) = made.rows
    total = int(79.1 * GIB)
    cache = math.ceil(total * 0.92) - math.ceil(made.weights_bytes / tp) - 4 * GIB
    assert row.kv_gib == pytest.approx(cache / GIB, abs=1e-8)
    assert row.max_context_tokens == closed_form(cache, tp, 1 if kv_dtype == "fp8" else 2, hybrid=hybrid)
    assert (row.tensor_parallel, row.pipeline_parallel) == (tp, 1)
    tokens = row.max_context_tokens
    told = f"{tokens / 1e6:.2f}M" if tokens >= 1e6 else f"{tokens / 1e3:.0f}K"
    assert told == EXPECTED[kv_dtype, hybrid][tp.bit_length() - 1]
    assert row.bytes_per_token == (49_152 if hybrid else 196_608) // (2 if kv_dtype == "fp8" else 1)


@pytest.mark.parametrize(("hybrid", "each"), [(True, 22_000), (False, 5_500)])
def test_a_gib_of_overhead_costs_what_it_holds(hybrid: bool, each: int) -> None:
    memories = (Memory(hybrid=hybrid, overhead_gib=gib) for gib in (4, 5))
    less, more = (plan("scout", gpus=1, memory=memory).rows[0].max_context_tokens for memory in memories)
    assert less - more == pytest.approx(each, rel=0.01)


@pytest.mark.parametrize(("hybrid", "length"), [(True, 252_800), (False, 65_408)])
def test_a_tiny_llama4_has_what_a_server_said(tmp_path, hybrid: bool, length: int) -> None:
    given = {"kv_cache_bytes": 256 << 20, "block_size": 128, "batched_tokens": 2048, "async_scheduling": False}
    made = plan(str(write_config(tmp_path, TINY_LLAMA4)), gpus=1, memory=Memory(hybrid=hybrid, **given))
    assert made.rows[0].max_context_tokens == length


def test_the_reference_profile_lies_within_every_published_bracket() -> None:
    made = plan("scout", profile="reference")
    assert made.weights_bytes == pytest.approx(66.477e9, rel=1e-4)
    assert [row.gpus for row in made.rows] == [bracket.gpus for bracket in SCOUT_REFERENCE]
    for row, bracket in zip(made.rows, SCOUT_REFERENCE, strict=True):
        assert bracket.holds(row.max_context_tokens)
        assert row.bytes_per_token == 196_608


def test_published_estimates_come_out_of_presets() -> None:
    made = plan("scout-q4-k-m", gpus=1, memory=Memory(hybrid=False))
    assert f"{made.weights_bytes / 1e9:.1f}" == "61.0"
    assert f"{made.context_kv_bytes / 1e9:,.0f}" == "2,062"
    assert made.context_tokens == LIMIT
    (advice,) = SCOUT_ADVICE
    for hybrid in (True, False):
        longest = plan("scout", gpus=advice.gpus, batch=1, memory=Memory(hybrid=hybrid)).rows[0].max_context_tokens
        assert longest > advice.fails


def test_what_is_left_out_of_the_weights_goes_to_the_cache() -> None:
    whole, blind = (plan("scout", gpus=1, language_only=only) for only in (False, True))
    freed = (whole.weights_bytes - blind.weights_bytes) / GIB
    assert freed == pytest.approx(871_932_416 * 2 / GIB)
    assert blind.rows[0].kv_gib - whole.rows[0].kv_gib == pytest.approx(freed, abs=1e-6)


def test_a_pipeline_is_dealt_out_as_vllm_does() -> None:
    assert [len(stage) for stage in stages(48, 5)] == [9, 10, 10, 10, 9]
    assert [len(stage) for stage in stages(61, 4)] == [15, 15, 16, 15]
    made = plan("scout", parallelism=Parallelism(tensor=8, pipeline=2))
    assert made.rows[0].gpus == 16
    split = plan("scout", gpus=(3, 12)).rows
    assert [(row.tensor_parallel, row.pipeline_parallel) for row in split] == [(1, 3), (4, 3)]


def test_latent_attention_is_held_by_every_gpu() -> None:
    one, eight = (plan("deepseek-v3", gpus=tp, memory=Memory(kv_cache_bytes=GIB)).rows[0] for tp in (1, 8))
    assert one.max_context_tokens == eight.max_context_tokens
    assert one.bytes_per_token == 61 * 576 * 2 == eight.bytes_per_token // 8


LAYERS = st.lists(
    st.sampled_from([("full", 0), ("window", 96), ("window", 700), ("chunk", 512)]), min_size=1, max_size=12
)


@given(LAYERS, st.booleans(), st.integers(1, 40), st.integers(1, 3), st.integers(0, 3000), st.integers(1, 4))
def test_the_longest_context_fits_and_one_token_more_does_not(
    kinds: list[tuple], hybrid: bool, megabytes: int, pipeline: int, in_flight: int, batch: int
) -> None:
    layers = [Layer(kind=kind, span=span, kv_heads=2, k_dim=16, v_dim=16) for kind, span in kinds]
    found = pages(layers, 1, 16, 2)
    groups = grouped(found, hybrid=hybrid)
    assert sorted(index for group in groups for index in group.layers) == list(range(len(layers)))
    for stage in stages(len(layers), min(pipeline, len(layers))):
        held = pool(groups, found, stage, megabytes << 20)
        longest = held.longest(1 << 20, in_flight, batch)
        room = held.memory - held.block_bytes
        assert held.needed(longest, in_flight, batch) <= room or not longest
        assert longest == 1 << 20 or held.needed(longest + 1, in_flight, batch) > room


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.floats(0.5, 1.0), st.floats(0, 12), st.integers(1, 8))
def test_more_memory_never_means_less_context(power: int, utilisation: float, overhead: float, batch: int) -> None:
    memory = Memory(utilisation=utilisation, overhead_gib=overhead, batch=batch)
    here = plan("scout", gpus=2**power, memory=memory).rows[0]
    for other in (
        plan("scout", gpus=2**power, gpu="h200", memory=memory).rows[0],
        plan("scout", gpus=2**power, memory=replace(memory, overhead_gib=overhead / 2)).rows[0],
        plan("scout", gpus=2**power, memory=memory, batch=max(1, batch - 1)).rows[0],
        plan("scout", gpus=2**power, kv_dtype="fp8", memory=memory).rows[0],
    ):
        assert other.max_context_tokens >= here.max_context_tokens
    assert (here.max_context_tokens == 0) == bool(here.reason) == (not here.fits)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30_000_000), st.integers(0, 200_000))
def test_the_rate_that_is_needed_makes_documents_fit(tokens: int, reserve: int) -> None:
    made = plan("scout", tokens=tokens, reserve=reserve)
    assert made.rate_needed == max(row.rate_needed for row in made.rows)
    for row in made.rows:
        room = max(0, row.max_context_tokens - reserve)
        assert row.fits_raw == (tokens <= room)
        assert (row.rate_needed == 1) == row.fits_raw
        assert math.floor(row.rate_needed * tokens) <= room
        assert row.rate_needed == 1 or (row.rate_needed + 2e-6) * tokens > room
