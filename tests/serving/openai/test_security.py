"""Keys that are never shown, certificates, proxies."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
import time
import traceback
from pathlib import Path
from typing import Any

import pytest
from openai_support import KEY, Serve, ask, connect, failing

from ctxpipe.errors import (
    CtxpipeError,
    RejectedError,
    UnreachableError,
    UsageError,
)

# Keys


def test_the_key_is_sent_everywhere(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve()
    monkeypatch.setenv("OPENAI_API_KEY", "other")
    monkeypatch.setenv("CTXPIPE_API_KEY", f"{KEY}\n")
    ask(connect(server.url))
    ask(connect(server.url, api_key="given"))
    monkeypatch.delenv("CTXPIPE_API_KEY")
    ask(connect(server.url))
    sent = [headers["authorization"] for _, headers, _ in server.seen]
    assert sent == [f"Bearer {KEY}"] * 3 + ["Bearer given"] * 3 + ["Bearer other"] * 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_variable_it_came_from(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    url = serve(models=failing(status, "Unauthorized")).url
    with pytest.raises(RejectedError, match="no key is set; put it into CTXPIPE_API_KEY or OPENAI_API_KEY"):
        connect(url)
    for name in ("OPENAI_API_KEY", "CTXPIPE_API_KEY"):
        monkeypatch.setenv(name, KEY)
        with pytest.raises(RejectedError, match=rf"{status}: Unauthorized; the key came from \${name}$"):
            connect(url)


def echo_key(x: Any) -> None:
    x.error(401, f"bad {x.handler.headers['Authorization']}")


def echo_key_in_stream(x: Any) -> None:
    x.open_stream()
    x.event({"error": {"message": f"bad {x.handler.headers['Authorization']}", "code": 401}})


def echo_key_as_page(x: Any) -> None:
    x.send(f"you said {x.handler.headers['Authorization']}", status=500, kind="text/plain")


@pytest.mark.parametrize("chat", [echo_key, echo_key_in_stream, echo_key_as_page])
def test_a_key_that_the_server_echoes_is_not_shown(serve: Serve, chat: Any) -> None:
    engine = connect(serve(chat=chat).url, api_key=KEY, retries=0)
    with pytest.raises(RejectedError, match=r"Bearer \[key\]") as caught:
        ask(engine)
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert KEY not in repr(caught.value)
    assert KEY not in repr(engine) + str(engine) + repr(vars(engine))


@pytest.mark.parametrize("key", ["schlüssel-geheim", "two\nlines", "nul\0byte"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(serve: Serve, key: str) -> None:
    with pytest.raises(UsageError, match="the key from the api_key argument holds characters") as caught:
        connect(serve().url, api_key=key)
    assert key not in str(caught.value)


def test_no_log_holds_the_key(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        engine = connect(serve(chat=echo_key, metrics=echo_key_as_page).url, api_key=KEY, retries=1)
        engine.metrics()
        with pytest.raises(RejectedError):
            ask(engine)
    assert caplog.records
    shown = "".join(f"{record.getMessage()}{record.__dict__}" for record in caplog.records)
    assert KEY not in shown


# TLS


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    key, crt = tmp_path / "key.pem", tmp_path / "crt.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(crt)],
        check=True,
        capture_output=True,
    )
    return key, crt


def tls_server(serve: Serve, certificate: tuple[Path, Path]) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return serve(context=context)


def test_a_certificate_that_nobody_vouches_for(serve: Serve, certificate: tuple[Path, Path]) -> None:
    server = tls_server(serve, certificate)
    start = time.perf_counter()
    with pytest.raises(UnreachableError, match=r"TLS failed, .*self.signed certificate; SSL_CERT_FILE"):
        connect(server.url, backoff=60, timeout=200)
    assert time.perf_counter() - start < 60, "tried again"


def test_a_certificate_made_trusted(
    serve: Serve, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    assert ask(connect(tls_server(serve, certificate).url)).text == "hello brown fox"


@pytest.mark.parametrize("broken", [False, True])
def test_a_certificate_file_that_cannot_be_used_is_named(
    serve: Serve, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    file = tmp_path / "mine.pem"
    if broken:
        file.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(CtxpipeError) as caught:
        connect(tls_server(serve, certificate).url)
    assert "SSL_CERT_FILE" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_https_asked_of_a_plain_server(serve: Serve) -> None:
    with pytest.raises(UnreachableError, match="no secure connection to https"):
        connect(serve().url.replace("http:", "https:"))


def test_a_host_that_does_not_exist_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def fail(host: str, *_: object, **__: object) -> None:
        calls.append(host)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(UnreachableError, match=r"no server at http://nowhere.invalid/v1: Name or service not known"):
        connect("http://nowhere.invalid")
    assert len(calls) == 1


def test_proxy_settings_that_cannot_be_used_are_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY")
    with pytest.raises(CtxpipeError, match="the proxy settings in the environment cannot be used"):
        connect(serve().url)
