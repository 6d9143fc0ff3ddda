"""Models without a chat template, asked through the endpoint for plain text."""

from __future__ import annotations

from typing import Any

import pytest
from openai_support import HELLO, Serve, ask, connect, failing, good

from ctxpipe.errors import RejectedError, UsageError, WindowError
from ctxpipe.serving.local.chat import ChatRenderer
from ctxpipe.serving.openai.prompts import STOPS, plain
from ctxpipe.serving.types import Message

NO_TEMPLATE = (
    "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the "
    "tokenizer does not define one."
)
PLAIN = "User: hello brown fox\n\nAssistant:"


def complete(x: Any) -> None:
    """Go on with the words of the prompt, a word a token."""
    words = x.body["prompt"].split()[: x.body["max_tokens"]]
    usage = {"prompt_tokens": len(x.body["prompt"].split()), "completion_tokens": len(words)}
    if not x.body.get("stream"):
        x.json({"model": "m", "choices": [{"text": " ".join(words), "finish_reason": "stop"}], "usage": usage})
        return
    x.open_stream()
    for index, word in enumerate(words):
        x.event({"model": "m", "choices": [{"index": 0, "text": " " * (index > 0) + word, "finish_reason": None}]})
    x.event({"model": "m", "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    x.event({"model": "m", "choices": [], "usage": usage})
    x.event("[DONE]")


def count_plain(x: Any) -> None:
    """Count plain text, and refuse chats as vLLM does for a model without a template."""
    if "messages" in x.body:
        x.error(400, NO_TEMPLATE)
    else:
        x.json({"count": len(x.body["prompt"].split()), "tokens": []})


def test_a_base_model_is_found_out_once_and_asked_in_plain_turns(serve: Serve, stream: bool) -> None:
    server = serve(tokenize=count_plain, chat=failing(400, NO_TEMPLATE), completions=complete)
    engine = connect(server.url)
    answer = ask(engine, stream=stream)
    assert (answer.text, answer.prompt_tokens, answer.finish_reason) == (" ".join(PLAIN.split()), 5, "stop")
    ask(engine, stream=stream)
    first = server.asked("/v1/completions")[0]
    assert (first["prompt"], first["stop"], first["max_tokens"]) == (PLAIN, list(STOPS), 20)
    assert server.asked("/v1/chat/completions") == []
    assert server.asked("/tokenize") == [
        {"model": "m", "messages": [{"role": "user", "content": "hello brown fox"}], "add_generation_prompt": True},
        {"model": "m", "prompt": PLAIN, "add_special_tokens": True},
    ]


def test_a_server_that_cannot_count_says_it_when_asked(serve: Serve) -> None:
    server = serve(tokenize=None, chat=failing(400, NO_TEMPLATE), completions=complete)
    assert ask(connect(server.url, count_text=len)).text == " ".join(PLAIN.split())


def test_the_endpoint_can_be_chosen(serve: Serve, stream: bool) -> None:
    server = serve(completions=complete)
    assert ask(connect(server.url, endpoint="completion"), stream=stream).text == " ".join(PLAIN.split())
    assert server.asked("/v1/chat/completions") == []
    server = serve(tokenize=count_plain, chat=failing(400, NO_TEMPLATE), completions=complete)
    with pytest.raises(RejectedError, match="provide a chat template"):
        ask(connect(server.url, endpoint="chat"))
    with pytest.raises(UsageError, match="auto, chat or completion, not 'telepathy'"):
        connect(server.url, endpoint="telepathy")


def test_other_refusals_do_not_change_the_endpoint(serve: Serve) -> None:
    server = serve(chat=failing(400, "the chat template says: roles must alternate"), completions=complete)
    with pytest.raises(RejectedError, match="roles must alternate"):
        ask(connect(server.url))
    assert server.asked("/v1/completions") == []


def test_the_window_holds_for_plain_turns(serve: Serve) -> None:
    server = serve(tokenize=count_plain, completions=complete)
    with pytest.raises(WindowError):
        ask(connect(server.url), max_tokens=96)
    assert server.asked("/v1/completions") == []


def test_a_chat_where_text_was_asked_for_is_no_completion(serve: Serve) -> None:
    with pytest.raises(Exception, match="sent no completion"):
        ask(connect(serve(completions=lambda x: x.json({})).url, endpoint="completion"), stream=False)
    assert ask(connect(serve(completions=good).url, endpoint="completion"), stream=True).text == ""


def test_plain_turns_are_those_of_a_local_model_without_a_template(tokenizer: Any) -> None:
    tokenizer.chat_template = None
    chat = [Message(role="system", content="Be brief."), *HELLO]
    renderer = ChatRenderer(tokenizer)
    start = renderer._start
    assert renderer._render([{"role": m.role, "content": m.content} for m in chat]) == start + plain(chat)
