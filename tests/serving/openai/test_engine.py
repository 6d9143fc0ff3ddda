"""The OpenAI-compatible engine against servers that work: finding out what is served, counting, asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openai_support import HELLO, Serve, ask, connect, failing, good

from ctxpipe.errors import (
    RejectedError,
    UnknownNameError,
    UnreachableError,
    UsageError,
    WindowError,
)
from ctxpipe.serving.openai.engine import TOKENS_PER_MESSAGE

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
    with pytest.raises(UsageError, match="serves several models; choose one with --model: large, small"):
        connect(server.url)
    assert connect(server.url, model="large").window == 99
    with pytest.raises(UnknownNameError, match="unknown model 'larch'; did you mean large"):
        connect(server.url, model="larch")


def test_without_a_window_the_option_is_named(serve: Serve) -> None:
    server = serve(models=lambda x: x.json({"data": [{"id": "m"}]}))
    with pytest.raises(UsageError, match="does not report the window of m; give --window"):
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
        (lambda x: x.send("<!DOCTYPE html><html><body>Welcome</body></html>"), "its /models is not a list of models"),
        (lambda x: x.send("<html>Not here</html>", status=404), "it has no /models .status 404"),
        (lambda x: x.json({"data": 5}), "its /models is not a list of models"),
        (lambda x: x.json([1, 2]), "its /models is not a list of models"),
        (lambda x: x.send("{", kind="application/json"), "its /models is not a list of models"),
        (lambda x: x.send(b"\xff\xfe\x00", kind="application/json"), "its /models is not a list of models"),
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
