"""No fault of the target's counting or of our own costs a request."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from gateway_support import Exchange, Running, Target, gateway, idle, target
from samples import prose

from ctxpipe.pipeline.gateway.worker import work

LONG = json.dumps({"model": "m", "messages": [{"role": "user", "content": prose(400)}]}, indent=1).encode()
SHORT = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}).encode()


def is_fit(data: bytes) -> bool:
    return bool(json.loads(data)["job"] == "fit")


def raises(data: bytes) -> bytes:
    if is_fit(data):
        raise RuntimeError("boom: the text of a document")
    return work(data)


def hangs(data: bytes) -> bytes:
    if is_fit(data):
        time.sleep(600)
    return work(data)


def killed(data: bytes) -> bytes:
    if is_fit(data):
        os.kill(os.getpid(), signal.SIGKILL)
    return work(data)


def rubbish(data: bytes) -> bytes:
    return b"{}" if is_fit(data) else work(data)


def noise(data: bytes) -> bytes:
    return b"\xff" if is_fit(data) else work(data)


def leaves(data: bytes) -> bytes:
    if is_fit(data):
        raise SystemExit(3)
    return work(data)


def opened(running: Running, behind: Target) -> str:
    """Send what does not fit; the request goes on as it came, and the reason is said."""
    started = time.monotonic()
    said = running.post("/v1/chat/completions", LONG)
    assert time.monotonic() - started < 60
    assert said.status_code == 200
    assert said.headers["x-ctxpipe-action"] == "failed-open"
    assert behind.last("/v1/chat/completions").body == LONG
    reason = said.headers["x-ctxpipe-reason"]
    assert "boom" not in reason
    return reason


@pytest.mark.parametrize("fault", [raises, hangs, killed, rubbish, noise, leaves], ids=lambda fault: fault.__name__)
def test_a_fault_of_the_compressor(fault: Any) -> None:
    with target() as behind, gateway(behind.url, work=fault, deadline=2.0) as running:
        for _ in range(2):
            assert opened(running, behind)
        assert running.post("/v1/chat/completions", SHORT).headers["x-ctxpipe-action"] == "passed"


def test_a_deadline_that_passes_while_a_process_starts_leaves_none_behind() -> None:
    before = set(multiprocessing.active_children())
    with target() as behind, gateway(behind.url, work=hangs, deadline=0.1, workers=2) as running:
        for _ in range(6):
            assert opened(running, behind)
    assert set(multiprocessing.active_children()) <= before


def broken(data: bytes) -> bytes:
    raise ImportError


def test_a_compressor_that_cannot_start_is_told_of() -> None:
    with target() as behind, gateway(behind.url, work=broken) as running:
        assert opened(running, behind) == "the process that compresses failed with ImportError"
        assert running.notes == [
            "nothing can be compressed now, so requests are passed on unchanged: the process that compresses failed "
            "with ImportError"
        ]


def test_a_process_that_was_lost_is_started_again(tmp_path: Path) -> None:
    with target() as behind, gateway(behind.url, work=_once(tmp_path / "mark"), deadline=60.0) as running:
        assert opened(running, behind) == "the process that compresses died"
        said = running.post("/v1/chat/completions", LONG)
        assert said.headers["x-ctxpipe-action"] == "compressed"


def _once(mark: Path) -> Any:
    """A compressor that dies the first time."""
    os.environ["CTXPIPE_TEST_MARK"] = str(mark)
    return dies_once


def dies_once(data: bytes) -> bytes:
    mark = Path(os.environ["CTXPIPE_TEST_MARK"])
    if is_fit(data) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return work(data)


def bad_status(x: Exchange) -> None:
    x.json({"error": {"message": "secret document text"}}, status=500)


def no_json(x: Exchange) -> None:
    x.send(b"<html>")


def no_count(x: Exchange) -> None:
    x.json({"count": "many"})


def negative(x: Exchange) -> None:
    x.json({"count": -5, "max_model_len": -1})


def closes(x: Exchange) -> None:
    x.cut()


def hanging(x: Exchange) -> None:
    x.over.wait(30)


def drips(x: Exchange) -> None:
    x.open_stream()
    while not x.over.is_set():
        x.part(b" ")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "fault", [bad_status, no_json, no_count, negative, closes, hanging, drips], ids=lambda fault: fault.__name__
)
def test_a_target_that_counts_badly(fault: Any) -> None:
    with target(tokenize=fault) as behind, gateway(behind.url, work=idle, deadline=1.0) as running:
        assert "secret" not in opened(running, behind)
        assert running.post("/v1/chat/completions", SHORT).status_code == 200


def test_a_count_that_never_shrinks_ends() -> None:
    def constant(x: Exchange) -> None:
        x.json({"count": 5000, "max_model_len": 2000})

    with target(tokenize=constant) as behind, gateway(behind.url) as running:
        assert opened(running, behind) == "what must stay does not fit"


def test_a_target_that_is_down_is_a_bad_gateway() -> None:
    with target() as behind:
        url = behind.url
    with gateway(url, work=idle, deadline=2.0) as running:
        said = running.post("/v1/chat/completions", LONG)
        assert said.status_code == 502
        assert said.json()["error"]["message"] == "ctxpipe gateway: the target cannot be reached"
        assert running.get("/healthz").text == "ok\n"


def test_a_target_that_never_answers_is_given_up() -> None:
    with target(chat=hanging) as behind, gateway(behind.url, work=idle, target_seconds=1.0) as running:
        assert running.post("/v1/chat/completions", SHORT).status_code == 504


@pytest.mark.parametrize("answer", [no_json, bad_status, closes])
def test_what_the_target_answers_is_its_own(answer: Any) -> None:
    with target(chat=answer) as behind, gateway(behind.url, work=idle, annotate=True) as running:
        said = running.post("/v1/chat/completions", SHORT)
    if answer is closes:
        assert said.status_code == 502
    else:
        assert said.status_code == (500 if answer is bad_status else 200)
        assert said.content.startswith(b"<html>") or "secret document text" in said.text


@pytest.mark.parametrize("status", [600, 999])
def test_a_status_that_http_does_not_have_is_a_bad_gateway(status: int) -> None:
    def odd(x: Exchange) -> None:
        x.json({}, status=status)

    with target(chat=odd) as behind, gateway(behind.url, work=idle) as running:
        said = running.post("/v1/chat/completions", SHORT)
        assert said.status_code == 502
        assert "status" in said.json()["error"]["message"]
        assert running.get("/v1/models").status_code == 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_costs_no_request() -> None:
    with target() as behind, gateway(behind.url, work=idle, log=Path("/dev/full")) as running:
        for _ in range(3):
            assert running.post("/v1/chat/completions", SHORT).status_code == 200
        assert running.notes == ["/dev/full cannot be written (No space left on device); requests go on"]
