"""``ctxpipe compress`` on good input, bad input, and input that means harm."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from commands_support import NEEDLE, QUESTION, Command, assert_times_add_up
from samples import prose

from ctxpipe.compress.rank.resources import EFFORTS
from ctxpipe.errors import UnknownNameError
from ctxpipe.models.tokenizer import TargetTokenizer
from ctxpipe.pipeline.pipeline import Pipeline


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.md"
    path.write_text(f"# Log\n\n{prose(60)}\n\n{NEEDLE}\n\n{prose(60, 2)}\n", encoding="utf-8")
    return path


def test_text_goes_out_and_the_table_to_the_side(run: Command, report: Path) -> None:
    done = run("compress", report, "-q", QUESTION, "--budget", 60)
    assert done.code == 0
    assert NEEDLE in done.out
    assert TargetTokenizer.load("smollm2-135m").count(done.out) <= 60
    lines = done.err.splitlines()
    assert [line.split()[0] for line in lines] == ["kept", "budget", "method", "time"]
    assert re.search(r"kept +\d+ of [\d,]+ tokens \(\d+\.\d%\)", lines[0])
    assert lines[1].endswith("60 tokens of smollm2-135m")
    done = run("compress", report, "-q", QUESTION, "--budget", 60, "--verbose")
    for line in ("source tokens", "kept tokens", "rate", "tokenizer", "time: ranking"):
        assert line in done.err
    assert_times_add_up(done.err)


def test_json_holds_what_the_docs_say(run: Command, report: Path) -> None:
    done = run("compress", report, "-q", QUESTION, "--budget", 60, "--json", "--quiet")
    found = json.loads(done.out)
    assert list(found) == [
        "text", "question", "rank", "prune", "tokenizer", "source_tokens", "kept_tokens", "budget", "rate", "spans",
        "excerpts", "frames", "sources", "timings", "notes",
    ]  # fmt: skip
    assert found["notes"] == []
    assert found["kept_tokens"] == TargetTokenizer.load("smollm2-135m").count(found["text"]) <= 60
    text = report.read_text(encoding="utf-8")
    kept = "".join(text[s["start"] : s["end"]] for s in found["spans"])
    outside = "".join(c for i, c in enumerate(found["text"]) if not any(a <= i < b for a, b in found["frames"]))
    assert "".join(kept.split()) == "".join(outside.split())
    (excerpt,) = found["excerpts"]
    assert excerpt["source"] == str(report)
    assert [[s["start"], s["end"]] for s in found["spans"]] == excerpt["stretches"]
    assert found["sources"] == [
        {"source": str(report), "kind": "markdown", "characters": len(text), "tokens": found["source_tokens"]}
    ]
    assert done.err == ""


def test_json_holds_the_notes(run: Command, report: Path) -> None:
    done = run("compress", report, "--budget", 30, "--keep", ".+", "--json", "--quiet")
    (note,) = json.loads(done.out)["notes"]
    assert "no room" in note
    assert done.err == f"note: {note}\n"


def test_json_has_no_closing_table(report: Path, run: Command) -> None:
    assert run("compress", report, "--budget", 60, "--rank", "bm25", "--json").err == ""
    assert "time: in all" in run("compress", report, "--budget", 60, "--rank", "bm25", "--json", "--verbose").err


def test_the_rate_is_never_above_one(run: Command, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("Tea.", encoding="utf-8")
    done = run("compress", tmp_path, "--budget", 1000, "--json", "--verbose")
    found = json.loads(done.out)
    assert found["kept_tokens"] > found["source_tokens"]  # by what stands between the documents
    assert found["rate"] == 1
    assert "100.0%" in done.err
    brief = run("compress", tmp_path, "--budget", 1000).err
    assert f"all {found['source_tokens']} tokens, {found['kept_tokens']} with the names of documents" in brief


def test_show_tells_kept_from_dropped_without_colours(run: Command, report: Path) -> None:
    done = run("compress", report, "-q", QUESTION, "--budget", 60, "--show", "--quiet")
    lines = done.out.splitlines()
    sent = run("compress", report, "-q", QUESTION, "--budget", 60, "--quiet").out
    assert done.out.startswith(f"== The context as it is sent\n{sent}\n== The documents: + kept, - dropped\n")
    lines = done.out.partition("+ kept, - dropped\n")[2].splitlines()
    assert lines[0] == f"== {report}"
    assert f"+ {NEEDLE}" in lines
    assert any(line.startswith("- ") for line in lines)
    assert all(line.startswith(("+ ", "- ", "[... ")) or line.lstrip().startswith("[...") for line in lines[1:])
    assert "\x1b" not in done.out


@pytest.mark.parametrize("option", ["-o", "--html"])
def test_a_missing_folder_is_said_before_the_work(run: Command, report: Path, option: str) -> None:
    kept = report.parent / "missing" / "kept"
    done = run("compress", report, report.parent / "unread.txt", "--budget", 60, option, kept)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: {kept}: No such file or directory\n"


def test_output_to_a_dash_is_standard_output(
    run: Command, report: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = run("compress", report, "--budget", 60, "--rank", "none")
    assert run("compress", report, "--budget", 60, "--rank", "none", "-o", "-").out == plain.out != ""
    assert not (tmp_path / "-").exists()


def test_a_question_in_place_of_a_path(run: Command, report: Path) -> None:
    for command in ("compress", "query"):
        for question in (QUESTION, "Why?", "the keeper of Skellig"):
            done = run(command, report, question, "--budget", 60)
            assert done.code == 2
            assert done.err == f"error: there is no file {question!r}; did you mean -q {question!r}?\n"
    spaced = report.with_name("my report?.md")
    spaced.write_text(NEEDLE, encoding="utf-8")
    assert run("compress", spaced, "--budget", 60).code == 0
    assert run("compress", report.with_name("my rep*?"), "--budget", 60).code == 0


def test_standard_input_output_file_page_and_view(run: Command, tmp_path: Path) -> None:
    page, output = tmp_path / "page.html", tmp_path / "out.txt"
    text = f"{prose(30)}\n\n{NEEDLE}".encode()
    done = run("compress", "-", "-q", QUESTION, "--rate", 0.2, "--html", page, "-o", output, "--show", stdin=text)
    assert done.code == 0
    assert NEEDLE in output.read_text(encoding="utf-8")
    assert NEEDLE.split()[0] in done.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "0"], "at least 1"),
        (["--rate", "0"], "above 0"),
        (["--rate", "nan"], "above 0"),
        (["--rate", "1.5"], "at most 1"),
        (["--rate", "0.5", "--budget", "9"], "exclude each other"),
        ([], "--budget TOKENS or --rate SHARE"),
        (["--budget", "9", "--rank", "hybird"], "did you mean hybrid"),
        (["--budget", "9", "--prune", "magic"], "known:"),
        (["--budget", "many"], "not a valid int"),
        (["--budget", "9", "--prune", "longllmlingua"], "needs a question"),
    ],
)
def test_requests_that_make_no_sense_are_usage_errors(
    run: Command, report: Path, arguments: list[str], message: str
) -> None:
    done = run("compress", report, *arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("budget", "most"), [(1, 1), (10**9, 10**9)])
def test_the_smallest_and_a_generous_budget(run: Command, report: Path, budget: int, most: int) -> None:
    found = json.loads(run("compress", report, "--budget", budget, "--json").out)
    assert found["kept_tokens"] <= most
    if budget > 1:
        assert found["text"] == report.read_text(encoding="utf-8")
        assert found["rate"] == 1


def test_rate_one_is_the_document(run: Command, report: Path) -> None:
    found = json.loads(run("compress", report, "--rate", 1, "--json").out)
    assert found["text"] == report.read_text(encoding="utf-8")


CASES = {
    "emoji": ("👩‍👩‍👧‍👦🏽🎉🇩🇪" * 300).encode(),
    "chinese": "河边的市场没有卖出三公斤铜。灯笼照亮了花园！".encode() * 40,
    "thai": "ตลาดริมแม่น้ำขายทองแดงได้สามกิโลกรัม ".encode() * 60,
    "arabic": "لم يبع السوق سوى ثلاثة كيلوغرامات من النحاس. ".encode() * 40,
    "crlf": prose(30).replace("\n", "\r\n").encode(),
    "control": b"<|im_start|>system\n" * 300,
    "one line": b"x" * 1_000_000,
    "deep json": b'{"a":' * 500 + b"1" + b"}" * 500,
    "wide csv": b"\n".join(b",".join(b"%d" % (i * j) for j in range(1000)) for i in range(40)),
    "broken json": b'{"a": [1, 2, "' * 200,
    "open fence": b"```python\n" * 400,
    "table of bars": b"|\n" * 2000,
}
SUFFIX = {"deep json": ".json", "wide csv": ".csv", "broken json": ".json", "open fence": ".md", "table of bars": ".md"}


@pytest.mark.parametrize("question", [None, QUESTION], ids=["unasked", "asked"])
@pytest.mark.parametrize("name", list(CASES))
def test_odd_documents_end_well(run: Command, tmp_path: Path, name: str, question: str | None) -> None:
    path = tmp_path / f"odd{SUFFIX.get(name, '.txt')}"
    path.write_bytes(CASES[name])
    asked = ["-q", question] if question else []
    done = run("compress", path, "--budget", 60, "--json", "--rank", "bm25", *asked)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["kept_tokens"] <= 60
    assert "<|im_start|>" not in found["text"]
    if name == "deep json":  # brackets are more than the budget
        assert found["text"] == ""
        assert "too small to say anything true" in found["notes"][-1]
    elif name == "wide csv":  # so is any one row, which is shown in its first columns
        titles, values = (line.split(",") for line in found["text"].split("\n"))
        assert titles[-1] == values[-1] == "…"
        assert len(titles) == len(values) > 5
        assert "what was kept is cut and marked" in found["notes"][-1]
    else:
        assert found["kept_tokens"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"ab\x00cd" * 9, "zero byte at byte 2"),
        ("Grüße ".encode() * 50 + b"\xff", "byte 400"),
    ],
)
def test_unreadable_files_have_one_clear_line(run: Command, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    done = run("compress", path, "--budget", 60)
    assert done.code == 1
    assert done.out == ""
    assert "bad.txt" in done.err
    assert message in done.err
    assert "Traceback" not in done.err


def test_missing_files_and_empty_directories(run: Command, tmp_path: Path) -> None:
    for name in ("missing.txt", "."):
        done = run("compress", tmp_path / name, "--budget", 60)
        assert done.code == 1
        assert str(tmp_path) in done.err
        assert "Traceback" not in done.err


def test_one_bad_file_among_many_does_not_stop_the_rest(run: Command, report: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\x00\x01\x02\x03" * 50)
    done = run("compress", bad, report, "-q", QUESTION, "--budget", 60)
    assert done.code == 1
    assert NEEDLE in done.out
    assert "bad.txt" in done.err
    assert "done without 1 input" in done.err


def test_output_that_cannot_be_written_is_named(run: Command, report: Path, tmp_path: Path) -> None:
    missing = tmp_path / "no" / "such" / "folder.txt"
    for path, reason in (
        ("/dev/full", "No space left on device"),
        (tmp_path, "Is a directory"),
        (missing, "No such file or directory"),
        (report / "below.txt", "Not a directory"),
    ):
        for option in ("-o", "--html"):
            done = run("compress", report, "--budget", 60, option, path)
            assert done.code == 1
            assert done.err == f"error: {path}: {reason}\n"


def test_an_effort_is_one_of_three(run: Command, report: Path) -> None:
    asked = ("compress", report, "-q", QUESTION, "--budget", 60, "--effort")
    # Each effort reads all of a short text.
    assert len({run(*asked, effort).out for effort in EFFORTS}) == 1
    assert "Invalid value for '--effort'" in run(*asked, "low").err
    with pytest.raises(UnknownNameError, match="unknown effort 'low'"):
        Pipeline(effort="low")  # type: ignore[arg-type]
