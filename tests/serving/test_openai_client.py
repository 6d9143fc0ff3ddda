from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from ctxpipe.errors import (
    CtxpipeError,
    DeadlineError,
    EngineError,
    InterruptedAnswer,
    RejectedError,
    UnknownNameError,
    UnreachableError,
    UsageError,
    WindowError,
)
from ctxpipe.serving.openai_client import TOKENS_PER_MESSAGE, OpenAIEngine
from ctxpipe.serving.types import Answer, Message

Serve = Callable[..., Any]
HELLO = [Message(role="user", content="hello brown fox")]
KEY = "sk-test-0123456789-secret"


def connect(url: str, **options: Any) -> OpenAIEngine:
    return OpenAIEngine(url, **{"timeout": 10.0, "backoff": 0.01, **options})


def ask(engine: OpenAIEngine, *, stream: bool = True, max_tokens: int = 20) -> Answer:
    return engine.answer(HELLO, max_tokens=max_tokens, on_text=(lambda _: None) if stream else None)


def sequence(*behaviours: Callable[[Any], None]) -> Callable[[Any], None]:
    """Behave as each in turn, then like the last for ever."""
    left = list(behaviours)
    return lambda x: (left.pop(0) if len(left) > 1 else left[0])(x)


def failing(status: int, message: str = "it broke", **headers: str) -> Callable[[Any], None]:
    return lambda x: x.error(status, message, **headers)


def good(x: Any) -> None:
    if not x.body.get("stream"):
        x.json({"model": "m", "choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]})
        return
    x.open_stream()
    x.piece("fine", "stop")
    x.event("[DONE]")


def drop(x: Any) -> None:
    """Reset the connection before any answer."""
    x.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    x.handler.connection.close()


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


# Finding out what is served


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_the_url_may_be_given_in_any_form(serve: Serve, suffix: str) -> None:
    engine = connect(serve().url + suffix)
    assert (engine.model, engine.window) == ("m", 100)
    assert ask(engine).text == "hello brown fox"


def test_a_server_may_live_below_a_path(serve: Serve) -> None:
    server = serve(prefix="/proxy")
    assert ask(connect(f"{server.url}/proxy")).text == "hello brown fox"
    assert len(server.asked("/proxy/tokenize")) == 1


def test_several_models_are_listed_for_a_choice(serve: Serve) -> None:
    def models(x: Any) -> None:
        x.json({"data": [{"id": "small", "max_model_len": 10}, {"id": "large", "max_model_len": 99}]})

    server = serve(models=models)
    with pytest.raises(UsageError, match="serves several models; choose one: large, small"):
        connect(server.url)
    assert connect(server.url, model="large").window == 99
    with pytest.raises(UnknownNameError, match="unknown model 'larch'; did you mean large"):
        connect(server.url, model="larch")


def test_without_a_window_the_option_is_named(serve: Serve) -> None:
    server = serve(models=lambda x: x.json({"data": [{"id": "m"}]}))
    with pytest.raises(UsageError, match="how large the window of m is; give --window"):
        connect(server.url)
    assert connect(server.url, window=50).window == 50


def test_a_window_given_never_exceeds_the_server_s(serve: Serve) -> None:
    url = serve().url
    assert connect(url, window=40).window == 40
    assert connect(url, window=4000).window == 100


def test_model_and_window_given_ask_nothing(serve: Serve) -> None:
    server = serve()
    engine = connect(server.url, model="other", window=10)
    assert (engine.model, engine.window, server.seen) == ("other", 10, [])


@pytest.mark.parametrize(
    ("models", "why"),
    [
        (lambda x: x.send("<!DOCTYPE html><html><body>Welcome</body></html>"), "its /models is no list of models"),
        (lambda x: x.send("<html>Not here</html>", status=404), "it has no /models .status 404"),
        (lambda x: x.json({"data": 5}), "its /models is no list of models"),
        (lambda x: x.json([1, 2]), "its /models is no list of models"),
        (lambda x: x.send("{", kind="application/json"), "its /models is no list of models"),
        (lambda x: x.send(b"\xff\xfe\x00", kind="application/json"), "its /models is no list of models"),
    ],
)
def test_what_is_no_openai_server_is_said_to_be_none(serve: Serve, models: Callable[[Any], None], why: str) -> None:
    with pytest.raises(UnreachableError, match=f"does not look like an OpenAI-compatible server: {why}"):
        connect(serve(models=models).url)


def test_an_empty_list_of_models_asks_for_a_name(serve: Serve) -> None:
    with pytest.raises(UsageError, match="lists no models"):
        connect(serve(models=lambda x: x.json({"data": []})).url)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"retries": -1}, {"window": 0}])
def test_options_without_sense_are_refused(serve: Serve, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        connect(serve().url, **options)


def test_a_redirection_is_named_and_not_followed(serve: Serve) -> None:
    elsewhere = serve()
    moved = f"{elsewhere.url}/v1/models"
    with pytest.raises(RejectedError, match=f"307: it redirects to {moved}; give that URL"):
        connect(serve(models=lambda x: x.send("", status=307, Location=moved)).url)
    assert elsewhere.seen == []


# Counting


def test_the_server_counts_exactly_and_once(serve: Serve) -> None:
    server = serve()
    engine = connect(server.url)
    assert engine.count(HELLO) == 8
    ask(engine)
    assert server.asked("/tokenize") == [
        {"model": "m", "messages": [{"role": "user", "content": "hello brown fox"}], "add_generation_prompt": True}
    ]


@pytest.mark.parametrize(
    "tokenize",
    [
        None,
        failing(405, "no such method"),
        lambda x: x.send("<html></html>"),
        lambda x: x.json({"tokens": []}),
    ],
)
def test_servers_that_cannot_count_need_a_tokenizer(serve: Serve, tokenize: Any) -> None:
    server = serve(tokenize=tokenize)
    with pytest.raises(UsageError, match="cannot count tokens; name the model's tokenizer"):
        ask(connect(server.url))
    engine = connect(server.url, count_text=lambda text: len(text.split()))
    assert engine.count(HELLO) == 3 + 2 * TOKENS_PER_MESSAGE
    engine.count([*HELLO, *HELLO])
    assert len([path for path, *_ in server.seen if path == "/tokenize"]) == 2, "asked again after it had said no"


def test_an_unknown_model_is_not_taken_for_a_missing_endpoint(serve: Serve) -> None:
    server = serve(tokenize=failing(404, "The model `typo` does not exist."))
    with pytest.raises(RejectedError, match="404: The model `typo` does not exist"):
        connect(server.url, model="typo", window=50).count(HELLO)


def test_usage_that_the_server_leaves_out_is_counted(serve: Serve, stream: bool) -> None:
    answer = ask(connect(serve(chat=good).url), stream=stream)
    assert (answer.prompt_tokens, answer.completion_tokens) == (8, 1)
    estimated = ask(connect(serve(chat=good, tokenize=None).url, count_text=len), stream=stream)
    assert (estimated.prompt_tokens, estimated.completion_tokens) == (15 + 16, 4)


def test_the_request_says_what_was_asked(serve: Serve) -> None:
    server = serve()
    connect(server.url).answer(HELLO, max_tokens=7, temperature=0.5)
    assert server.asked("/v1/chat/completions") == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "hello brown fox"}],
            "max_tokens": 7,
            "temperature": 0.5,
        }
    ]


def test_a_prompt_over_the_window_is_never_sent(serve: Serve) -> None:
    server = serve()
    with pytest.raises(WindowError):
        ask(connect(server.url), max_tokens=93)
    assert server.asked("/v1/chat/completions") == []


# Failing for a while


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_temporary_failures_are_tried_again(serve: Serve, stream: bool, status: int) -> None:
    server = serve(chat=sequence(failing(status), failing(status), good))
    assert ask(connect(server.url), stream=stream).text == "fine"
    assert len(server.asked("/v1/chat/completions")) == 3


def test_lasting_failures_end_after_the_retries(serve: Serve, stream: bool) -> None:
    server = serve(chat=failing(500, "out of\norder \x1b[31m"))
    with pytest.raises(RejectedError, match=r"the server answered 500: out of order \[31m$") as caught:
        ask(connect(server.url, retries=2), stream=stream)
    assert caught.value.status == 500
    assert len(server.asked("/v1/chat/completions")) == 3


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 501])
def test_other_failures_are_not_tried_again(serve: Serve, stream: bool, status: int) -> None:
    server = serve(chat=failing(status))
    with pytest.raises(RejectedError, match=f"answered {status}: it broke"):
        ask(connect(server.url), stream=stream)
    assert len(server.asked("/v1/chat/completions")) == 1


def test_a_lost_connection_is_tried_again(serve: Serve, stream: bool) -> None:
    server = serve(chat=sequence(drop, good))
    assert ask(connect(server.url), stream=stream).text == "fine"
    server = serve(chat=drop)
    with pytest.raises(UnreachableError, match="no answer from http"):
        ask(connect(server.url, retries=1), stream=stream)
    assert len(server.asked("/v1/chat/completions")) == 2


def test_retry_after_is_waited_for(serve: Serve) -> None:
    server = serve(chat=sequence(failing(429, Retry_After="0.4"), good))
    start = time.perf_counter()
    assert ask(connect(server.url)).text == "fine"
    assert time.perf_counter() - start >= 0.4


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_longer_than_the_deadline_is_not_begun(serve: Serve, form: str) -> None:
    wait = "3600" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server = serve(chat=failing(429, "slow down", Retry_After=wait))
    start = time.perf_counter()
    with pytest.raises(RejectedError, match="429: slow down; it asks to wait"):
        ask(connect(server.url))
    assert time.perf_counter() - start < 3
    assert len(server.asked("/v1/chat/completions")) == 1


def test_nobody_there(unused_port: int) -> None:
    with pytest.raises(UnreachableError, match=f"no answer from http://127.0.0.1:{unused_port}/v1: .*refused"):
        connect(f"http://127.0.0.1:{unused_port}")


@pytest.mark.parametrize("error", [429, 500])
def test_no_retry_may_outlast_the_deadline(serve: Serve, error: int) -> None:
    server = serve(chat=failing(error))
    engine = connect(server.url, timeout=0.5, backoff=60)
    start = time.perf_counter()
    with pytest.raises(RejectedError):
        ask(engine)
    assert time.perf_counter() - start < 3


# Hanging


def hang_in_stream(x: Any) -> None:
    x.open_stream()
    x.piece("some ")
    x.piece("text")
    x.hang()


def trickle_comments(x: Any) -> None:
    x.open_stream()
    while not x.over.wait(0.05):
        x.handler.wfile.write(b": still here\n\n")


def trickle_bytes(x: Any) -> None:
    x.handler.send_response(200)
    x.handler.send_header("Content-Type", "application/json")
    x.handler.end_headers()
    while not x.over.wait(0.05):
        x.handler.wfile.write(b" ")


@pytest.mark.parametrize(
    ("chat", "streamed"),
    [
        (lambda x: x.hang(), True),
        (lambda x: x.hang(), False),
        (trickle_comments, True),
        (trickle_bytes, False),
    ],
    ids=["silent-streamed", "silent-whole", "comments", "bytes"],
)
def test_one_deadline_covers_a_server_that_never_finishes(serve: Serve, chat: Any, streamed: bool) -> None:
    server = serve(chat=chat)
    engine = connect(server.url, timeout=0.6)
    start = time.perf_counter()
    with pytest.raises(DeadlineError, match=r"no complete answer from http\S+ within 0.6 s$"):
        ask(engine, stream=streamed)
    assert 0.6 <= time.perf_counter() - start < 3
    assert len(server.asked("/v1/chat/completions")) == 1


def test_the_deadline_holds_in_mid_stream(serve: Serve) -> None:
    heard: list[str] = []
    engine = connect(serve(chat=hang_in_stream).url, timeout=0.6)
    with pytest.raises(DeadlineError, match=r"within 0.6 s; 9 characters had arrived"):
        engine.answer(HELLO, max_tokens=5, on_text=heard.append)
    assert "".join(heard) == "some text"


def test_the_deadline_holds_while_connecting(serve: Serve) -> None:
    with pytest.raises(DeadlineError):
        connect(serve(models=lambda x: x.hang()).url, timeout=0.3)


def test_an_interrupt_from_the_keyboard_ends_a_hanging_request(serve: Serve) -> None:
    engine = connect(serve(chat=hang_in_stream).url, timeout=20)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        ask(engine)
    timer.join()
    assert time.perf_counter() - start < 3


# Ending too early


def close_in_stream(x: Any) -> None:
    x.open_stream()
    x.piece("half an ")
    x.piece("ans")


def break_in_stream(x: Any) -> None:
    x.open_stream(chunked=True)
    x.piece("half an ", chunked=True)
    x.piece("ans", chunked=True)


def done_too_early(x: Any) -> None:
    close_in_stream(x)
    x.event("[DONE]")


def abort_in_stream(x: Any) -> None:
    close_in_stream(x)
    x.piece("", "abort")


def fail_in_stream(x: Any) -> None:
    close_in_stream(x)
    x.event({"error": {"message": "engine died", "code": 500}})


def garbage_in_stream(x: Any) -> None:
    close_in_stream(x)
    x.event("{not json")


@pytest.mark.parametrize(
    "chat",
    [close_in_stream, break_in_stream, done_too_early, abort_in_stream, fail_in_stream, garbage_in_stream],
)
def test_an_answer_that_breaks_off_is_never_taken_for_a_whole_one(serve: Serve, chat: Any) -> None:
    server = serve(chat=chat)
    with pytest.raises(InterruptedAnswer, match="after 11 characters") as caught:
        ask(connect(server.url))
    assert caught.value.partial == "half an ans"
    assert len(server.asked("/v1/chat/completions")) == 1, "an answer that had begun was asked for again"


def test_a_stream_that_ends_before_it_says_anything_is_interrupted(serve: Serve) -> None:
    with pytest.raises(InterruptedAnswer) as caught:
        ask(connect(serve(chat=lambda x: x.open_stream()).url))
    assert caught.value.partial == ""


def test_an_error_at_the_head_of_a_stream_is_the_server_s_refusal(serve: Serve) -> None:
    def refuse(x: Any) -> None:
        x.open_stream()
        x.event({"error": {"message": "no such adapter", "code": 422}})

    with pytest.raises(RejectedError, match="422: no such adapter"):
        ask(connect(serve(chat=refuse).url))


def test_a_finished_answer_needs_no_done_mark(serve: Serve) -> None:
    def chat(x: Any) -> None:
        x.open_stream()
        x.piece("fine", "stop")

    assert ask(connect(serve(chat=chat).url)).text == "fine"


# Sending nonsense

NONSENSE: list[Any] = [
    None,
    5,
    "text",
    [],
    [1],
    {},
    {"choices": None},
    {"choices": 5},
    {"choices": []},
    {"choices": [5]},
    {"choices": [{"message": 5, "delta": 5, "finish_reason": 5}]},
    {"choices": [{"message": {"content": 5}, "delta": {"content": []}, "finish_reason": None}], "usage": "much"},
]


@pytest.mark.parametrize("body", NONSENSE, ids=repr)
def test_json_that_is_no_completion_gives_one_clear_line(serve: Serve, stream: bool, body: Any) -> None:
    def chat(x: Any) -> None:
        if x.body.get("stream"):
            x.open_stream()
            x.event(body)
        else:
            x.json(body)

    with pytest.raises(EngineError) as caught:
        ask(connect(serve(chat=chat).url), stream=stream)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["application/json", "text/html", "text/event-stream"])
@pytest.mark.parametrize("body", ["<!DOCTYPE html><p>hi</p>", "{", "\x00\x01", ""])
def test_bodies_that_are_no_json_give_one_clear_line(serve: Serve, stream: bool, kind: str, body: str) -> None:
    with pytest.raises(EngineError) as caught:
        ask(connect(serve(chat=lambda x: x.send(body, kind=kind)).url), stream=stream)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_web_page_as_error_is_not_printed(serve: Serve) -> None:
    server = serve(chat=lambda x: x.send("<!DOCTYPE html><html>" + "x" * 5000, status=403))
    with pytest.raises(RejectedError, match="403: a web page, so this may not be an OpenAI-compatible server"):
        ask(connect(server.url))


def test_long_errors_are_shortened(serve: Serve) -> None:
    with pytest.raises(RejectedError) as caught:
        ask(connect(serve(chat=failing(400, "x" * 5000)).url))
    assert len(str(caught.value)) < 400


# The window, as servers say it


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 24 tokens. However, you requested 28 tokens (8 in the messages, 20 in "
        "the completion). Please reduce the length of the messages or completion.",
        "'max_tokens' or 'max_completion_tokens' is too large: 20. This model's maximum context length is 24 tokens "
        "and your request has 8 input tokens (20 > 24 - 8).",
        "max_tokens=20 cannot be greater than max_model_len=24. Please request fewer output tokens. "
        "(parameter=max_tokens, value=20)",
        "This model's maximum context length is 24 tokens. However, your prompt contains at least 25 input tokens, "
        "which exceeds this limit even without any output tokens. (parameter=input_tokens, value=25)",
        "You passed 8 input tokens and requested 20 output tokens. However, the model's context length is only 24 "
        "tokens, resulting in a maximum input length of 4 tokens.",
    ],
)
def test_a_refusal_for_length_is_a_window_error(serve: Serve, stream: bool, message: str) -> None:
    server = serve(chat=failing(400, message))
    with pytest.raises(WindowError, match="8 tokens, 4 more than the 4 the window leaves") as caught:
        ask(connect(server.url), stream=stream)
    assert (caught.value.prompt_tokens, caught.value.room) == (8, 4)


def test_a_refusal_for_length_without_numbers_stays_a_refusal(serve: Serve) -> None:
    with pytest.raises(RejectedError, match="the context length is exceeded"):
        ask(connect(serve(chat=failing(400, "the context length is exceeded")).url))


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
        connect(server.url, backoff=8, timeout=60)
    assert time.perf_counter() - start < 4, "tried again"


def test_a_certificate_made_trusted(
    serve: Serve, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    assert ask(connect(tls_server(serve, certificate).url)).text == "hello brown fox"


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


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
