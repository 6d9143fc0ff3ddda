"""Sets of the Hub: copies of them in their layout, and a server on this machine that speaks as the Hub does."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from ctxpipe.errors import CtxpipeError, MissingExtraError, ReadError, UnknownNameError, UsageError
from ctxpipe.evals.suites.hub import hub_samples, parse_hub_name
from ctxpipe.evals.suites.schema import read_samples
from ctxpipe.evals.suites.suites import check_suite, suite_samples

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NEEDLE = "A special magic number is hidden within the following text. I will quiz you about the number afterwards.\n"
CODE = """
import json, sys
from ctxpipe.errors import CtxpipeError
from ctxpipe.evals.suites.hub import hub_samples
for name in sys.argv[1:]:
    try:
        print(json.dumps([[one.id, one.dataset, one.stratum] for one in hub_samples(name, limit=2, seed=1)]))
    except CtxpipeError as exc:
        print(json.dumps(str(exc)))
"""


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


def v1(i: int, **changes: object) -> dict[str, object]:
    return {
        "input": "Who built the mill?",
        "context": f"Passage 1:\nThe mill {i % 4} was built by Anna Berg in 1811.",
        "answers": ["Anna Berg", "A. Berg"],
        "length": 11,
        "dataset": "hotpotqa",
        "language": "en",
        "all_classes": None,
        "_id": f"a{i}",
    } | changes


def v2(i: int) -> dict[str, object]:
    choices = {
        f"choice_{letter}": f"{word} {i}"
        for letter, word in zip("ABCD", ("Dogs", "Fires", "Guests", "Noise"), strict=True)
    }
    return {
        "_id": f"b{i}",
        "domain": "Single-Document QA",
        "sub_domain": "Legal",
        "difficulty": "hard",
        "length": "short",
        "question": "What does the lease forbid?",
        "answer": "B",
        "context": f"The tenant of house {i} shall not light open fires.",
    } | choices


def ruler(i: int) -> dict[str, object]:
    text = (
        f"{NEEDLE}The grass is green. One of the special magic numbers for otter is: {i}.\nWhat is the special magic "
    )
    question = "number for otter mentioned in the provided text? The special magic number for otter mentioned is"
    return {"index": i, "input": text + question, "outputs": [str(i)], "length": 50, "token_position_answer": 7}


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def longbench(folder: Path, **members: list[dict[str, object]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "LongBench.py").write_text("raise SystemExit('a script was run')")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    with zipfile.ZipFile(folder / "data.zip", "w") as archive:
        for name, rows in members.items():
            archive.writestr(f"data/{name}.jsonl", lines(rows))
    return folder


@pytest.fixture
def first(tmp_path: Path) -> Path:
    rows = [v1(i) for i in range(12)]
    (tmp_path / "hotpotqa.jsonl").write_text(lines(rows))
    return longbench(tmp_path / "LongBench", hotpotqa=rows, hotpotqa_e=rows[:3], trec=[v1(0, dataset="trec")])


@pytest.mark.parametrize("limit", [None, 1, 5])
def test_longbench_is_read_from_its_archive_as_from_its_files(first: Path, limit: int | None) -> None:
    expected = list(read_samples(first.parent / "hotpotqa.jsonl", limit=limit, seed=3))
    for part in ("hotpotqa", "data.zip/data/hotpotqa.jsonl"):
        found = hub_samples(f"hf:{first}/{part}", limit=limit, seed=3)
        assert list(found) == expected
    assert len(expected) == (limit or 12)


def test_the_two_files_of_a_task_are_told_apart(first: Path) -> None:
    assert len(list(hub_samples(f"hf:{first}/hotpotqa_e"))) == 3
    with pytest.raises(UnknownNameError, match=r"unknown part of data\.zip 'hotpotqu'; did you mean hotpotqa"):
        list(hub_samples(f"hf:{first}/hotpotqu"))
    with pytest.raises(UsageError, match="has several tasks; name one"):
        list(hub_samples(f"hf:{first}"))


def test_longbench_2_is_one_array(tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(json.dumps([v2(i) for i in range(3)], indent=2))
    found = list(hub_samples(f"hf:{tmp_path}"))
    assert [one.answers for one in found] == [("Fires 0",), ("Fires 1",), ("Fires 2",)]
    assert {one.stratum for one in found} == {"longbench-v2/Single-Document QA"}
    assert list(hub_samples(f"hf:{tmp_path}/data.json")) == found


def test_what_rulers_generator_wrote_is_named_after_its_folders(tmp_path: Path) -> None:
    for task in ("niah_single_1", "niah_single_2"):
        (tmp_path / task).mkdir()
        (tmp_path / task / "validation.jsonl").write_text(lines([ruler(i) for i in range(4)]))
    (tmp_path / "config.json").write_text("{}")
    (one,) = hub_samples(f"hf:{tmp_path}/niah_single_1", limit=1)
    assert one.stratum == "ruler/niah_single_1"
    assert one.documents[0].text == "The grass is green. One of the special magic numbers for otter is: 0."
    assert len(list(hub_samples(f"hf:{tmp_path}", limit=2))) == 4
    assert [one.stratum for one in hub_samples(f"hf:{tmp_path}/niah_single_2/validation")] == [
        "ruler/niah_single_2"
    ] * 4


def test_shards_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "qa_1_4k").mkdir()
    for shard in range(2):
        table = pyarrow.Table.from_pylist([ruler(i + 10 * shard) for i in range(6)])
        parquet.write_table(table, tmp_path / "qa_1_4k" / f"validation-{shard:05}-of-00002.parquet")
    found = list(hub_samples(f"hf:{tmp_path}/qa_1_4k"))
    assert [one.answers[0] for one in found] == [str(i + 10 * shard) for shard in range(2) for i in range(6)]
    assert {one.stratum for one in found} == {"ruler/qa_1_4k"}
    assert len(list(hub_samples(f"hf:{tmp_path}/qa_1_4k", limit=4, seed=0))) == 4


def test_rows_in_our_own_schema_may_lack_what_others_have(tmp_path: Path) -> None:
    whole = {"id": "a", "dataset": "d", "cluster": "c", "question": "q", "answers": ["x"], "metric": "contains"}
    rows = [
        whole | {"documents": [{"text": "x"}], "answer_rule": "all", "evidence": [{"doc": 0, "start": 0, "end": 1}]}
    ]
    rows.append(whole | {"id": "b", "documents": [{"text": "x y", "title": "t", "gold": True}]})
    with gzip.open(tmp_path / "own.jsonl.gz", "wt") as file:
        file.write(lines(rows))
    assert list(hub_samples(f"hf:{tmp_path}/own")) == list(read_samples(tmp_path / "own.jsonl.gz"))


def test_a_field_may_be_null_for_megabytes_before_it_is_not(tmp_path: Path) -> None:
    long = "word " * 100_000
    rows = [v1(i, context=f"{i} {long}", all_classes=["x"] if i > 24 else None) for i in range(26)]
    longbench(tmp_path, trec=rows)
    assert [one.id for one in hub_samples(f"hf:{tmp_path}/trec")] == [f"longbench/a{i}" for i in range(26)]


@pytest.mark.parametrize(
    ("files", "part", "said"),
    [
        ({"data.json": b'[{"a": 1}, {"a"'}, "", "data.json: cannot be read"),
        ({"x.jsonl": b""}, "x", "x.jsonl: holds no rows"),
        ({"x.parquet": b"PAR1"}, "x", "x.parquet: cannot be read"),
        ({"data.zip": b"PK"}, "hotpotqa", "data.zip: not a zip file"),
        ({"x.jsonl": b'{"a": 1}\n'}, "x", "x.jsonl, row 1: field 'documents' is missing"),
        ({"x.jsonl": b"{}\n", "x.parquet": b""}, "x", "in several formats; name a file"),
        ({"x.txt": b""}, "x", "has no readable file"),
        ({"x.jsonl": b"{}\n", "xyzw.jsonl": b""}, "xyz", "unknown part of hf:.* 'xyz'; did you mean xyzw"),
        ({"x.jsonl": b"{}\n"}, "y", "no such folder"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    tmp_path: Path, files: Mapping[str, bytes], part: str, said: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CtxpipeError, match=said) as caught:
        list(hub_samples(f"hf:{tmp_path}/{part}"))
    assert "\n" not in str(caught.value)


def test_a_name_is_taken_apart() -> None:
    found = parse_hub_name("hf:zai-org/LongBench@v1.0/hotpotqa")
    assert (found.repository, found.revision, found.part) == ("zai-org/LongBench", "v1.0", "hotpotqa")
    assert parse_hub_name("hf:zai-org/LongBench-v2/").part == ""
    for name in ("hf:", "hf:LongBench", "hf:a b/c", "hf:./nowhere/at/all"):
        with pytest.raises(UsageError, match=r"is not a set on the Hub; write hf:OWNER/NAME|no such folder"):
            check_suite(name, None)


def test_without_datasets_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        MissingExtraError, match=r'reading sets from the Hub needs .* pip install "ctxpipe\[datasets\]"'
    ):
        check_suite("hf:zai-org/LongBench/hotpotqa", None)


def test_a_set_of_the_hub_is_a_suite(first: Path) -> None:
    found = suite_samples(
        f"hf:{first}/hotpotqa",
        data=None,
        limit=2,
        seed=0,
        lengths=(60,),
        count_many=lambda texts: [len(t) for t in texts],
    )
    assert {one.stratum for one in found} == {"longbench/hotpotqa@60"}


@contextmanager
def hub(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A server that has a folder as ``zai-org/LongBench``, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            asked.append(f"{self.command} {path}")
            files = sorted(file.name for file in folder.iterdir())
            name = path.rsplit("/", 1)[-1]
            if (
                path.startswith("/api/datasets/zai-org/LongBench/revision/")
                or path == "/api/datasets/zai-org/LongBench"
            ):
                info = {"id": "zai-org/LongBench", "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
                self.reply(200, json.dumps(info).encode(), {"Content-Type": "application/json"})
            elif path.startswith("/datasets/zai-org/LongBench/resolve/") and name in files:
                content = (folder / name).read_bytes()
                etag = hashlib.sha1(content, usedforsecurity=False).hexdigest()
                self.reply(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})
            else:
                self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})

        def reply(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()


def ask(home: Path, endpoint: str, *names: str) -> list[object]:
    environ = os.environ | {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1"}
    environ = {name: value for name, value in environ.items() if name not in ("HF_HUB_OFFLINE", "HF_HUB_CACHE")}
    command = [sys.executable, "-W", "error", "-c", CODE, *names]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_set_is_fetched_once_and_its_commit_kept(first: Path, tmp_path: Path) -> None:
    name, home = "hf:zai-org/LongBench/hotpotqa", tmp_path / "home"
    with hub(first) as (endpoint, asked):
        found, again, none = ask(home, endpoint, name, name, "hf:zai-org/LongBunch/hotpotqa")
    expected = [one.id for one in read_samples(first.parent / "hotpotqa.jsonl", limit=2, seed=1)]
    assert found == [[i, f"hf:zai-org/LongBench@{COMMIT}/hotpotqa", "longbench/hotpotqa"] for i in expected]
    assert again == found
    assert none == "zai-org/LongBunch: is not on the Hugging Face Hub, or is private ('hf auth login')"
    assert {line.split()[1].rsplit("/", 1)[-1] for line in asked if "/resolve/" in line} == {"data.zip"}, "no script"
    assert sum(line.startswith("GET") and "/resolve/" in line for line in asked) == 1
    started = time.monotonic()
    kept, pinned, lacking = ask(home, endpoint, name, f"hf:zai-org/LongBench@{COMMIT}/trec", "hf:zai-org/LongBench-v2")
    assert kept == found, "from the cache, with the server gone"
    assert [one[0] for one in pinned] == ["longbench/a0"]
    assert isinstance(lacking, str)
    assert lacking.startswith("zai-org/LongBench-v2: is neither a folder nor in the Hugging Face cache")
    assert "the Hub cannot be reached; a copy can be read" in lacking
    assert time.monotonic() - started < 60


def test_damaged_rows_name_the_set(tmp_path: Path) -> None:
    longbench(tmp_path, trec=[v1(0), v1(1, answers=[])])
    with pytest.raises(
        ReadError, match=r"data/trec\.jsonl, row 2: field 'answers' is \[\]: list should have at least 1 item"
    ):
        list(hub_samples(f"hf:{tmp_path}/trec"))
