"""What ``ctxpipe query`` prints: the answer to standard output, all else to standard error, wrapped for a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands_support import Command
from http_support import Server, count_words, list_models, servers
from terminal_support import seen

QUESTION = "Where did the keeper hide the spoons?"
NEEDLE = (
    "The keeper of Skellig, who had come over the water in the winter of 1911 with two dogs, a chest of linen and no "
    "money at all, hid 14 silver spoons under the third stair of the tower, where nobody but the dogs would look for "
    "them, and told it to his sister in a letter."
)
Serve = Callable[[str], str]


def saying(text: str) -> Callable[[Any], None]:
    def chat(x: Any) -> None:
        if not x.body.get("stream"):
            x.json({"model": "m", "choices": [{"message": {"content": text}, "finish_reason": "stop"}]})
            return
        x.open_stream()
        for word in text.split(" "):
            x.piece(f"{word} ")
        x.piece("", "stop")
        x.event("[DONE]")

    return chat


@pytest.fixture
def answering() -> Iterator[Callable[[Any], str]]:
    models = list_models({"id": "smollm2-135m", "root": "smollm2-135m", "max_model_len": 2000})
    with servers(tokenize=count_words, models=models) as start:

        def serving(chat: Any) -> str:
            server: Server = start(chat=chat)
            return server.url

        yield serving


@pytest.fixture
def serve(answering: Callable[[Any], str]) -> Serve:
    return lambda text: answering(saying(text))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "island.txt").write_text(f"The tower was built in 1820.\n\n{NEEDLE}\n", encoding="utf-8")
    (tmp_path / "inn.txt").write_text("The inn burned in 1931.\n\nIts beds were sold.\n", encoding="utf-8")
    return tmp_path


def test_the_cited_sentence_stands_under_the_answer_with_its_place(run: Command, serve: Serve, folder: Path) -> None:
    url = serve("He hid 14 silver spoons under the third stair [2].")
    done = run("query", folder, "-q", QUESTION, "--target", url, "--max-tokens", 50)
    assert done.code == 0, done.err
    assert done.out.strip() == "He hid 14 silver spoons under the third stair [2]."
    assert done.out.count("\n") == 1
    lines = done.err.splitlines()
    assert lines[0] == ""
    assert lines[1].startswith("  [2] “The keeper of Skellig, who had come")
    assert lines[3].endswith("…”")
    assert lines[4].strip().startswith("island.txt, characters 30 to ")
    assert lines[5] == ""
    assert [line.split()[0] for line in lines[6:]] == ["kept", "prompt", "answer", "method", "time"]
    assert all(len(line) <= 80 for line in lines[:5])


def test_json_has_the_answer_with_its_numbers_and_the_citations(run: Command, serve: Serve, folder: Path) -> None:
    said = "The inn burned in 1931 [1, 7]. He hid 14 silver spoons [2]."
    done = run("query", folder, "-q", QUESTION, "--target", serve(said), "--max-tokens", 50, "--json", "--quiet")
    assert done.code == 0, done.err
    assert done.err == ""
    found = json.loads(done.out)
    assert (found["answer"].strip(), found["unanswered"]) == (said, None)
    assert [(c["number"], Path(c["source"]).name, c["page"], c["text"]) for c in found["citations"]] == [
        (1, "inn.txt", None, "The inn burned in 1931."),
        (2, "island.txt", None, NEEDLE),
    ]
    text = (folder / "island.txt").read_text(encoding="utf-8")
    assert text[found["citations"][1]["start"] : found["citations"][1]["end"]] == NEEDLE


def test_documents_that_do_not_say_are_no_failure(run: Command, serve: Serve, folder: Path) -> None:
    url = serve("The documents do not say. [1]")
    done = run("query", folder, "-q", QUESTION, "--target", url, "--max-tokens", 50, "--quiet")
    assert done.code == 0
    assert done.out.strip() == "The documents do not say. [1]"
    assert done.err == "\n  Nothing in the documents holds the answer.\n\n"
    done = run("query", folder, "-q", QUESTION, "--target", url, "--max-tokens", 50, "--budget", 40, "--quiet")
    assert "  Nothing in what was read of the documents (" in done.err
    done = run("query", folder, "-q", QUESTION, "--target", url, "--max-tokens", 50, "--json", "--quiet")
    found = json.loads(done.out)
    assert (found["unanswered"], found["citations"]) == ("said", [])


ENDED = "error: m ended without a word of an answer"
THOUGHT = "error: smollm2-135m spent its 50 tokens on reasoning and gave no answer; allow it more with --max-tokens"


@pytest.mark.parametrize(
    ("message", "finish", "code", "out", "err"),
    [
        ({"content": "<think>\nhm\n</think>\n\nIn the tower."}, "stop", 0, "In the tower.", ""),
        ({"content": "In the tower.", "reasoning": "hm"}, "stop", 0, "In the tower.", ""),
        ({"content": None, "reasoning": "hm"}, "length", 1, "", THOUGHT),
        ({"content": None, "reasoning_content": "hm"}, "length", 1, "", THOUGHT),
        ({"content": "<think>hm"}, "length", 1, "", THOUGHT),
        ({"content": None}, "stop", 1, "", ENDED),
        ({"content": " \n"}, "stop", 1, "", ENDED),
        ({"content": None}, "length", 1, "", f"{ENDED}; allow it more with --max-tokens"),
    ],
)
@pytest.mark.parametrize("how", [(), ("--json",)])
def test_nothing_but_the_answer_reaches_standard_output(
    run: Command,
    answering: Callable[[Any], str],
    folder: Path,
    message: dict[str, str | None],
    finish: str,
    code: int,
    out: str,
    err: str,
    how: tuple[str, ...],
) -> None:
    def chat(x: Any) -> None:
        if not x.body.get("stream"):
            x.json({"model": "m", "choices": [{"message": message, "finish_reason": finish}]})
            return
        x.open_stream()
        x.event({"model": "m", "choices": [{"index": 0, "delta": message, "finish_reason": finish}]})
        x.event("[DONE]")

    asked = ("query", folder, "-q", QUESTION, "--rank", "bm25", "--target", answering(chat), "--max-tokens", 50)
    done = run(*asked, "--quiet", *how)
    assert done.code == code
    assert (json.loads(done.out)["answer"] if how and out else done.out.strip()) == out
    assert not code or done.err.strip() == err


def test_an_answer_from_nowhere_is_told_apart(run: Command, serve: Serve, folder: Path) -> None:
    url = serve("Lima lies on the Rímac.")
    asked = (
        "query",
        folder,
        "-q",
        "Which river flows through the capital of Peru?",
        "--target",
        url,
        "--max-tokens",
        50,
    )
    done = run(*asked, "--quiet")
    assert (done.code, done.out.strip()) == (0, "Lima lies on the Rímac.")
    assert done.err == "\n  Nothing in the documents bears on the question; the answer is not from there.\n\n"
    found = json.loads(run(*asked, "--json").out)
    assert (found["unanswered"], found["citations"]) == ("unrelated", [])
    everything = run(*asked, "--cover", "--budget", 100)
    assert "\n  Nothing in the documents bears on the question; the answer is not from there.\n" in everything.err
    assert re.search(r"^cited +0 of [\d,]+ tokens", everything.err, re.MULTILINE)
    assert not re.search(r"^(kept|method) ", everything.err, re.MULTILINE)


def test_an_answer_that_nothing_supports_is_told(run: Command, serve: Serve, folder: Path) -> None:
    asked = (
        "query",
        folder,
        "-q",
        "What did the keeper pay?",
        "--target",
        serve("Ninety guineas."),
        "--max-tokens",
        50,
    )
    done = run(*asked, "--quiet")
    assert (done.code, done.out.strip()) == (0, "Ninety guineas.")
    assert done.err == "\n  No sentence was found that supports this answer.\n\n"
    found = json.loads(run(*asked, "--json").out)
    assert (found["unanswered"], found["citations"]) == (None, [])


def test_who_names_a_format_gets_it_and_no_numbers(run: Command, serve: Serve, folder: Path) -> None:
    url = serve("The inn burned in 1931 [1].")
    done = run(
        "query", folder, "-q", QUESTION, "--target", url, "--max-tokens", 50, "--json", "--quiet", "--format", "plain"
    )
    assert [c["number"] for c in json.loads(done.out)["citations"]] == [None]


@pytest.mark.parametrize("columns", [80, 44])
def test_a_terminal_s_width_is_kept(serve: Serve, folder: Path, columns: int) -> None:
    url = serve("He hid 14 silver spoons under the third stair [2].")
    here, there = pty.openpty()
    termios.tcsetwinsize(there, (24, columns))
    command = [sys.executable, "-m", "ctxpipe", "query", str(folder), "-q", QUESTION, "--target", url]
    with subprocess.Popen([*command, "--max-tokens", "50"], stdout=subprocess.PIPE, stderr=there) as done:
        os.close(there)
        text = seen(here)
        assert done.stdout is not None
        assert done.stdout.read().decode().strip() == "He hid 14 silver spoons under the third stair [2]."
        assert done.wait() == 0
    assert "  [2] “The keeper" in text, text
    lines = text[text.index("  [2] “The keeper") : text.index("island.txt, characters")].splitlines()[:-1]
    assert len(lines) == 3
    assert all(len(line) <= columns for line in lines)
