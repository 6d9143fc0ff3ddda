from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import DownloadError, UnknownNameError, UsageError
from ctxpipe.remote.address import parse_address
from ctxpipe.serving.engines import ENGINES, connect
from ctxpipe.serving.fake import Call, FakeEngine
from ctxpipe.serving.local.engine import WELL_READ
from ctxpipe.serving.openai.engine import OPENAI_URL, OpenAIEngine
from ctxpipe.serving.types import Message, ModestEngine

HELLO = [Message(role="user", content="hello brown fox")]


def test_built_in_names() -> None:
    assert {"local", "openai", "fake"} <= set(ENGINES.names())


def test_local_resolves_the_names_of_model_and_tokenizer(model_folder: Path) -> None:
    asked: list[str] = []

    def resolve(name: str) -> str:
        asked.append(name)
        return str(model_folder)

    engine = connect("local", resolve=resolve, tokenizer="words", window=99)
    assert (engine.name, engine.model, engine.window) == ("local", "qwen2.5-coder-0.5b", 99)
    assert sorted(asked) == ["qwen2.5-coder-0.5b", "words"]
    assert engine.answer(HELLO, max_tokens=3).model == "qwen2.5-coder-0.5b"


def test_the_small_model_answers_where_the_default_one_cannot_be_had(model_folder: Path) -> None:
    def resolve(name: str) -> str:
        if name != "smollm2-135m":
            raise DownloadError("the package index cannot be reached; copy it here")
        return str(model_folder)

    notes: list[str] = []
    engine = connect("local", resolve=resolve, on_note=notes.append)
    assert engine.model == "smollm2-135m"
    (note,) = notes
    assert note.startswith("smollm2-135m answers, and is often wrong, because qwen2.5-coder-0.5b cannot be loaded: ")
    with pytest.raises(DownloadError, match="cannot be reached"):
        connect("local", model="qwen2.5-coder-0.5b", resolve=resolve)


def test_without_either_model_the_default_one_s_fault_is_told() -> None:
    def resolve(name: str) -> str:
        raise DownloadError(f"{name} cannot be fetched")

    with pytest.raises(DownloadError, match=r"^qwen2\.5-coder-0\.5b cannot be fetched$"):
        connect("local", resolve=resolve)


def test_on_a_processor_a_model_reads_a_little_well(model_folder: Path) -> None:
    engine = connect("local", model=str(model_folder))
    assert isinstance(engine, ModestEngine)
    assert engine.well_read == WELL_READ


def test_local_takes_a_directory(model_folder: Path) -> None:
    engine = connect("local", model=str(model_folder))
    assert (engine.model, engine.window) == (str(model_folder), 4096)


def test_a_url_is_an_openai_compatible_server(serve: Callable[..., Any]) -> None:
    engine = connect(serve().url.replace("http:", "HTTP:"), timeout=9)
    assert (engine.name, engine.model, engine.window) == ("openai", "m", 100)


def test_openai_by_name_is_the_company(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = connect("openai", model="gpt", window=10)
    assert isinstance(engine, OpenAIEngine)
    assert OPENAI_URL in repr(engine)


def test_a_tokenizer_counts_for_a_server_that_cannot(serve: Callable[..., Any], model_folder: Path) -> None:
    url = serve(tokenize=None).url
    by_name = connect(url, tokenizer="words", resolve=lambda name: str(model_folder))
    by_function = connect(url, count_text=lambda text: 1)
    assert by_name.count(HELLO) > by_function.count(HELLO) == 1 + 16


def test_other_engines_get_only_what_was_given() -> None:
    def make(model: str = "none", window: int = 5) -> FakeEngine:
        return FakeEngine(model=model, window=window)

    ENGINES.register("test-engine", make)
    try:
        assert connect("test-engine", window=7).window == 7
        assert connect("test-engine", count_text=len, resolve=str).model == "none"
        with pytest.raises(UsageError, match=r"target 'test-engine': .*'timeout'"):
            connect("test-engine", timeout=1)
    finally:
        del ENGINES._factories["test-engine"]


@pytest.mark.parametrize("target", ["localhost:8000", "10.0.0.1:8000/v1", "ftp://host", "grpc://host:1"])
def test_a_server_without_its_scheme_is_explained(target: str) -> None:
    with pytest.raises(UsageError, match="write it like http://localhost:8000"):
        connect(target)


@pytest.mark.parametrize("target", ["locale", "", "gpt-4"])
def test_an_unknown_target_offers_names(target: str) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown target .*local"):
        connect(target)


def test_engines_import_nothing_heavy_until_they_are_used() -> None:
    code = (
        "import sys, ctxpipe.serving.engines as e; e.connect('fake');"
        "import ctxpipe.serving.openai.engine, ctxpipe.serving.local.load, ctxpipe.serving.local.engine;"
        "print([m for m in ('torch', 'transformers', 'openai', 'jinja2', 'httpx', 'anyio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Addresses


@pytest.mark.parametrize(
    ("url", "base", "root"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1", "http://localhost:8000"),
        (" http://localhost:8000/v1/ ", "http://localhost:8000/v1", "http://localhost:8000"),
        ("https://h/v1/chat/completions", "https://h/v1", "https://h"),
        ("https://h/proxy/", "https://h/proxy/v1", "https://h/proxy"),
        ("https://h/v1beta/openai", "https://h/v1beta/openai", "https://h/v1beta/openai"),
        ("http://[::1]:80", "http://[::1]:80/v1", "http://[::1]:80"),
        ("HTTP://Host", "http://host/v1", "http://host"),
    ],
)
def test_addresses(url: str, base: str, root: str) -> None:
    address = parse_address(url)
    assert (address.base, address.root) == (base, root)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:geheim@host",
        "http://geheim@host/v1",
        "http://host/v1?key=geheim",
        "http://host/#geheim",
        "http://",
        "http://host:port",
        "http://host:99999",
        "http://[::1",
    ],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_address(url)
    assert "geheim" not in str(caught.value)


@given(st.text(max_size=20), st.sampled_from(["", "http://", "https://h/", "http://h:1/v1"]))
def test_any_text_is_an_address_or_a_usage_error(text: str, head: str) -> None:
    try:
        address = parse_address(head + text)
    except UsageError:
        return
    assert parse_address(address.base) == address, "not stable"


# The fake


def test_the_fake_answers_what_it_was_told_and_remembers_who_asked() -> None:
    engine = FakeEngine(lambda messages: messages[0].content.upper(), model="loud", window=20)
    assert engine.answer(HELLO, max_tokens=9, temperature=0.3).text == "HELLO BROWN FOX"
    assert engine.calls == [Call(messages=tuple(HELLO), max_tokens=9, temperature=0.3)]
    assert FakeEngine("always").answer(HELLO, max_tokens=9).text == "always"


def test_the_fake_counts_as_it_is_told() -> None:
    engine = FakeEngine("one two three", count=len, window=40)
    answer = engine.answer(HELLO, max_tokens=8)
    assert (answer.prompt_tokens, answer.text, answer.finish_reason) == (15, "one two", "length")


def test_a_fake_may_be_silent() -> None:
    answer = FakeEngine("").answer(HELLO, max_tokens=1, on_text=lambda _: pytest.fail("said something"))
    assert (answer.text, answer.completion_tokens, answer.finish_reason) == ("", 0, "stop")


def test_a_fake_has_a_window() -> None:
    with pytest.raises(UsageError, match="at least 1 token"):
        FakeEngine(window=0)
