"""An official client of the Model Context Protocol asks about a folder, and cannot leave it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from documents import block_of
from gateway_support import Exchange, target
from mcp import Client, StdioServerParameters
from samples import prose

from ctxpipe.errors import UsageError
from ctxpipe.integrations import mcp_server
from ctxpipe.integrations.inside import inside
from ctxpipe.integrations.mcp_server import folder_server
from ctxpipe.pipeline.readers.held import only_inside, opened

FACT = "The amber ledger is kept in room 2."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    (folder / "deep").mkdir(parents=True)
    (folder / "ledgers.txt").write_text(f"{prose(20)}\n\n{FACT}\n\n{prose(20, 1)}")
    (folder / "deep" / "other.md").write_text("# Other\n\nThe violet ledger is kept in room 5.\n")
    (folder / ".env").write_text("TOKEN=hunter2")
    (tmp_path / "outside.txt").write_text("The amber ledger is kept in the safe.")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("The amber ledger is kept in the safe.")
    return folder


def call(server: Any, tool: str, **arguments: Any) -> tuple[dict[str, Any], str]:
    """What a tool gives: its object, or the line of its error."""

    async def asked() -> Any:
        async with Client(server) as client:
            return await client.call_tool(tool, arguments)

    result = asyncio.run(asked())
    text = "".join(getattr(part, "text", "") for part in result.content)
    return ({}, text) if result.is_error else (json.loads(text), "")


def test_a_client_finds_what_answers_a_question(root: Path) -> None:
    found, error = call(
        folder_server(root, options={"rank": "bm25"}),
        "compress",
        paths=["."],
        question="Where is the amber ledger kept?",
        budget=60,
    )
    assert not error
    assert FACT in found["text"]
    assert found["kept_tokens"] <= 60
    assert found["left_out_tokens"] > 100
    assert str(root) not in json.dumps(found)


def says_where(x: Exchange) -> None:
    """A model that cites the excerpt in which it finds the fact."""
    prompt = x.got.json["messages"][-1]["content"]
    number = re.findall(r"\[(\d+)\]", prompt.partition(FACT)[0])[-1] if FACT in prompt else "?"
    message = {"role": "assistant", "content": f"It is kept in room 2 [{number}]."}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    x.json({"id": "r", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


@pytest.mark.parametrize("over", ["memory", "standard input"])
def test_a_question_of_a_folder_is_answered_with_sources(root: Path, over: str) -> None:
    with target(chat=says_where) as behind:
        server: Any = folder_server(root, options={"rank": "bm25", "target": behind.url})
        if over == "standard input":
            command = ["-m", "ctxpipe", "mcp", "--root", str(root), "--target", behind.url]
            server = StdioServerParameters(command=sys.executable, args=command, env={**os.environ})
        found, error = call(server, "ask", paths=["."], question="Where is the amber ledger kept?", budget=200)
        assert not error
        assert found["answer"].startswith("It is kept in room 2")
        assert (found["unanswered"], found["model"], found["not_read"]) == (None, "m", [])
        assert [(Path(one["source"]), one["text"]) for one in found["citations"]] == [(Path("ledgers.txt"), FACT)]
        assert found["kept_tokens"] <= 200 < found["left_out_tokens"]
        assert call(server, "ask", paths=["../outside.txt"], question="Where is the amber ledger kept?")[1]


def test_the_settings_of_its_page_start_it(root: Path) -> None:
    settings = json.loads(block_of("integrations/mcp.md", "json").text)["mcpServers"]["docs"]
    assert settings["command"] == "ctxpipe"
    command = ["-m", "ctxpipe", *(str(root) if word == "/home/ada/docs" else word for word in settings["args"])]
    server = StdioServerParameters(command=sys.executable, args=command, env={**os.environ})
    found, error = call(server, "compress", paths=["."], question="Where is the amber ledger kept?", budget=60)
    assert not error
    assert FACT in found["text"]


def test_an_index_is_made_and_asked(root: Path) -> None:
    server = folder_server(root, options={"rank": "bm25"})
    made, error = call(server, "index", paths=["."], output="all.ctx")
    assert (made["documents"], error) == (2, "")
    found, _ = call(server, "compress", paths=["all.ctx"], question="Where is the violet ledger kept?", budget=60)
    assert "room 5" in found["text"]
    for output in ("../all.ctx", "deep/all.ctx", "/tmp/all.ctx", "all.txt", ".ctx", "..\\all.ctx"):
        assert call(server, "index", paths=["."], output=output)[1]


def test_a_named_corpus_may_stand_outside(root: Path, tmp_path: Path) -> None:
    inner = folder_server(root, options={"rank": "bm25"})
    call(inner, "index", paths=["ledgers.txt"], output="all.ctx")
    (root / "all.ctx").rename(tmp_path / "book.ctx")
    server = folder_server(root, corpora={"book": tmp_path / "book.ctx"}, options={"rank": "bm25"})
    assert FACT in call(server, "compress", paths=["book"], question="Where is the amber ledger?", budget=60)[0]["text"]


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "deep/../../outside.txt",
        "..",
        "deep\\..\\..\\outside.txt",
        "C:\\Windows\\win.ini",
        "C:outside.txt",
        "\\\\server\\share",
        "~/outside.txt",
        "link.txt",
        "folder/secret.txt",
        "folder/*",
        "ABSOLUTE",
        "",
        "a\0b",
        ".env",
        "*/../../outside.txt",
    ],
)
def test_no_path_leads_out(root: Path, tmp_path: Path, path: str) -> None:
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "folder").symlink_to(tmp_path / "outside")
    given = str(tmp_path / "outside.txt") if path == "ABSOLUTE" else path
    with pytest.raises(UsageError):
        inside(root, [given])
    found, error = call(folder_server(root, options={"rank": "bm25"}), "compress", paths=[given], question="Where?")
    assert not found
    assert error
    assert "the safe" not in error
    assert "hunter2" not in error
    assert "Traceback" not in error


def test_a_folder_with_a_link_that_leads_out_is_refused(root: Path, tmp_path: Path) -> None:
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    _, error = call(folder_server(root, options={"rank": "bm25"}), "compress", paths=["."], question="Where is it?")
    assert "leads out" in error


def test_a_link_that_is_changed_between_check_and_reading_leads_nowhere(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check sees a file of the folder; then the file becomes a link that leads out, and so does its folder."""
    server = folder_server(root, options={"rank": "bm25", "score_cache": 0})
    for path, place in (("changing.txt", tmp_path / "outside.txt"), ("changing/secret.txt", tmp_path / "outside")):
        held = root / path.partition("/")[0]
        if "/" in path:
            held.mkdir()
        (root / path).write_text("The amber ledger is kept in a drawer.")

        def changed(folder: Path, paths: Any, held: Path = held, place: Path = place) -> list[str]:
            checked = inside(folder, paths)
            held.rename(held.with_name("old"))
            held.symlink_to(place)
            return checked

        monkeypatch.setattr(mcp_server, "inside", changed)
        found, error = call(server, "compress", paths=[path], question="Where is the amber ledger?", budget=60)
        assert not found
        assert "it leads out of the folder that is served" in error
        assert "the safe" not in error
        monkeypatch.undo()
        held.unlink()
        shutil.rmtree(root / "old") if (root / "old").is_dir() else (root / "old").unlink()


def test_a_pipe_in_a_files_place_is_not_waited_for(root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    with only_inside(root), opened(str(root / "pipe.txt")) as file:
        assert not file.read()
    with only_inside(root), pytest.raises(PermissionError):
        opened(str(tmp_path / "outside.txt"))
    with opened(str(tmp_path / "outside.txt")) as file:  # outside of the block
        assert b"the safe" in file.read()


def test_a_plan_says_what_fits(root: Path) -> None:
    server = folder_server(root, options={"rank": "bm25"})
    found, error = call(server, "plan", gpus=[1, 4], paths=["."])
    assert not error
    assert [row["gpus"] for row in found["rows"]] == [1, 4]
    assert found["rows"][0]["max_context_tokens"] > 50_000
    assert 100 < found["document_tokens"] < 5_000
    assert found["rows"][0]["fits_raw"] is True
    assert "document_tokens" not in call(server, "plan")[0]
    for wrong in ({"model": "../model"}, {"model": "org/model"}, {"gpu": "abacus"}, {"paths": ["../outside.txt"]}):
        assert call(server, "plan", **wrong)[1]


def test_errors_are_one_line_each(root: Path) -> None:
    server = folder_server(root, options={"rank": "bm25"})
    for arguments in ({"paths": ["missing.txt"]}, {"paths": []}, {"paths": ["ledgers.txt"], "budget": 0}):
        _, error = call(server, "compress", question="Where is it?", **arguments)
        assert error
        assert str(root) not in error
    with pytest.raises(UsageError, match="is no folder"):
        folder_server(root / "missing")


def test_over_standard_input_and_output(root: Path) -> None:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "ctxpipe", "mcp", "--root", str(root)], env={**os.environ}
    )
    found, error = call(parameters, "compress", paths=["."], question="Where is the amber ledger kept?", budget=60)
    assert not error
    assert FACT in found["text"]


def test_over_http(root: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "ctxpipe", "mcp", "--root", str(root), "--http", "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        url = f"http://127.0.0.1:{port}/mcp"
        found, error = call(url, "compress", paths=["."], question="Where is the amber ledger kept?", budget=60)
        assert not error
        assert FACT in found["text"]
    finally:
        process.terminate()
        process.wait(timeout=60)
