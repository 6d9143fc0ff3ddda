"""What a batch on Ray does before Ray starts: requests and rows in columns, lines by their places, what is done."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_support import questions, results, write
from commands_support import Command

from ctxpipe import compress_dataset
from ctxpipe.errors import MissingExtraError, ReadError, UnreachableError, UsageError
from ctxpipe.pipeline.batch.batch import BatchPlan, run_batch
from ctxpipe.pipeline.batch.cluster.forms import FromColumns, FromLines, ToColumns, to_lines
from ctxpipe.pipeline.batch.cluster.index import index_of
from ctxpipe.pipeline.batch.cluster.parquet import done_in, errors_in, ids_in
from ctxpipe.pipeline.batch.cluster.run import run_on_ray
from ctxpipe.pipeline.batch.rows import BadRequest, BatchRequest, error_row, requests_in

CONTEXT: dict[str, Any] = {
    "id": "a",
    "context": "Anna sings.",
    "kept_tokens": 3,
    "source_tokens": 30,
    "excerpts": [{"source": "a.txt", "pages": [1], "stretches": [[0, 11]]}],
    "notes": ["a note"],
    "timings": {"rank": 0.5},
}
NONE = pa.table({"question": []})


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(capfd, monkeypatch)


def plan(tmp_path: Path, **options: Any) -> BatchPlan:
    files = {"requests": tmp_path / "requests.jsonl", "results": tmp_path / "results.jsonl"}
    return BatchPlan(**(files | {"options": {"rank": "bm25"}, "budget": 60, "compress_only": True} | options))


def test_lines_by_their_places_are_those_of_the_file(tmp_path: Path) -> None:
    rows = [*questions(5), "rubbish\n", "\n", {"id": "q1", "question": "Where?"}, {"question": "Wäre?"}, "[1]"]
    path = write(tmp_path / "requests.jsonl", *rows)
    table, total = index_of(path, {"q3"})
    read = [*FromLines(path=path)(table.slice(0, 4)), *FromLines(path=path)(table.slice(4))]
    assert total == 9
    assert read == [one for one in requests_in(path) if one.id != "q3"]
    assert BadRequest(id="q1", reason="line 8: its id stands on an earlier line too") in read


def test_a_file_that_a_machine_does_not_see_is_said(tmp_path: Path) -> None:
    table, _ = index_of(write(tmp_path / "requests.jsonl", *questions(1)), set())
    with pytest.raises(ReadError, match=r"elsewhere\.jsonl: No such file"):
        list(FromLines(path=tmp_path / "elsewhere.jsonl")(table))


def test_ids_as_texts_and_as_numbers_are_one_where_results_hold_texts(tmp_path: Path) -> None:
    path = write(tmp_path / "requests.jsonl", {"question": "Who?"}, {"id": "1", "question": "Who?"})
    assert index_of(path, set())[0]["again"].to_pylist() == [False, False]
    assert index_of(path, set(), text=True)[0]["again"].to_pylist() == [False, True]
    assert len(index_of(path, {"1"}, text=True)[0]) == 0


def test_requests_of_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["a", "b", None, "d", "e"],
            "question": ["Who?", None, "Who?", "Who?", "Who?"],
            "text": ["Anna.", "Anna.", "Anna.", None, "Anna."],
            "paths": [None, None, None, ["a.txt"], None],
            "budget": [2000.0, float("nan"), None, 1.5, 10.0],
            "owner": [1, 2, 3, 4, 5],
        }
    )
    read = list(FromColumns(folder=tmp_path, skipped=frozenset({"e"}))(table))
    assert read == [
        BatchRequest(id="a", question="Who?", text="Anna.", budget=2000),
        BadRequest(id="b", reason="'question' must be a text that is not empty"),
        BadRequest(id=None, reason="'id' must be a text or a whole number"),
        BadRequest(id="d", reason="'budget' must be a number"),
    ]
    table = pa.table({"id": [1], "question": ["Who?"], "paths": [["a.txt"]]})
    assert list(FromColumns(folder=tmp_path)(table)) == [
        BatchRequest(id=1, question="Who?", paths=(str(tmp_path / "a.txt"),))
    ]
    with pytest.raises(UsageError, match="requests need a column 'id'; there are: question"):
        list(FromColumns(folder=tmp_path)(NONE))


def test_rows_have_the_same_columns_whatever_is_in_them(tmp_path: Path) -> None:
    writes = ToColumns(compress_only=True)
    whole = writes([CONTEXT], NONE)
    failed = writes([error_row(13, "no")], NONE)
    assert whole.schema == failed.schema == writes([], NONE).schema
    (row,) = whole.to_pylist(maps_as_pydicts="strict")
    assert row == {**CONTEXT, "error": None}
    assert failed["id"].to_pylist() == ["13"]
    numbered = writes([error_row(13, "no")], pa.table({"id": [1]}))
    assert numbered["id"].to_pylist() == [13]
    answers = ToColumns(compress_only=False)([error_row("a", "no")], NONE)
    assert {"answer", "citations", "unanswered", "error"} < set(answers.schema.names)


def test_lines_of_rows_are_those_of_the_local_run() -> None:
    (line,) = to_lines([CONTEXT], NONE)["line"].to_pylist()
    assert json.loads(line) == CONTEXT


def test_ids_of_parquet_requests(tmp_path: Path) -> None:
    path = tmp_path / "requests.parquet"

    def ids(*given: Any) -> list[Any]:
        pq.write_table(pa.table({"id": list(given), "question": ["Who?"] * len(given)}), path)
        return ids_in(path)

    assert ids("a", "b") == ["a", "b"]
    with pytest.raises(UsageError, match="'a' stands there 2 times"):
        ids("a", "b", "a")
    with pytest.raises(UsageError, match="row 2 has none"):
        ids("a", None)
    pq.write_table(NONE, path)
    with pytest.raises(UsageError, match="has no column 'id'"):
        ids_in(path)
    path.write_bytes(b"rubbish")
    with pytest.raises(ReadError):
        ids_in(path)


def test_results_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "results.parquet"
    assert done_in(folder) == (set(), 0, 0)
    folder.mkdir()
    writes = ToColumns(compress_only=True)
    pq.write_table(writes([CONTEXT], NONE), folder / "1.parquet")
    pq.write_table(writes([error_row("b", "no")], NONE), folder / "2.parquet")
    (folder / "3.parquet").write_bytes((folder / "1.parquet").read_bytes()[:-50])
    torn = (folder / "3.parquet").stat().st_size
    assert done_in(folder) == ({"a", "b"}, 1, torn)
    assert done_in(folder) == ({"a", "b"}, 1, 0)
    assert list(errors_in(folder, {"a"})) == [("b", "no")]
    pq.write_table(NONE, folder / "4.parquet")
    with pytest.raises(UsageError, match=r"4.parquet has no column 'id'"):
        done_in(folder)
    with pytest.raises(UsageError, match="is a file"):
        done_in(folder / "1.parquet")


def test_what_is_done_needs_no_cluster(tmp_path: Path) -> None:
    requests = write(tmp_path / "requests.jsonl", {"id": "a", "question": "Who?", "text": "Anna sings."})
    run_batch(plan(tmp_path))
    done = run_on_ray(plan(tmp_path), "127.0.0.1:9")
    assert (done.done, done.before) == (0, 1)
    write(requests, *questions(2))
    with pytest.raises(UnreachableError, match=r"^no Ray at 127\.0\.0\.1:9: Connection refused$"):
        run_on_ray(plan(tmp_path), "127.0.0.1:9")


def test_parquet_needs_ray(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="with --ray only"):
        run_batch(plan(tmp_path, requests=tmp_path / "requests.parquet"))


def test_without_the_extra_it_is_one_line(tmp_path: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "requests.jsonl", *questions(1))
    monkeypatch.setitem(sys.modules, "ray", None)
    line = 'a batch on Ray needs an optional dependency: pip install "ctxpipe[ray]"'
    outcome = run(
        "batch", tmp_path / "requests.jsonl", "-o", tmp_path / "results.jsonl", "--compress-only",
        "--budget", 60, "--ray",
    )  # fmt: skip
    assert (outcome.code, outcome.err) == (1, f"error: {line}\n")
    assert not (tmp_path / "results.jsonl").exists()
    with pytest.raises(MissingExtraError, match="ctxpipe\\[ray\\]"):
        compress_dataset(None, budget=60)  # type: ignore[arg-type]


def test_a_dataset_needs_a_size_and_valid_options() -> None:
    with pytest.raises(UsageError, match="budget or rate"):
        compress_dataset(None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="unknown ranker"):
        compress_dataset(None, budget=60, rank="nothing")  # type: ignore[arg-type]


def test_results_of_something_else_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "requests.jsonl", *questions(2))
    other = write(tmp_path / "results.jsonl", {"name": "not ours"})
    with pytest.raises(UsageError, match="line 1 is no result"):
        run_on_ray(plan(tmp_path), "127.0.0.1:9")
    assert results(other) == [{"name": "not ours"}]
