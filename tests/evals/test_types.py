from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import ReadError, UsageError
from ctxpipe.evals.types import STATUSES, Record

numbers = st.floats(allow_nan=False, allow_infinity=False)
named_numbers = st.dictionaries(st.text(max_size=8), numbers, max_size=4)
records = st.builds(
    Record,
    id=st.text(max_size=20),
    cluster=st.text(max_size=20),
    arm=st.text(max_size=20),
    stratum=st.text(max_size=20),
    scores=named_numbers,
    source_tokens=st.none() | st.integers(0, 10**9),
    kept_tokens=st.none() | st.integers(0, 10**9),
    rate=st.none() | numbers,
    timings=named_numbers,
    status=st.sampled_from(STATUSES),
    error=st.text(min_size=1, max_size=20),
    method=st.text(max_size=20),
    models=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    prompt_hash=st.text(max_size=20),
    seed=st.integers(-(2**40), 2**40),
    answer=st.text(max_size=40),
    spans=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99), st.integers(0, 99)), max_size=3).map(tuple),
)


@given(records)
def test_a_record_survives_its_line(record: Record) -> None:
    line = record.to_json()
    assert "\n" not in line
    assert Record.from_mapping(json.loads(line)) == record


@pytest.mark.parametrize("field", ["id", "cluster", "arm", "scores"])
def test_a_missing_field_is_named_with_its_line(field: str) -> None:
    value = {"id": "1", "cluster": "c", "arm": "raw", "scores": {}}
    del value[field]
    with pytest.raises(ReadError, match=rf"^run\.jsonl, line 7: field '{field}' is missing$"):
        Record.from_mapping(value, "run.jsonl, line 7")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scores": {"f1": float("nan")}}, "score 'f1' is NaN"),
        ({"scores": {"f1": float("inf")}}, "score 'f1' is infinite"),
        ({"scores": {"f1": "high"}}, "score 'f1' is \"high\", which is not a number"),
        ({"scores": {"f1": 10**400}}, "score 'f1' is too large for"),
        ({"scores": [1]}, r"field 'scores' is \[1\]"),
        ({"timings": {"prune": None}}, "timing 'prune' is null"),
        ({"id": 3}, "field 'id' is 3"),
        ({"status": "fine"}, "status is 'fine'; it must be one of ok, truncated, error"),
        ({"status": "error"}, "an error needs its text"),
        ({"spans": [[1, 2]]}, "field 'spans.0.2' is missing"),
        ({"source_tokens": True}, "field 'source_tokens' is true"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line(change: dict[str, object], said: str) -> None:
    value = {"id": "1", "cluster": "c", "arm": "raw", "scores": {}} | change
    with pytest.raises(ReadError, match=f"^line 2: .*{said}"):
        Record.from_mapping(value, "line 2")


def test_a_record_cannot_be_made_with_a_score_that_is_no_number() -> None:
    with pytest.raises(UsageError, match="score 'nll' is NaN"):
        Record(id="1", cluster="c", arm="raw", scores={"nll": float("nan")})


def test_fields_of_later_versions_are_passed_over() -> None:
    value = {"id": "1", "cluster": "c", "arm": "raw", "scores": {}, "colour": "blue"}
    assert Record.from_mapping(value) == Record(id="1", cluster="c", arm="raw")
