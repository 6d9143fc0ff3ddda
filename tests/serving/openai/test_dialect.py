"""Servers as they are: templates without a system role, other names of the limit, models that think aloud."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai_support import Serve, connect

from ctxpipe.errors import EngineError, RejectedError
from ctxpipe.serving.openai.thoughts import CLOSE, OPEN, Thoughts, parted
from ctxpipe.serving.types import Answer, Message

CHAT = [Message(role="system", content="Be brief."), Message(role="user", content="Where is the key?")]
REFUSALS = (
    "System role not supported",
    "Only user and assistant roles are supported!",
    "Conversation roles must alternate user/assistant/user/assistant/...",
)


def ask(engine: Any, *, stream: bool) -> Answer:
    answer: Answer = engine.answer(CHAT, max_tokens=20, on_text=(lambda _: None) if stream else None)
    return answer


def pieces(*parts: dict[str, Any]) -> Any:
    """A server that sends these parts of a message, one after the other."""

    def behave(x: Any) -> None:
        if not x.body.get("stream"):
            whole: dict[str, Any] = {}
            for part in parts:
                whole |= {name: (whole.get(name) or "") + (text or "") for name, text in part.items()}
            x.json({"model": "m", "choices": [{"message": whole, "finish_reason": "stop"}]})
            return
        x.open_stream()
        for part in parts:
            x.event({"model": "m", "choices": [{"index": 0, "delta": part, "finish_reason": None}]})
        x.event({"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        x.event("[DONE]")

    return behave


def without_system(refusal: str) -> Any:
    def behave(x: Any) -> None:
        if any(message["role"] == "system" for message in x.body["messages"]):
            x.error(400, refusal)
        else:
            pieces({"content": "At the bakery."})(x)

    return behave


@pytest.mark.parametrize("refusal", REFUSALS)
def test_instructions_move_into_the_users_turn_where_there_is_no_system_role(
    serve: Serve, stream: bool, refusal: str
) -> None:
    server = serve(tokenize=None, chat=without_system(refusal))
    engine = connect(server.url, count_text=len)
    for _ in range(2):
        assert ask(engine, stream=stream).text == "At the bakery."
    asked = [[(m["role"], m["content"]) for m in body["messages"]] for body in server.asked("/v1/chat/completions")]
    moved = [("user", "Be brief.\n\nWhere is the key?")]
    assert asked == [[("system", "Be brief."), ("user", "Where is the key?")], moved, moved]


def test_what_counts_the_prompt_refuses_a_system_role_too(serve: Serve) -> None:
    def count(x: Any) -> None:
        if any(message["role"] == "system" for message in x.body.get("messages", ())):
            x.error(400, REFUSALS[0])
        else:
            x.json({"count": 7, "tokens": []})

    server = serve(tokenize=count, chat=without_system(REFUSALS[0]))
    answer = ask(connect(server.url), stream=False)
    assert (answer.text, answer.prompt_tokens) == ("At the bakery.", 7)
    assert len(server.asked("/v1/chat/completions")) == 1


def test_the_limit_has_another_name(serve: Serve, stream: bool) -> None:
    def behave(x: Any) -> None:
        if "max_tokens" in x.body:
            x.error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        else:
            assert x.body["max_completion_tokens"] == 20
            without_system(REFUSALS[0])(x)

    server = serve(tokenize=None, chat=behave)
    engine = connect(server.url, count_text=len)
    assert ask(engine, stream=stream).text == "At the bakery."
    assert ask(engine, stream=stream).text == "At the bakery."
    assert len(server.asked("/v1/chat/completions")) == 4


def test_a_refusal_of_another_kind_is_told_as_it_is(serve: Serve) -> None:
    server = serve(tokenize=None, chat=lambda x: x.error(400, "temperature must be at most 2"))
    with pytest.raises(RejectedError, match="temperature must be"):
        ask(connect(server.url, count_text=len), stream=False)
    assert len(server.asked("/v1/chat/completions")) == 1


@pytest.mark.parametrize(
    ("parts", "reasoning"),
    [
        (({"content": "<think>\nhm"}, {"content": "\n</th"}, {"content": "ink>\n\nAt the bakery."}), "hm"),
        (({"reasoning": "hm, "}, {"reasoning": "well"}, {"content": "At the bakery."}), "hm, well"),
        (({"reasoning_content": "hm"}, {"content": "At the bakery."}), "hm"),
        (({"reasoning": "hm", "reasoning_content": "hm"}, {"content": "At the bakery."}), "hm"),
        (({"content": None}, {"content": "At the "}, {"content": None}, {"content": "bakery."}), ""),
        (({"content": "<"}, {"content": "think></think>At the bakery."}), ""),
    ],
)
def test_thoughts_are_no_part_of_the_answer(
    serve: Serve, stream: bool, parts: tuple[dict[str, str], ...], reasoning: str
) -> None:
    said: list[str] = []
    engine = connect(serve(tokenize=None, chat=pieces(*parts)).url, count_text=len)
    answer = engine.answer(CHAT, max_tokens=20, on_text=said.append if stream else None)
    assert answer.text == "At the bakery."
    assert answer.reasoning == reasoning
    assert not stream or "".join(said) == "At the bakery."


@pytest.mark.parametrize("parts", [({"reasoning": "hm"},), ({"content": "<think>hm, well"},)])
def test_a_model_that_only_thinks_says_nothing_and_that_is_an_error(
    serve: Serve, stream: bool, parts: tuple[dict[str, str], ...]
) -> None:
    engine = connect(serve(tokenize=None, chat=pieces(*parts)).url, count_text=len)
    with pytest.raises(EngineError, match="on reasoning and gave no answer"):
        ask(engine, stream=stream)


def test_a_block_that_the_template_began_ends_in_the_answer() -> None:
    assert parted("hm\n</think>\n\nYes.", "") == ("Yes.", "hm")
    assert parted("Yes.", "hm") == ("Yes.", "hm")


WORDS = st.text(st.sampled_from("<think>/ ab\n"), max_size=12)


@given(st.text(st.sampled_from(" \n"), max_size=3), WORDS, WORDS, st.integers(1, 9))
def test_pieces_of_any_size_give_the_same(space: str, thought: str, answer: str, size: int) -> None:
    for text in (f"{space}{OPEN}{thought}{CLOSE}{answer}", f"{space}{answer}", f"{OPEN}{thought}"):
        whole, cut = Thoughts(), Thoughts()
        expected = whole.take(text) + whole.end()
        shown = "".join(cut.take(text[i : i + size]) for i in range(0, len(text), size)) + cut.end()
        assert (shown, cut.text) == (expected, whole.text)
    if CLOSE not in thought:
        thoughts = Thoughts()
        shown = thoughts.take(f"{OPEN}{thought}{CLOSE}{answer}") + thoughts.end()
        assert (shown, thoughts.text) == (answer.lstrip(), thought.strip())
