"""``ctxpipe gateway`` as a user has it: a process that says where it is, serves, and ends well."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from gateway_support import Exchange, count, target
from samples import prose

from ctxpipe.cli import main

SMALL = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
LONG = {"model": "m", "messages": [{"role": "user", "content": prose(300)}]}


@contextmanager
def started(*options: object, **environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "ctxpipe", "gateway", "--port", "0", *map(str, options)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environ
    )
    try:
        line = process.stdout.readline().strip() if process.stdout else ""
        assert line, process.communicate(timeout=30)
        yield process, line
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_it_serves_and_lets_running_answers_end(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(x: Exchange) -> None:
        x.open_stream()
        x.part(b"data: first\n\n")
        begun.set()
        go.wait(20)
        x.part(b"data: last\n\n")
        x.end_stream()

    log = tmp_path / "log.jsonl"
    with (
        target(completions=slow) as behind,
        started("--target", behind.url, "--rank", "bm25", "--log", log) as (process, url),
    ):
        said = httpx2.post(f"{url}/v1/chat/completions", json=LONG, timeout=60)
        assert said.headers["x-ctxpipe-action"] == "compressed"
        assert count(behind.last("/v1/chat/completions").json) <= 2000
        parts: list[bytes] = []

        def read() -> None:
            with httpx2.stream(
                "POST", f"{url}/v1/completions", json={"model": "m", "prompt": "Hi"}, timeout=60
            ) as answer:
                parts.extend(answer.iter_raw())

        reader = threading.Thread(target=read)
        reader.start()
        assert begun.wait(20)
        process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                httpx2.get(f"{url}/healthz", timeout=5)
            except httpx2.TransportError:
                break  # new requests are refused
        else:
            pytest.fail("it takes new requests")
        go.set()
        reader.join(20)
        assert b"".join(parts) == b"data: first\n\ndata: last\n\n"
        assert process.wait(20) == 0
        assert process.stderr is not None
        told = process.stderr.read()
        assert "stopped" in told
        assert "Traceback" not in told
    assert [json.loads(line)["status"] for line in log.read_text().splitlines()] == [200, 200]


def test_a_gateway_that_is_killed_leaves_no_worker_behind() -> None:
    import psutil

    with target() as behind, started("--target", behind.url, "--rank", "bm25") as (process, _):
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        process.kill()
        process.wait()
        assert psutil.wait_procs(family, timeout=20)[1] == []


def test_listening_beyond_this_machine_without_a_key_is_warned_of() -> None:
    for options, environ in ((), {}), (("--api-key-env", "SOME_KEY"), {"SOME_KEY": "sk-secret"}):
        given = ("--host", "0.0.0.0", "--rank", "bm25", *options)
        with target() as behind, started("--target", behind.url, *given, **environ) as (process, url):
            port = url.rpartition(":")[2]
            headers = {"host": "gateway.example"}
            said = httpx2.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=SMALL, headers=headers)
            assert said.status_code == (401 if options else 200)
            process.terminate()
            told = process.communicate(timeout=30)[1]
        assert ("warning: 0.0.0.0 is reachable from other machines" in told) == (not options)
        assert "sk-secret" not in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--target", "nowhere"), "'nowhere' is not the URL of a server"),
        (("--target", "http://user:secret@host"), "must not contain a user or password"),
        (("--target", "http://127.0.0.1:9", "--deadline", "0"), "--deadline must be above 0"),
        (("--target", "http://127.0.0.1:9", "--budget", "0"), "--budget must be at least 1, not 0"),
        (("--target", "http://127.0.0.1:9", "--port", "70000"), "--port must be between 0 and 65535, not 70000"),
        (("--target", "http://127.0.0.1:9", "--queue", "-1"), "--queue must be at least 0, not -1"),
        (("--target", "http://127.0.0.1:9", "--max-body", "0"), "--max-body must be at least 1, not 0"),
        (
            ("--target", "http://127.0.0.1:9", "--api-key-env", "NO_SUCH"),
            "--api-key-env NO_SUCH: the variable holds no key",
        ),
        (("--target", "http://127.0.0.1:9", "--host", "192.0.2.1"), "cannot listen on 192.0.2.1:8080"),
        (("--target", "http://127.0.0.1:9", "--rank", "nonsense"), "unknown ranker 'nonsense'"),
        (("--target", "http://127.0.0.1:9", "--port", "0", "--log", "/nowhere/log"), "--log /nowhere/log"),
        (
            ("--target", "http://127.0.0.1:9", "--corpus", "handbook.ctx"),
            "--corpus takes NAME=FILE, not 'handbook.ctx'",
        ),
        (("--target", "http://127.0.0.1:9", "--corpus", "a@b=c.ctx"), "--corpus 'a@b': a name has letters"),
        (("--target", "http://127.0.0.1:9", "--corpus", "a=1.ctx", "--corpus", "a=2.ctx"), "names two files 'a'"),
        ((), "Missing option '--target'"),
    ],
)
def test_wrong_options_are_one_line(
    options: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["gateway", *options]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert "secret" not in said.err
    assert "Traceback" not in said.err


def test_a_missing_corpus_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "--target", "http://127.0.0.1:9", "--corpus", "a=none.ctx", "--port", "0"]) == 1
    assert "none.ctx: there is no such file; ctxpipe index makes it" in capsys.readouterr().err


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with target() as behind:
        taken: Any = behind.url.rpartition(":")[2]
        assert main(["gateway", "--target", behind.url, "--port", taken]) == 2
    assert f"cannot listen on 127.0.0.1:{taken}: Address already in use" in capsys.readouterr().err


def test_a_target_that_is_down_at_the_start_can_come_later() -> None:
    with target() as behind:
        url = behind.url
    with started("--target", url, "--rank", "bm25", "--quiet") as (_, own):
        assert httpx2.post(f"{own}/v1/chat/completions", json=SMALL, timeout=30).status_code == 502
        assert httpx2.get(f"{own}/healthz").text == "ok\n"
