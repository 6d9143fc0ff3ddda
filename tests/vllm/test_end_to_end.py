"""From documents to an answer through a real vLLM server: raw, compressed, streamed, and far beyond its window."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from pydoc_data.topics import topics  # type: ignore[import-untyped]  # the language reference, part of Python
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import psutil
import pytest
from samples import prose
from vllm_support import Served, ctxpipe_command, needs_avx512

QUESTION = "Which exception is raised when an assert statement fails?"
WINDOW = 8192


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python language reference and more, above twenty windows long."""
    path = tmp_path_factory.mktemp("documents") / "reference.md"
    text = "\n\n".join(f"# {name}\n\n{topics[name]}" for name in sorted(topics))
    path.write_text(f"{text}\n\n{prose(6000)}\n", encoding="utf-8")
    return path


def query(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ctxpipe_command("query", *arguments), capture_output=True, text=True, check=False, timeout=800
    )


def ask(server: Served, **body: Any) -> str:
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    data = json.dumps({"model": server.model, "messages": messages, "max_tokens": 20, "temperature": 0, **body})
    request = Request(f"{server.url}/v1/chat/completions", data.encode(), {"Content-Type": "application/json"})
    with build_opener(ProxyHandler({})).open(request, timeout=120) as answer:
        text: str = answer.read().decode()
    return text


def test_over_http_whole_and_streamed_alike(server: Served) -> None:
    whole = json.loads(ask(server))["choices"][0]["message"]["content"]
    events = [line.removeprefix("data: ") for line in ask(server, stream=True).splitlines() if line]
    assert events[-1] == "[DONE]"
    pieces = [json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events[:-1]]
    assert sum(map(bool, pieces)) > 2
    assert "".join(pieces) == whole
    assert "Paris" in whole


@pytest.mark.parametrize("options", [("--raw",), ("--rate", "0.3")])
def test_a_short_document(server: Served, tmp_path: Path, options: tuple[str, ...]) -> None:
    note = tmp_path / "note.txt"
    note.write_text(f"{prose(20)}\n\nThe capital of Skelligia is Port Magee.\n", encoding="utf-8")
    asked = (note, "-q", "What is the capital of Skelligia?", "--target", server.url, "--max-tokens", 24, *options)
    done = query(*asked, "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "Port Magee" in found["answer"]
    assert (found["model"], found["window"]) == (server.model, WINDOW)
    streamed = query(*asked, "--quiet")
    assert streamed.stdout.strip() == found["answer"].strip()


@needs_avx512
@pytest.mark.parametrize("answer_tokens", [16, 512])
def test_twenty_windows_fill_one_to_the_token(server: Served, reference: Path, answer_tokens: int) -> None:
    asked = (reference, "-q", QUESTION, "--target", server.url, "--rank", "bm25", "--max-tokens", answer_tokens)
    done = query(*asked, "--timeout", 700, "--json")  # a slow processor reads a window for minutes
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["raw"]["tokens"] >= 20 * WINDOW
    assert found["raw"]["fits"] is False
    assert 0.95 * WINDOW <= found["prompt_tokens"] + answer_tokens <= WINDOW
    assert found["context"]["kept_tokens"] <= found["context"]["budget"]


def test_a_query_starts_its_own_server_and_stops_it(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text(f"{prose(20)}\n\nThe capital of Skelligia is Port Magee.\n", encoding="utf-8")
    before = set(psutil.pids())
    asked = ("-q", "What is the capital of Skelligia?", "--serve", "--cpu", "--max-tokens", 24)
    done = query(note, *asked)
    assert done.returncode == 0, done.stderr
    assert "Port Magee" in done.stdout
    assert "smollm2-135m answers, window 8,192 tokens" in done.stderr
    assert not [name for name in names(set(psutil.pids()) - before) if "vllm" in name.lower()]


def names(pids: set[int]) -> list[str]:
    found = []
    for pid in pids:
        try:
            found.append(" ".join(psutil.Process(pid).cmdline()))
        except psutil.Error:
            continue
    return found
