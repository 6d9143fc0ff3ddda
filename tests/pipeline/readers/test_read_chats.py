"""Chat exports: one message a line with time and speaker; any other JSON or text stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.chats import chat_document, joined_messages
from ctxpipe.pipeline.readers.load import load


def loaded(data: object, name: str = "export.json") -> Document:
    text = data if isinstance(data, str) else json.dumps(data)
    return load(text.encode(), source=name, name=name)


SLACK: list[dict[str, Any]] = [
    {"type": "message", "subtype": "channel_join", "user": "U1", "text": "<@U1> has joined", "ts": "1772442720.000100"},
    {
        "type": "message",
        "user": "U1",
        "text": "The pump is &lt;new&gt;\nand red, <@U2>",
        "ts": "1772442780.000200",
        "user_profile": {"real_name": "Ann Lee"},
    },
    {
        "type": "message",
        "user": "U2",
        "text": "see <https://example.org|here>",
        "ts": "1772442840.000300",
        "files": [{"name": "a.pdf"}],
    },
    {"type": "message", "bot_id": "B7", "text": "built", "ts": "1772442900.000300"},
]
TELEGRAM = {
    "name": "Harbour",
    "messages": [
        {"id": 1, "type": "service", "date": "2026-03-02T09:12:00", "actor": "Ann", "action": "create_group"},
        {
            "id": 2,
            "type": "message",
            "date": "2026-03-02T09:13:00",
            "from": "Ann Lee",
            "text": ["The ", {"type": "bold", "text": "pump"}, " is red"],
        },
        {"id": 3, "type": "message", "date": "2026-03-02T09:14:00", "from": None, "text": "", "photo": "a.jpg"},
    ],
}
DISCORD = {
    "channel": {"name": "piers"},
    "messages": [
        {
            "timestamp": "2026-03-02T09:13:00.000+00:00",
            "content": "Hi",
            "author": {"name": "ann"},
            "attachments": [{"fileName": "a.pdf"}],
        }
    ],
}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            SLACK,
            "[2026-03-02 09:13 UTC] Ann Lee: The pump is <new> and red, @U2\n"
            "[2026-03-02 09:14 UTC] U2: see here (https://example.org) [file: a.pdf]\n[2026-03-02 09:15 UTC] B7: built",
        ),
        (TELEGRAM, "Harbour\n\n[2026-03-02 09:13] Ann Lee: The pump is red\n[2026-03-02 09:14] unknown: [photo]"),
        (
            {"chats": {"list": [TELEGRAM]}},
            "Harbour\n\n[2026-03-02 09:13] Ann Lee: The pump is red\n[2026-03-02 09:14] unknown: [photo]",
        ),
        (DISCORD, "piers\n\n[2026-03-02 09:13] ann: Hi [file: a.pdf]"),
    ],
)
def test_exports_in_json(data: object, expected: str) -> None:
    found = loaded(data)
    assert (found.kind, found.title, found.text) == ("text", "export", expected)


def test_each_message_is_a_unit() -> None:
    messages = [
        {"user": "U1", "text": f"Pier {i} costs {50 + i} crowns. That is final.", "ts": f"17724427{i:02}.000100"}
        for i in range(40)
    ]
    document = loaded(messages)
    assert [unit.kind for unit in outline(document).units(0, len(document.text))] == ["record"] * 40
    kept = Pipeline(rank="bm25").compress(document, question="What does pier 17 cost?", budget=50).text
    assert "U1: Pier 17 costs 67 crowns. That is final." in kept


@pytest.mark.parametrize(
    "data",
    [
        {"messages": [{"role": "user", "content": "Hi"}]},
        [{"role": "user", "content": "Hi", "ts": "1772442720.000100", "text": "x"}],
        {"messages": []},
        {"messages": ["a", 1]},
        [{"ts": 1, "text": "x"}],
        {"channel": {}, "messages": [{"timestamp": 3}]},
    ],
)
def test_other_json_stays_as_it_is(data: object) -> None:
    found = loaded(data)
    assert (found.kind, found.text) == ("json", json.dumps(data))


WHATSAPP = (
    "[01.03.26, 08:00:12] Ann: where is everybody\n[01.03.26, 08:01:12] Bo: the list:\n- rope\n\n- paint\n"
    "\u200e[01.03.26, 08:02:12] Cy: ok\n"
)


@pytest.mark.parametrize(
    "text",
    [
        WHATSAPP,
        WHATSAPP.replace("\n", "\r\n"),
        WHATSAPP.replace("[01.03.26, ", "3/1/26, ").replace(":12]", " AM -"),
        WHATSAPP.replace("[01.03.26, ", "01/03/2026, ").replace(":12]", " -"),
    ],
)
def test_messages_of_several_lines_in_a_text_export_are_one(text: str) -> None:
    found = loaded(text, "chat.txt").text
    assert len(found) == len(text)
    lines = found.splitlines()
    assert len(lines) == 3
    assert " ".join(lines[1].split()).endswith("Bo: the list: - rope - paint")


def test_text_with_dates_that_is_no_chat_stays_as_it_is() -> None:
    text = "A diary.\n" + WHATSAPP
    assert loaded(text, "chat.txt").text == text
    assert loaded(WHATSAPP, "chat.md").text == WHATSAPP


@given(st.text())
def test_joining_keeps_length_and_words(text: str) -> None:
    for whole in (text, WHATSAPP + text):
        joined = joined_messages(whole)
        assert len(joined) == len(whole)
        assert joined.split() == whole.split()


@given(
    st.recursive(
        st.none() | st.integers() | st.sampled_from(["1772442720.000100", "message", "x"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from("ts text user messages channel chats list type date from author content".split()), inner
            )
        ),
        max_leaves=15,
    )
)
def test_any_json_gives_messages_or_nothing(value: object) -> None:
    found = chat_document(json.dumps({"messages": [value]}), source="x"), chat_document(json.dumps([value]), source="x")
    assert all(document is None or document.text for document in found)


def chatgpt(**more: object) -> list[dict[str, Any]]:
    said = [("system", ""), ("user", "What is the fee?"), ("assistant", "It is 31."), ("assistant", "It is 45.")]
    parents = [None, "0", "1", "1"]
    mapping = {
        str(n): {
            "message": {"author": {"role": role}, "create_time": 1772442780, "content": {"parts": [text]}},
            "parent": parents[n],
        }
        for n, (role, text) in enumerate(said)
    }
    return [{"title": "Fees", "mapping": {"root": {"message": None}, **mapping}, **more}]


def test_an_export_of_chatgpt_is_its_conversations_along_the_branch_last_open() -> None:
    document = loaded(chatgpt(current_node="3"))
    when = "[2026-03-02 09:13 UTC]"
    assert document.text == f"Fees\n\n{when} user: What is the fee?\n{when} assistant: It is 45."
    assert "It is 31." in loaded(chatgpt()).text


@pytest.mark.parametrize("nodes", [{"a": 1}, {"a": {"message": {"author": 3}}}, {}])
def test_other_json_with_a_mapping_stays_as_it_is(nodes: object) -> None:
    assert loaded([{"mapping": nodes, "title": "x"}]).kind == "json"


def test_a_branch_that_turns_back_on_itself_ends() -> None:
    data = chatgpt(current_node="3")
    data[0]["mapping"]["1"]["parent"] = "3"
    assert "It is 45." in loaded(data).text


TELEGRAM = (
    '<div class="page_header"><div class="content"><div class="text bold">\nCranes\n</div></div></div>'
    '<div class="message service" id="message-1"><div class="body details">1 April 2024</div></div>'
    '<div class="message default clearfix" id="message1"><div class="userpic"><div class="initials">A</div></div>'
    '<div class="body"><div class="pull_right date details" title="01.04.2024 10:30:00 UTC+01:00">10:30</div>'
    '<div class="from_name">\nAnna\n</div><div class="text">Ours lifts<br><b>31 tons</b></div></div></div>'
    '<div class="message default clearfix joined" id="message2"><div class="body">'
    '<div class="pull_right date details" title="01.04.2024 10:31:00 UTC+01:00">10:31</div><div class="media_wrap">'
    '<a class="media"><div class="title bold">plan.pdf</div></a></div><div class="text">See the plan</div></div></div>'
)
DISCORD = (
    "<div class=preamble><div class=preamble__entry>Port</div><div class=preamble__entry>Cranes</div></div>"
    "<div class=chatlog__message-group><div class=chatlog__message-container><div class=chatlog__message>"
    '<div class=chatlog__header><span class=chatlog__author title="a#1">Anna</span>'
    '<span class=chatlog__timestamp title="Monday, April 1, 2024 10:30 AM">04/01/2024 10:30 AM</span></div>'
    "<div class='chatlog__content chatlog__markdown'>Ours lifts 31 tons</div></div></div>"
    "<div class=chatlog__message-container><div class=chatlog__message>"
    "<div class='chatlog__content chatlog__markdown'>I think</div></div></div></div>"
)


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        (
            TELEGRAM,
            ["[2024-04-01 10:30] Anna: Ours lifts 31 tons", "[2024-04-01 10:31] Anna: See the plan [file: plan.pdf]"],
        ),
        (DISCORD, ["[04/01/2024 10:30 AM] Anna: Ours lifts 31 tons", "[04/01/2024 10:30 AM] Anna: I think"]),
    ],
)
def test_exports_as_pages(page: str, lines: list[str]) -> None:
    document = load(f"<html><body>{page}</body></html>".encode(), source="messages.html", name="messages.html")
    assert document.text.split("\n") == ["Cranes", "", *lines]
    assert [document.text[start:end] for start, end, _ in document.headings] == ["Cranes"]


def test_a_page_about_messages_is_no_chat() -> None:
    page = "<html><body><p>Set the class from_name in chatlog__message.</p></body></html>"
    assert load(page.encode(), source="a.html", name="a.html").kind == "html"


def test_a_chat_with_names_on_lines_of_their_own_keeps_its_lines() -> None:
    text = "".join(f"[14/02/2025 09:1{n}] {name}\nThe pump is red.\n\n" for n, name in enumerate(("ann", "bo", "cy")))
    assert joined_messages(text) == text
