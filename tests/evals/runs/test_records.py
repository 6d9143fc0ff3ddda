from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ctxpipe.errors import CtxpipeError, ReadError
from ctxpipe.evals.runs.records import RecordFile, latest, load_records
from ctxpipe.evals.types import Record

WRITER = """
import sys, time
from ctxpipe.evals.runs.records import RecordFile, latest
from ctxpipe.evals.types import Record

path, total = sys.argv[1], int(sys.argv[2])
with RecordFile(path) as file:
    finished = latest(file.records)
    for i in range(total):
        if (str(i), "raw") not in finished:
            file.append(Record(id=str(i), cluster=str(i % 7), arm="raw", scores={"survival": float(i % 3 > 0)}))
            print(i, flush=True)
            if len(sys.argv) > 3:
                time.sleep(0.002 if i < 150 else 600)
"""


def record(i: int, **changes: object) -> Record:
    return Record(**{"id": str(i), "cluster": "c", "arm": "raw", "scores": {"survival": 1.0}, **changes})  # type: ignore[arg-type]


def written(path: Path, count: int) -> Path:
    with RecordFile(path) as file:
        for i in range(count):
            file.append(record(i))
    return path


def test_appending_goes_on_where_the_file_ended(tmp_path: Path) -> None:
    path = written(tmp_path / "deep" / "run.jsonl", 2)
    with RecordFile(path) as file:
        assert [r.id for r in file.records] == ["0", "1"]
        assert file.notes == ()
        file.append(record(2))
    assert [r.id for r in load_records(path).records] == ["0", "1", "2"]


def test_a_record_is_in_the_file_as_soon_as_append_returns(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "run.jsonl") as file:
        file.append(record(0))
        assert load_records(tmp_path / "run.jsonl").records == (record(0),)


@pytest.mark.parametrize(
    "tail", [b'{"id":"2","clus', b'{"id":"2","clus\n', b"\x00\x00\x00", b'{"id":"\xff\xfe"}', b"{}}\n"]
)
def test_a_torn_last_line_is_removed_and_said(tmp_path: Path, tail: bytes) -> None:
    path = written(tmp_path / "run.jsonl", 2)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert load_records(path).notes == (f"{path}: the last line, 3, is cut short and was left out",)
    assert path.read_bytes() == whole + tail, "load must not write"
    with RecordFile(path) as file:
        assert file.notes == (f"{path}: the last line, 3, was cut short and was removed",)
        file.append(record(2))
    assert [r.id for r in load_records(path).records] == ["0", "1", "2"]
    assert load_records(path).notes == ()


def test_a_last_line_that_lacks_only_its_end_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", 2)
    path.write_bytes(path.read_bytes()[:-1])
    with RecordFile(path) as file:
        assert file.notes == ()
        file.append(record(2))
    assert [r.id for r in load_records(path).records] == ["0", "1", "2"]


@pytest.mark.parametrize(("line", "said"), [(b'{"id":\n', "not JSON"), (b"[1]\n", "not a JSON object")])
@pytest.mark.parametrize("read", [load_records, RecordFile])
def test_a_corrupt_line_elsewhere_is_named(tmp_path: Path, read: object, line: bytes, said: str) -> None:
    path = written(tmp_path / "run.jsonl", 3)
    lines = path.read_bytes().splitlines(keepends=True)
    broken = b"".join([lines[0], line, lines[2]])
    path.write_bytes(broken)
    with pytest.raises(ReadError, match=rf"run\.jsonl, line 2: {said}"):
        read(path)  # type: ignore[operator]
    assert path.read_bytes() == broken
    with pytest.raises(ReadError, match="line 2"), RecordFile(path):
        pass


def test_a_last_line_that_lacks_a_field_is_an_error_and_not_repaired(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", 1)
    path.write_bytes(path.read_bytes() + b'{"id":"2","cluster":"c","arm":"raw"}\n')
    with pytest.raises(ReadError, match="line 2: field 'scores' is missing"):
        RecordFile(path)


def test_the_latest_record_of_every_item_and_arm_counts(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with RecordFile(path) as file:
        file.append(record(0))
        file.append(record(1, status="error", error="the server went away", scores={}))
        file.append(record(2, status="error", error="the server went away", scores={}))
        file.append(record(2))
        file.append(record(2, arm="bm25"))
    last = latest(load_records(path).records)
    assert {key: one.status for key, one in last.items()} == {
        ("0", "raw"): "ok",
        ("1", "raw"): "error",
        ("2", "raw"): "ok",
        ("2", "bm25"): "ok",
    }


def test_two_runs_cannot_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with RecordFile(path) as file:
        file.append(record(0))
        with pytest.raises(CtxpipeError, match="another run is writing"):
            RecordFile(path)
        other = subprocess.run(
            [sys.executable, "-c", WRITER, str(path), "3"], capture_output=True, text=True, check=False
        )
        assert other.returncode == 1
        assert "another run is writing" in other.stderr
    assert [r.id for r in load_records(path).records] == ["0"]
    written(path, 0)


def test_a_failed_opening_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("{}\n")
    for _ in range(2):
        with pytest.raises(ReadError, match="field 'id' is missing"):
            RecordFile(path)


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with RecordFile(path) as file:
        threads = [
            threading.Thread(target=lambda k=k: [file.append(record(100 * k + i, answer="x" * 500)) for i in range(50)])
            for k in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({r.id for r in load_records(path).records}) == 400


def test_a_folder_or_a_closed_file_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="directory"):
        RecordFile(tmp_path)
    file = RecordFile(tmp_path / "run.jsonl")
    file.close()
    file.close()
    with pytest.raises(CtxpipeError, match="cannot write a record"):
        file.append(record(0))


def test_a_killed_writer_resumes_to_the_same_records(tmp_path: Path) -> None:
    path, through = tmp_path / "killed.jsonl", tmp_path / "through.jsonl"
    command = [sys.executable, "-c", WRITER, str(path), "200"]
    with subprocess.Popen([*command, "slowly"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 100:
                process.kill()
                break
    kept = len(load_records(path).records)
    assert 100 < kept < 200
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run([*command[:3], str(through), "200"], check=True, capture_output=True)
    assert path.read_bytes() == through.read_bytes()
