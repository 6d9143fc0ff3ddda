"""Chats as Anthropic and Google write them: tools and what they gave back stay together, and long texts are cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from character_tokenizer import Characters

from ctxpipe.compress.chat.document import chat_in, compress_chat
from ctxpipe.compress.chat.messages import message_tokens
from ctxpipe.compress.chat.shape import calls, calls_made, is_result, messages_in, texts, with_texts
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.rank.bm25 import BM25Ranker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.types import Document

LOG = " ".join(f"Pump {number} was oiled on day {number * 3}." for number in range(40))


def google(number: int, given: str) -> list[dict[str, Any]]:
    """A question, a call with its result, and the answer."""
    return [
        {"role": "user", "parts": [{"text": f"Is harbour {number} open?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"harbour": number}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"log": given}}}]},
        {"role": "model", "parts": [{"text": f"Harbour {number} is open."}]},
    ]


def anthropic(number: int, given: str) -> list[dict[str, Any]]:
    """The same in the other shape."""
    call, result = {"type": "tool_use", "id": f"t{number}"}, {"type": "tool_result", "tool_use_id": f"t{number}"}
    return [
        {"role": "user", "content": f"Is harbour {number} open?"},
        {"role": "assistant", "content": [{**call, "name": "look", "input": {"harbour": number}}]},
        {"role": "user", "content": [{**result, "content": [{"type": "text", "text": given}]}]},
        {"role": "assistant", "content": [{"type": "text", "text": f"Harbour {number} is open."}]},
    ]


SHAPES = {"google": (google, "contents"), "anthropic": (anthropic, "messages")}


def compressed(shape: str, question: str, budget: int) -> list[dict[str, Any]]:
    make, member = SHAPES[shape]
    chat = [message for number in range(6) for message in make(number, LOG)]
    chat.append({**make(0, "")[0], **({"parts": [{"text": "When?"}]} if shape == "google" else {"content": "When?"})})
    value = {"system": "Be brief.", member: chat}
    document = Document(text=json.dumps(value), kind="json", source="chat.json")
    found = chat_in(document)
    assert found is not None
    compressor = Compressor(
        tokenizer=Characters(), ranker=BM25Ranker(), scorer=SCORERS.create("none"), rank="bm25", prune="none"
    )
    context = compress_chat(compressor, found, question=question, budget=budget, rate=None)
    assert len(context.text) <= budget
    left = json.loads(context.text)
    assert left["system"] == "Be brief."
    assert left[member][-1] == chat[-1]
    kept: list[dict[str, Any]] = left[member]
    return kept


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("budget", [600, 1500, 3000, 6000])
def test_a_call_and_its_result_stay_together(shape: str, budget: int) -> None:
    kept = compressed(shape, "Is harbour 3 open?", budget)
    for index, message in enumerate(kept):
        if calls(message):
            assert is_result(kept[index + 1])
        if is_result(message):
            assert calls(kept[index - 1])
    assert "harbour 3" in json.dumps(kept).lower()


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_tool_gave_back_is_cut_to_what_is_asked(shape: str) -> None:
    kept = compressed(shape, "When was pump 17 of harbour 3 oiled?", 1500)
    given = [text for message in kept if is_result(message) for text in texts(message)]
    assert any("Pump 17 was oiled on day 51." in text for text in given)
    assert all(0 < len(text) < len(LOG) for text in given)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_parts_of_a_message_are_known(shape: str) -> None:
    make, _ = SHAPES[shape]
    question, call, result, answer = make(7, "The log.")
    assert [list(texts(message)) for message in (question, call, result, answer)] == [
        ["Is harbour 7 open?"],
        [],
        ["The log."],
        ["Harbour 7 is open."],
    ]
    assert [calls(message) for message in (question, call, result, answer)] == [False, True, False, False]
    assert [is_result(message) for message in (question, call, result, answer)] == [False, False, True, False]
    assert list(calls_made(call)) == ["look {'harbour': 7}"]
    assert list(texts(with_texts(result, {"The log.": "The"}))) == ["The"]
    assert message_tokens(Characters(), result) > len("The log.")
    assert message_tokens(Characters(), with_texts(result, {"The log.": "The"})) < message_tokens(Characters(), result)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "model", "content": "Yes."},
        {"role": "assistant", "parts": [{"text": "Yes."}]},
        {"parts": [{"text": "Yes."}]},
        {"role": ["user"], "parts": []},
    ],
)
def test_other_lists_are_no_chats(message: dict[str, Any]) -> None:
    assert messages_in({"contents": [message]}) is None


def test_a_thought_of_the_model_is_no_text() -> None:
    message = {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Yes."}]}
    assert list(texts(message)) == ["Yes."]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": LOG}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": LOG}]}},
        {"type": "search_result", "title": "Log", "source": "a", "content": [{"type": "text", "text": LOG}]},
        {"type": "tool_result", "content": [{"type": "search_result", "content": [{"type": "text", "text": LOG}]}]},
    ],
    ids=["text", "content", "search", "result"],
)
def test_documents_in_a_message_are_texts(part: dict[str, Any]) -> None:
    message = {"role": "user", "content": [part, {"type": "text", "text": "When?"}]}
    assert list(texts(message)) == [LOG, "When?"]
    changed = with_texts(message, {LOG: "Pump 7."})
    assert list(texts(changed)) == ["Pump 7.", "When?"]
    assert json.dumps(changed).replace("Pump 7.", LOG) == json.dumps(message)
    assert message_tokens(Characters(), message) > len(LOG)


def test_a_document_of_bytes_is_no_text() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    assert list(texts({"role": "user", "content": [{"type": "document", "source": source}]})) == []
