"""What every engine promises, asked of all three. Each one repeats the last message."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ctxpipe.errors import UsageError, WindowError
from ctxpipe.serving.fake import FakeEngine
from ctxpipe.serving.local.engine import LocalEngine
from ctxpipe.serving.openai.engine import OpenAIEngine
from ctxpipe.serving.types import Engine, Message

TEXTS = [
    "hello to the brown fox",
    "naïve café: 日本語と中文, ไทย, العربية, ҚАЗАҚ",
    "family 👨‍👩‍👧 and flags 🇨🇭, e\u0301 combining",
    'tabs\tand\nlines\r\n\n  indented {"json": [1, 2]}',
    "separators: line\u2028paragraph\u2029next\x85 feed\x0c end",
    "quotes \" ' \\ and $100% <b>bold</b> data: [DONE] no",
]


@pytest.fixture(params=["fake", "openai", "local"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "fake":
        return FakeEngine(window=100)
    if request.param == "openai":
        serve: Callable[..., Any] = request.getfixturevalue("serve")
        return OpenAIEngine(serve().url, timeout=20)
    return LocalEngine(request.getfixturevalue("echo_model"), request.getfixturevalue("tokenizer"), name="echo")


def ask(text: str) -> list[Message]:
    return [Message(role="system", content="repeat"), Message(role="user", content=text)]


@pytest.mark.parametrize("text", TEXTS)
def test_streamed_text_joins_to_the_answer_and_nothing_is_lost(engine: Engine, text: str) -> None:
    pieces: list[str] = []
    max_tokens = engine.window - engine.count(ask(text))
    answer = engine.answer(ask(text), max_tokens=max_tokens, on_text=pieces.append)
    assert "".join(pieces) == answer.text == text
    assert len(pieces) > 1
    assert all(pieces)
    assert answer.finish_reason == "stop"
    assert answer.first_token_seconds is not None
    assert 0 < answer.first_token_seconds <= answer.seconds


@pytest.mark.parametrize("text", TEXTS)
def test_not_streamed_is_the_same_answer(engine: Engine, text: str) -> None:
    streamed = engine.answer(ask(text), max_tokens=80, on_text=lambda _: None)
    whole = engine.answer(ask(text), max_tokens=80)
    assert whole.first_token_seconds is None
    assert (whole.text, whole.completion_tokens, whole.finish_reason, whole.model) == (
        streamed.text,
        streamed.completion_tokens,
        streamed.finish_reason,
        streamed.model,
    )


def test_an_answer_says_what_it_cost(engine: Engine) -> None:
    answer = engine.answer(ask(TEXTS[0]), max_tokens=60)
    assert answer.prompt_tokens == engine.count(ask(TEXTS[0])) > 5
    assert 5 <= answer.completion_tokens <= 60
    assert engine.model


@pytest.mark.parametrize("stream", [True, False])
def test_max_tokens_cut_the_answer(engine: Engine, stream: bool) -> None:
    answer = engine.answer(ask(TEXTS[0]), max_tokens=2, on_text=(lambda _: None) if stream else None)
    assert answer.finish_reason == "length"
    assert answer.completion_tokens == 2
    assert 0 < len(answer.text) < len(TEXTS[0])
    assert TEXTS[0].startswith(answer.text)


def test_prompt_and_answer_share_the_window(engine: Engine) -> None:
    room = engine.window - engine.count(ask("hello"))
    assert engine.answer(ask("hello"), max_tokens=room).text == "hello"
    with pytest.raises(WindowError, match="kept for the answer") as caught:
        engine.answer(ask("hello"), max_tokens=room + 1)
    assert caught.value.prompt_tokens == engine.count(ask("hello"))
    assert caught.value.room == caught.value.prompt_tokens - 1


def test_an_answer_larger_than_the_window_leaves_no_room(engine: Engine) -> None:
    with pytest.raises(WindowError) as caught:
        engine.answer(ask("hello"), max_tokens=engine.window * 2)
    assert caught.value.room == 0


@pytest.mark.parametrize(
    ("messages", "options", "why"),
    [
        ([], {"max_tokens": 1}, "no messages"),
        (ask("x"), {"max_tokens": 0}, "max_tokens must be at least 1, not 0"),
        (ask("x"), {"max_tokens": 1, "temperature": -0.1}, "temperature"),
        ([Message(role="robot", content="x")], {"max_tokens": 1}, "unknown role 'robot'"),  # type: ignore[arg-type]
    ],
)
def test_requests_without_sense_are_refused(
    engine: Engine, messages: list[Message], options: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        engine.answer(messages, **options)


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError, TimeoutError, RuntimeError("mine")])
def test_a_listener_that_fails_ends_the_answer_and_not_the_engine(
    engine: Engine, error: type[BaseException] | BaseException
) -> None:
    heard: list[str] = []

    def listen(text: str) -> None:
        heard.append(text)
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        engine.answer(ask(TEXTS[0]), max_tokens=50, on_text=listen)
    assert len(heard) == 1
    assert engine.answer(ask("hello"), max_tokens=50).text == "hello"


def test_several_threads_may_ask_at_once(engine: Engine) -> None:
    texts = [f"hello fox {n}" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda text: engine.answer(ask(text), max_tokens=50), texts))
    assert [answer.text for answer in answers] == texts
