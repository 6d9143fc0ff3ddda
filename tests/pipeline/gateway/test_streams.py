"""Streams pass as they come, and a client that leaves ends the request at the target."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from gateway_support import Exchange, Running, gateway, idle, target
from samples import prose

from ctxpipe.pipeline.gateway.serve import _listening

SMALL = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
LARGE = {"model": "m", "messages": [{"role": "user", "content": prose(400)}], "stream": True}


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["fits", "compressed"])
def test_parts_come_one_by_one(body: Any) -> None:
    go = threading.Event()

    def stream(x: Exchange) -> None:
        x.open_stream()
        x.part(b'data: {"first": 1}\n\n')
        assert go.wait(20)
        x.part(b"data: [DONE]\n\n")
        x.end_stream()

    with (
        target(chat=stream) as behind,
        gateway(behind.url) as running,
        httpx2.stream("POST", f"{running.url}/v1/chat/completions", json=body, timeout=30) as said,
    ):
        parts = said.iter_raw()
        assert next(parts) == b'data: {"first": 1}\n\n'
        go.set()  # the second part is only made once the first has arrived
        assert b"".join(parts) == b"data: [DONE]\n\n"
        assert said.headers["content-type"] == "text/event-stream"


def test_connections_do_not_wait_to_send() -> None:
    listening = _listening("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def forever(x: Exchange) -> None:
    x.open_stream()
    while not x.over.is_set():
        x.part(b"data: more\n\n")
        time.sleep(0.01)


def silent(x: Exchange) -> None:
    """Answer nothing until the connection is closed."""
    x.handler.connection.settimeout(0.05)
    while not x.over.is_set():
        try:
            if x.handler.connection.recv(1, socket.MSG_PEEK) == b"":
                x.gone.set()
                return
        except TimeoutError:
            continue


@pytest.mark.parametrize("behaviour", [forever, silent])
def test_a_client_that_leaves_ends_the_request_at_the_target(behaviour: Any) -> None:
    data = json.dumps(SMALL).encode()
    with target(chat=behaviour) as behind, gateway(behind.url, work=idle) as running:
        with socket.create_connection(("127.0.0.1", running.port)) as client:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
            client.sendall(head.encode() + data)
            while not behind.asked("/v1/chat/completions"):
                time.sleep(0.01)
            if behaviour is forever:
                assert client.recv(10)
        assert behind.gone.wait(20), "the target was not told"
        assert running.post("/v1/completions", {"model": "m", "prompt": "Hi"}).status_code == 200


def slow_count(x: Exchange) -> None:
    x.over.wait(20)


def test_a_client_that_leaves_while_its_prompt_is_counted_sends_nothing_on() -> None:
    data = json.dumps(LARGE).encode()
    with target(tokenize=slow_count) as behind, gateway(behind.url, work=idle) as running:
        with socket.create_connection(("127.0.0.1", running.port)) as client:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
            client.sendall(head.encode() + data)
            while not behind.asked("/tokenize"):
                time.sleep(0.01)
        assert running.get("/v1/models").status_code == 200
        assert not behind.asked("/v1/chat/completions")


def test_a_stream_that_breaks_breaks_for_the_client() -> None:
    def breaks(x: Exchange) -> None:
        x.open_stream()
        x.part(b"data: one\n\n")
        x.cut()

    with target(chat=breaks) as behind, gateway(behind.url, work=idle) as running:
        with httpx2.stream("POST", f"{running.url}/v1/chat/completions", json=SMALL) as said:
            assert said.status_code == 200
            with pytest.raises(httpx2.RemoteProtocolError):
                list(said.iter_raw())
        assert running.get("/v1/models").status_code == 200


def much(x: Exchange) -> None:
    x.open_stream()
    while not x.over.is_set():
        x.part(os.urandom(1 << 16))


def asking(running: Running) -> socket.socket:
    """A connection on which an answer was asked for."""
    data = json.dumps(SMALL).encode()
    client = socket.create_connection(("127.0.0.1", running.port))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
    client.sendall(head.encode() + data)
    return client


def test_a_client_that_does_not_read_is_given_up() -> None:
    with (
        target(chat=much) as behind,
        gateway(behind.url, work=idle, send_seconds=0.5) as running,
        asking(running),
    ):
        assert behind.gone.wait(20), "the target was not told"
        assert running.get("/v1/models").status_code == 200
        _wait_until(lambda: not running.server.server_state.connections)  # uvicorn would keep it


def test_a_client_that_reads_too_slowly_is_given_up() -> None:
    """It never stalls, and would keep its place for as long as there is something to read."""
    done = threading.Event()

    def trickle(client: socket.socket) -> None:
        while not done.wait(0.01):
            try:
                if not client.recv(32_768):
                    return
            except OSError:
                return

    with (
        target(chat=much) as behind,
        gateway(behind.url, work=idle, concurrency=1, send_seconds=3.0, send_rate=1e9) as running,
        asking(running) as client,
    ):
        thread = threading.Thread(target=trickle, args=(client,))
        thread.start()
        try:
            assert behind.gone.wait(30), "the target was not told"
            assert running.post("/v1/completions", {"model": "m", "prompt": "Hi"}).status_code == 200
        finally:
            done.set()
            thread.join()


def test_an_answer_that_is_generated_slowly_comes_whole() -> None:
    parts = [b"data: %d\n\n" % number for number in range(8)]

    def slowly(x: Exchange) -> None:
        x.open_stream()
        for part in parts:
            x.part(part)
            time.sleep(0.25)
        x.end_stream()

    with target(chat=slowly) as behind, gateway(behind.url, work=idle, send_seconds=0.2) as running:
        said = running.post("/v1/chat/completions", SMALL)
    assert said.content == b"".join(parts)


def _wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
