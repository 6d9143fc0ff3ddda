"""How likely a server finds given answers: exact positions, one warm-up, clear failures."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openai_support import HELLO, Serve, connect, failing, sequence

from ctxpipe.errors import EngineError, RejectedError, UsageError, WindowError
from ctxpipe.serving.types import Message


def tokenize(x: Any) -> None:
    """A token a character; a template around each message."""
    text = x.body.get("prompt")
    if text is None:
        text = "".join(f"<{turn['role']}>{turn['content']}" for turn in x.body["messages"]) + "<assistant>"
    x.json({"count": len(text), "tokens": [ord(c) for c in text]})


def logprobs(x: Any) -> None:
    """The log-probability of a token at place n is minus n hundredths."""
    entries = [None, *({str(t): {"logprob": -n / 100, "rank": 1}} for n, t in enumerate(x.body["prompt"][1:], 1))]
    choice = {"index": 0, "text": "x", "finish_reason": "length", "prompt_logprobs": entries}
    x.json({"model": "m", "choices": [choice]})


PROMPT = "<user>hello brown fox<assistant>"


def test_the_tokens_weighed_are_the_answer_s(serve: Serve) -> None:
    server = serve(tokenize=tokenize, completions=logprobs)
    engine = connect(server.url)
    yes, no = engine.log_likelihoods(HELLO, ["yes", "no"])
    size = len(PROMPT)
    assert yes.token_ids == tuple(map(ord, "yes"))
    assert yes.logprobs == pytest.approx([-(size + n) / 100 for n in range(3)])
    assert (yes.prompt_tokens, no.logprobs) == (size, pytest.approx([-size / 100, -(size + 1) / 100]))
    assert yes.total == pytest.approx(sum(yes.logprobs))
    assert yes.mean == pytest.approx(yes.total / 3)
    warm_up, first, second = server.asked("/v1/completions")
    assert len(warm_up["prompt"]) == 2
    assert first == {
        "model": "m",
        "prompt": [ord(c) for c in f"{PROMPT}yes"],
        "max_tokens": 1,
        "temperature": 0.0,
        "prompt_logprobs": 0,
    }
    assert second["prompt"] == [ord(c) for c in f"{PROMPT}no"]
    assert len([b for b in server.asked("/tokenize") if "messages" in b]) == 1, "the prompt was tokenised once"


def test_many_threads_warm_up_once(serve: Serve) -> None:
    slow = threading.Event()

    def completions(x: Any) -> None:
        if len(x.body["prompt"]) == 2:
            slow.wait(0.3)
        logprobs(x)

    server = serve(tokenize=tokenize, completions=completions)
    engine = connect(server.url)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda word: engine.log_likelihoods(HELLO, [word]), ["a", "bc", "d", "e"]))
    assert sorted(len(body["prompt"]) - len(PROMPT) for body in server.asked("/v1/completions")) == [
        2 - len(PROMPT), 1, 1, 1, 2
    ]  # fmt: skip


def test_the_first_request_may_take_longer_than_the_deadline(serve: Serve) -> None:
    def completions(x: Any) -> None:
        if len(x.body["prompt"]) == 2:
            x.over.wait(3.5)
        logprobs(x)

    engine = connect(serve(tokenize=tokenize, completions=completions).url, timeout=3)
    (found,) = engine.log_likelihoods(HELLO, ["a"])
    assert found.seconds < 3


def test_a_failed_warm_up_is_tried_again(serve: Serve) -> None:
    server = serve(tokenize=tokenize, completions=sequence(failing(400, "not now"), logprobs))
    engine = connect(server.url)
    with pytest.raises(RejectedError, match="not now"):
        engine.log_likelihoods(HELLO, ["a"])
    assert engine.log_likelihoods(HELLO, ["a"])


def test_the_window_holds_for_the_longest_answer_and_the_one_token_that_must_be_made(serve: Serve) -> None:
    server = serve(tokenize=tokenize, completions=logprobs)
    room = 100 - len(PROMPT)
    assert connect(server.url).log_likelihoods(HELLO, ["x" * (room - 1)])
    before = len(server.asked("/v1/completions"))
    with pytest.raises(WindowError):
        connect(server.url).log_likelihoods(HELLO, ["x", "x" * room])
    assert len(server.asked("/v1/completions")) == before


def test_answers_and_messages_without_sense_are_refused(serve: Serve) -> None:
    engine = connect(serve(tokenize=tokenize, completions=logprobs).url)
    with pytest.raises(UsageError, match="an answer without tokens"):
        engine.log_likelihoods(HELLO, ["yes", ""])
    with pytest.raises(UsageError, match="no messages"):
        engine.log_likelihoods([], ["yes"])
    assert engine.log_likelihoods(HELLO, []) == []


def without(x: Any) -> None:
    x.json({"model": "m", "choices": [{"index": 0, "text": "x", "finish_reason": "length"}]})


def too_few(x: Any) -> None:
    x.json({"choices": [{"text": "x", "prompt_logprobs": [None, {"97": {"logprob": -1.0}}]}]})


def other_tokens(x: Any) -> None:
    entries = [None, *({"1": {"logprob": -1.0}} for _ in x.body["prompt"][1:])]
    x.json({"choices": [{"text": "x", "prompt_logprobs": entries}]})


@pytest.mark.parametrize("completions", [without, too_few, other_tokens, lambda x: x.json([5]), lambda x: x.send("")])
def test_a_server_without_prompt_logprobs_is_told_in_one_line(serve: Serve, completions: Any) -> None:
    engine = connect(serve(tokenize=tokenize, completions=completions).url)
    with pytest.raises(EngineError, match="returns no prompt_logprobs for this prompt; likelihoods need vLLM"):
        engine.log_likelihoods(HELLO, ["a"])


@pytest.mark.parametrize("tokens", [None, "abc", [1, "2"], [True], [-1]])
def test_a_server_without_token_ids_is_told_in_one_line(serve: Serve, tokens: Any) -> None:
    engine = connect(serve(tokenize=lambda x: x.json({"count": 3, "tokens": tokens})).url)
    with pytest.raises(EngineError, match="returns no token ids; likelihoods need a vLLM server"):
        engine.log_likelihoods(HELLO, ["a"])


def test_a_base_model_s_prompt_is_plain_turns(serve: Serve) -> None:
    def no_chats(x: Any) -> None:
        if "messages" in x.body:
            x.error(400, "you must provide a chat template if the tokenizer does not define one")
        else:
            tokenize(x)

    server = serve(tokenize=no_chats, completions=logprobs)
    chat = [Message(role="user", content="hi")]
    connect(server.url).log_likelihoods(chat, ["a"])
    assert server.asked("/v1/completions")[-1]["prompt"] == [ord(c) for c in "User: hi\n\nAssistant:a"]
