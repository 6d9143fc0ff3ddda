"""Whatever a client sends, the gateway answers in time, and never with an error of its own making."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from gateway_fuzz import REQUESTS, check
from gateway_support import Running, Target, gateway, idle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import prose


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(*REQUESTS)
def test_any_body_is_answered(running: Running, behind: Target, path: str, data: bytes, kind: str) -> None:
    check(running, behind, path, data, kind)


@pytest.mark.parametrize("tools", [True, 7, "x", {"a": 1}, [None, 3]])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages"])
def test_tools_that_are_no_list_are_no_fault(running: Running, behind: Target, path: str, tools: object) -> None:
    said = prose(400)
    body = {"input": said, "messages": [{"role": "user", "content": said}], "tools": tools}
    check(running, behind, path, json.dumps(body).encode(), "application/json")


HEADER = st.tuples(
    st.sampled_from(
        ["Connection", "Content-Length", "Transfer-Encoding", "Expect", "Host", "TE", "X-A", "Authorization"]
    ),
    st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=12)
    | st.sampled_from(["chunked", "5", "close"]),
)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["GET", "POST", "PUT", "X" * 30, "get", "\x00"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=20).map("/".__add__),
    st.lists(HEADER, max_size=4),
    st.binary(max_size=40),
)
def test_any_bytes_are_answered_or_refused(
    patient: Running, method: str, path: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers)]
    with socket.create_connection(("127.0.0.1", patient.port)) as client:
        client.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        client.shutdown(socket.SHUT_WR)
        client.settimeout(20)
        said = b""
        while part := client.recv(65536):
            said += part
    assert said == b"" or said.startswith(b"HTTP/1.1 "), said
    assert not said.startswith(b"HTTP/1.1 5"), said


@pytest.fixture(scope="module")
def patient(behind: Target) -> Any:
    """A gateway that does not wait long for bodies."""
    with gateway(behind.url, work=idle, body_seconds=1.0) as made:
        yield made


def test_it_still_answers(running: Running, patient: Running) -> None:
    for one in (running, patient):
        assert one.get("/v1/models").status_code == 200
