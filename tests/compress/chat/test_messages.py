"""Chats: whole turns within any budget, in a form that servers accept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from character_tokenizer import Characters
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from ctxpipe.compress.chat.messages import CompressedMessages, compress_messages, message_tokens
from ctxpipe.compress.chat.shape import is_result, messages_in, texts
from ctxpipe.compress.chat.turns import turns
from ctxpipe.compress.compressor import Compressor
from ctxpipe.compress.fake import FakeRanker
from ctxpipe.compress.scorers import SCORERS
from ctxpipe.compress.types import RankingText
from ctxpipe.errors import ChatBudgetError, UsageError

Message = dict[str, Any]
ACCEPTED = TypeAdapter(list[ChatCompletionMessageParam])
WORDS = st.sampled_from("the pump broke 31 times in Ann's shed, not here. Who knows? 中文。 😀".split())
TEXT = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
PARTS = st.lists(TEXT, min_size=1, max_size=3).map(lambda said: [{"type": "text", "text": text} for text in said])


@st.composite
def called(draw: st.DrawFn, number: int) -> list[Message]:
    """Parallel calls of tools and their results."""
    names = [f"call_{number}_{i}" for i in range(draw(st.integers(1, 3)))]
    calls = [{"id": n, "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}} for n in names]
    asks: Message = {"role": "assistant", "content": draw(st.sampled_from([None, "Let me look."])), "tool_calls": calls}
    return [asks, *({"role": "tool", "tool_call_id": name, "content": draw(TEXT)} for name in names)]


@st.composite
def chats(draw: st.DrawFn) -> list[Message]:
    made: list[Message] = []
    if draw(st.booleans()):
        made.append({"role": draw(st.sampled_from(["system", "developer"])), "content": draw(TEXT)})
    for number in range(draw(st.integers(1, 6))):
        made.append({"role": "user", "content": draw(TEXT | PARTS)})
        for step in range(draw(st.integers(0, 2))):
            made.extend(draw(called(10 * number + step)))
        if draw(st.booleans()):
            made.append({"role": "assistant", "content": draw(TEXT)})
    return made


def compressor() -> Compressor:
    return Compressor(
        tokenizer=Characters(), ranker=FakeRanker(), scorer=SCORERS.create("none"), rank="fake", prune="none"
    )


def total(messages: list[Message]) -> int:
    return 3 + sum(message_tokens(Characters(), message) for message in messages)


def check(chat: list[Message], made: CompressedMessages, budget: int) -> None:
    kept = list(made.messages)
    assert total(kept) == made.kept_tokens <= budget
    assert list(made.kept) == sorted(set(made.kept))
    asked = [i for i, m in enumerate(chat) if m["role"] == "user"]
    for index in [*asked[-1:], *(i for i, m in enumerate(chat) if m["role"] in ("system", "developer"))]:
        assert kept[made.kept.index(index)] == chat[index]
    for message in kept:
        assert all(text.strip() for text in texts(message))
    calls = {call["id"] for m in kept for call in m.get("tool_calls") or ()}
    assert calls == {m["tool_call_id"] for m in kept if is_result(m)}
    assert not is_result(kept[0])
    ACCEPTED.validate_python(kept)
    assert json.loads(json.dumps(kept)) == kept
    left = any(not set(range(i, i + 1)) & set(made.kept) for i in range(len(chat)))
    assert bool(made.notes) == (left or bool(made.cut))


@settings(max_examples=150)
@given(chats(), st.integers(1, 3000), st.sampled_from([None, "Who fixed the pump?"]))
def test_whole_turns_within_any_budget(chat: list[Message], budget: int, question: str | None) -> None:
    try:
        made = compress_messages(compressor(), chat, budget=budget, question=question)
    except ChatBudgetError as error:
        assert error.tokens > budget
        return
    check(chat, made, budget)
    if total(chat) <= budget:
        assert list(made.messages) == chat


def long_chat() -> list[Message]:
    """200 turns with parallel calls of tools."""
    chat: list[Message] = [{"role": "system", "content": "You look after the pumps of the harbour."}]
    for turn in range(100):
        chat.append({"role": "user", "content": f"What does gauge {turn} read, and gauge {turn + 1}?"})
        names = [f"call_{turn}_{i}" for i in range(2)]
        calls = [
            {
                "id": n,
                "type": "function",
                "function": {"name": "read_gauge", "arguments": json.dumps({"gauge": turn + i})},
            }
            for i, n in enumerate(names)
        ]
        chat.append({"role": "assistant", "content": None, "tool_calls": calls})
        chat += [
            {"role": "tool", "tool_call_id": n, "content": f"Gauge {turn + i} reads {turn * 7 + i} bar. " * 12}
            for i, n in enumerate(names)
        ]
        chat.append({"role": "assistant", "content": f"They read {turn * 7} and {turn * 7 + 1} bar."})
    chat.append({"role": "user", "content": "And which of them was the highest?"})
    return chat


@pytest.mark.parametrize("budget", [200, 1000, 5000, 20_000, 60_000])
@pytest.mark.parametrize("question", [None, "What does gauge 31 read?"])
def test_two_hundred_turns_at_five_budgets(budget: int, question: str | None) -> None:
    chat = long_chat()
    made = compress_messages(compressor(), chat, budget=budget, question=question)
    check(chat, made, budget)
    assert made.kept_tokens >= 0.7 * budget or made.kept_tokens > budget - 700
    if question is None:
        # The latest, without a gap; of the oldest round that is left, the calls of tools may be missing.
        oldest, *rest = [index for index in made.kept if index]
        assert rest[-1:] == [len(chat) - 1] or oldest == len(chat) - 1
        missing = set(range(oldest, len(chat))) - set(made.kept)
        assert missing <= {oldest + 1, oldest + 2, oldest + 3}


def test_the_least_relevant_go_first_when_something_is_asked() -> None:
    made = compress_messages(compressor(), long_chat(), budget=3000, question="What does gauge 31 read?")
    assert any("gauge 31" in text for message in made.messages for text in texts(message))


def test_a_long_text_is_cut_and_marked() -> None:
    page = " ".join(f"Line {i} of the page says nothing of note." for i in range(300))
    chat = [
        {"role": "user", "content": "Read this page."},
        {"role": "assistant", "content": f"{page} The lantern is in the loft. {page}"},
        {"role": "user", "content": "Where is the lantern?"},
    ]
    made = compress_messages(compressor(), chat, budget=2000)
    check(chat, made, 2000)
    assert made.cut == (1,)
    assert "…" in made.messages[1]["content"]
    assert made.notes == ("the text of 1 messages was cut",)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_result_in_json_stays_json(indent: int | None) -> None:
    crew = [{"ship": f"M{i}", "engineer": f"Person {i}"} for i in range(90)]
    chat: list[Message] = [
        {"role": "user", "content": "Who is the engineer of ship M12?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "x", "type": "function", "function": {"name": "crew", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "x", "content": json.dumps({"crew": crew, "more": None}, indent=indent)},
    ]
    made = compress_messages(compressor(), chat, budget=1200)
    check(chat, made, 1200)
    assert made.cut == (2,)
    kept = json.loads(made.messages[2]["content"])
    assert kept["crew"]
    assert all(row in crew for row in kept["crew"])


def test_tools_count_and_are_not_changed() -> None:
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    chat = [{"role": "user", "content": "Look."}]
    bare = compress_messages(compressor(), chat, budget=500)
    made = compress_messages(compressor(), chat, budget=500, tools=tools)
    assert made.kept_tokens - bare.kept_tokens == len(json.dumps(tools))
    with pytest.raises(ChatBudgetError, match="more than the budget of 60; raise the budget"):
        compress_messages(compressor(), chat, budget=60, tools=tools)


@pytest.mark.parametrize("messages", [[], [{"role": "user"}], [{"role": "king", "content": "x"}], [{"content": "x"}]])
def test_what_is_no_chat_is_refused(messages: list[Message]) -> None:
    assert messages_in(messages) is None
    with pytest.raises(UsageError, match="a chat is a list of messages"):
        compress_messages(compressor(), messages, budget=100)


@pytest.mark.parametrize("odd", [[], {}, 3, None, [["text"]]])
def test_values_of_any_kind_are_no_roles_and_no_texts(odd: Any) -> None:
    assert messages_in([{"role": odd, "content": "x"}]) is None
    message = {"role": "user", "content": [{"type": odd, "text": "x"}, odd, {"type": "text", "text": odd}]}
    assert list(texts(message)) == []
    made = compress_messages(compressor(), [message], budget=500)
    assert made.messages == (message,)


def test_what_a_user_takes_back_goes_with_it() -> None:
    chat: list[Message] = []
    for wood, said, meant in (("oak", 31, 3), ("elm", 45, 4), ("ash", 52, 5)):
        chat.append({"role": "user", "content": f"We need {said} oars of {wood}."})
        chat.append({"role": "assistant", "content": f"Noted, {said} oars of {wood}."})
        chat.append({"role": "user", "content": f"No, we need {meant}."})
        chat.append({"role": "assistant", "content": f"Now {meant}."})
    chat.append({"role": "user", "content": "Order them."})
    for budget in range(40, total(chat), 7):
        kept = compress_messages(compressor(), chat, budget=budget, question="How many oars of elm?").messages
        said = [message["content"] for message in kept]
        assert ("We need 45 oars of elm." in said) == ("No, we need 4." in said)
    assert "No, we need 4." in said


def test_what_tools_gave_back_comes_right_after_the_best_question() -> None:
    chat: list[Message] = []
    for wood in ("oak", "elm", "ash"):
        call = {"id": wood, "type": "function", "function": {"name": "weigh", "arguments": f'{{"wood": "{wood}"}}'}}
        chat.append({"role": "user", "content": f"What does {wood} cost and weigh, please?"})
        chat.append({"role": "assistant", "content": None, "tool_calls": [call]})
        chat.append({"role": "tool", "tool_call_id": wood, "content": f'{{"grams": {len(wood)}}}'})
        chat.append({"role": "assistant", "content": "It costs 3."})
    chat.append({"role": "user", "content": "Thanks."})
    budget = total(chat[4:8]) + total(chat[12:]) + 10
    kept = compress_messages(compressor(), chat, budget=budget, question="What does elm weigh?").messages
    assert [message.get("tool_call_id") for message in kept if message["role"] == "tool"] == ["elm"]


@pytest.mark.parametrize("question", [None, "How is pump 3?"])
def test_an_answer_that_is_begun_stays_before_earlier_turns(question: str | None) -> None:
    chat: list[Message] = []
    for number in range(6):
        chat += [
            {"role": "user", "content": f"How is pump {number}?"},
            {"role": "assistant", "content": "It runs. " * 9},
        ]
    chat += [{"role": "user", "content": "And pump 7?"}, {"role": "assistant", "content": "Pump 7 is"}]
    made = compress_messages(compressor(), chat, budget=total(chat) // 2, question=question)
    assert list(made.messages[-2:]) == chat[-2:]
    assert len(made.messages) > 2


def test_a_single_turn_that_may_be_cut_is_not_ranked() -> None:
    """It comes first in any case, and ranking reads all of it."""
    asked: list[str] = []

    def score(text: RankingText, question: str) -> float:
        asked.append(text.text)
        return 0.0

    said = "The pump broke 31 times in the shed. " * 40
    chat: list[Message] = [{"role": "user", "content": said}, {"role": "assistant", "content": "Noted."}]
    chat.append({"role": "user", "content": "Where did it break?"})
    watching = replace(compressor(), ranker=FakeRanker(score))
    assert compress_messages(watching, chat, budget=300, question="Where did it break?").cut == (0,)
    assert not any(said.strip() in text for text in asked)


FILTERS = [
    message
    for number in range(6)
    for message in (
        {"role": "user", "content": f"How is the filter of machine {number} cleaned?"},
        {"role": "assistant", "content": f"Rinse filter {number} with warm water."},
    )
]
BOOKED = [
    {"role": "user", "content": "Book the room for the 12th, for 14 people."},
    {"role": "assistant", "content": "Booked the room for the 12th."},
]
MOVED = [
    {"role": "user", "content": "Sorry, the room must be for the 13th, and only 8 people."},
    {"role": "assistant", "content": "Moved."},
]
ASKED_LAST = {"role": "user", "content": "When is the room booked, and for how many people?"}


@pytest.mark.parametrize("between", [0, 1, 6])
@pytest.mark.parametrize("budget", range(60, 700, 40))
def test_a_correction_is_kept_with_what_it_takes_back_wherever_that_stands(between: int, budget: int) -> None:
    chat = [*BOOKED, *FILTERS[: 2 * between], *MOVED, *FILTERS[2 * between :], ASKED_LAST]
    try:
        made = compress_messages(compressor(), chat, budget=budget, question=ASKED_LAST["content"])
    except ChatBudgetError:
        return
    said = [message["content"] for message in made.messages]
    assert (BOOKED[0]["content"] in said) == (MOVED[0]["content"] in said)
    assert len(made.messages) == len(chat) or made.kept_tokens <= budget


def test_a_correction_of_the_last_answer_goes_with_that() -> None:
    corrects = {"role": "user", "content": "No, the filter of machine 1."}
    made = [turn.messages for turn in turns([*BOOKED, *FILTERS[:2], corrects, FILTERS[3], *FILTERS[4:6], ASKED_LAST])]
    assert made == [(0, 1), (2, 3, 4, 5), (6, 7), (8,)]
