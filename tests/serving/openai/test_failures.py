"""Servers that fail for a while, hang, break off or send nonsense: one clear line within one deadline."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from openai_support import HELLO, Serve, ask, connect, drop, failing, good, sequence

from ctxpipe.errors import (
    DeadlineError,
    EngineError,
    InterruptedAnswer,
    RejectedError,
    UnreachableError,
    WindowError,
)

SOON = 2.0
"""Seconds for a deadline that must pass; on a busy machine, what comes before it needs some of them."""

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
    assert time.perf_counter() - start < 60
    assert len(server.asked("/v1/chat/completions")) == 1


def test_nobody_there(unused_port: int) -> None:
    with pytest.raises(UnreachableError, match=f"no answer from http://127.0.0.1:{unused_port}/v1: .*refused"):
        connect(f"http://127.0.0.1:{unused_port}")


@pytest.mark.parametrize("error", [429, 500])
def test_no_retry_may_outlast_the_deadline(serve: Serve, error: int) -> None:
    server = serve(chat=failing(error))
    engine = connect(server.url, timeout=30, backoff=60)
    start = time.perf_counter()
    with pytest.raises(RejectedError):
        ask(engine)
    assert time.perf_counter() - start < 30


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
    engine = connect(server.url, timeout=SOON)
    start = time.perf_counter()
    with pytest.raises(DeadlineError, match=rf"no complete answer from http\S+ within {SOON:g} s$"):
        ask(engine, stream=streamed)
    assert SOON <= time.perf_counter() - start < 60
    assert len(server.asked("/v1/chat/completions")) == 1


def test_the_deadline_holds_in_mid_stream(serve: Serve) -> None:
    heard: list[str] = []
    engine = connect(serve(chat=hang_in_stream).url, timeout=SOON)
    with pytest.raises(DeadlineError, match=rf"within {SOON:g} s; 9 characters had arrived"):
        engine.answer(HELLO, max_tokens=5, on_text=heard.append)
    assert "".join(heard) == "some text"


def test_the_deadline_holds_while_connecting(serve: Serve) -> None:
    with pytest.raises(DeadlineError):
        connect(serve(models=lambda x: x.hang()).url, timeout=0.3)


def test_an_interrupt_from_the_keyboard_ends_a_hanging_request(serve: Serve) -> None:
    def chat(x: Any) -> None:
        x.open_stream()
        x.piece("text")
        os.kill(os.getpid(), signal.SIGINT)
        x.hang()

    engine = connect(serve(chat=chat).url, timeout=100)
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        ask(engine)
    assert time.perf_counter() - start < 60


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
