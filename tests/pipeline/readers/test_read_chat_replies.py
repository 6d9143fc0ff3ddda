"""Chat exports: whom a message answers, who wrote what is forwarded, and what programs post."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load


def loaded(data: object) -> Document:
    return load(json.dumps(data).encode(), source="export.json", name="export.json")


def discord(*messages: dict[str, Any]) -> Document:
    listed = [
        {"id": str(n), "timestamp": f"2026-03-02T09:1{n}:00", "author": {"name": "ann"}, **message}
        for n, message in enumerate(messages)
    ]
    return loaded({"channel": {"name": "piers"}, "messages": listed})


def slack(*messages: dict[str, Any]) -> Document:
    return loaded([{"text": "", "ts": f"177244278{n}.000100", **message} for n, message in enumerate(messages)])


def telegram(*messages: dict[str, Any]) -> Document:
    listed = [{"id": n, "type": "message", "date": f"2026-03-02T09:1{n}:00", **m} for n, m in enumerate(messages)]
    return loaded({"name": "Piers", "messages": listed})


def parents(document: Document) -> dict[str, str]:
    """What each message stands under, both by their last words."""
    text = document.text
    units = {unit.start: unit for unit in outline(document).units(0, len(text)) if unit.kind == "record"}
    last = {start: text[unit.start : unit.end].split()[-1] for start, unit in units.items()}
    return {last[start]: last.get(unit.parent, "") for start, unit in units.items()}


FIRST, SECOND = "What does the east pier cost?", "How deep is the west pier, roughly, in June? Mine is at nine."
CROSSED = [
    telegram(
        {"from": "Ann", "text": FIRST},
        {"from": "Bo", "text": SECOND},
        {"from": "Cy", "text": "54 crowns", "reply_to_message_id": 0},
        {"from": "Di", "text": "4 metres", "reply_to_message_id": 1},
    ),
    discord(
        {"author": {"name": "Ann"}, "content": FIRST},
        {"author": {"name": "Bo"}, "content": SECOND},
        {"author": {"name": "Cy"}, "content": "54 crowns", "reference": {"messageId": "0"}},
        {"author": {"name": "Di"}, "content": "4 metres", "reference": {"messageId": "1"}},
    ),
    slack(
        {"user": "U1", "text": FIRST, "thread_ts": "1772442780.000100", "user_profile": {"real_name": "Ann"}},
        {"user": "U2", "text": SECOND, "user_profile": {"real_name": "Bo"}},
        {"user": "U3", "text": "54 crowns", "thread_ts": "1772442780.000100", "user_profile": {"real_name": "Cy"}},
        {"user": "U4", "text": "4 metres", "thread_ts": "1772442781.000100", "user_profile": {"real_name": "Di"}},
    ),
]


@pytest.mark.parametrize("document", CROSSED)
def test_an_answer_says_which_message_it_answers_and_stands_under_it(document: Document) -> None:
    assert 'Cy (to Ann: "What does the east pier cost?"): 54 crowns' in document.text
    assert 'Di (to Bo: "How deep is the west pier, roughly, in June? Mine is at…"): 4 metres' in document.text
    above = parents(document)
    assert (above["crowns"], above["metres"]) == ("cost?", "nine.")


def test_an_answer_to_what_is_no_question_stands_under_no_other_one() -> None:
    document = telegram(
        {"from": "Ann", "text": 'The "east" pier is closed'},
        {"from": "Bo", "text": "Who has the key?"},
        {"from": "Cy", "text": "Since when?", "reply_to_message_id": 0},
        {"from": "Bo", "text": "Monday", "reply_to_message_id": 2},
    )
    assert "Cy (to Ann: \"The 'east' pier is closed\"): Since when?" in document.text
    assert parents(document) == {"closed": "", "key?": "", "when?": "", "Monday": "when?"}


def test_an_answer_to_a_message_of_another_file_says_whom_it_answers_where_that_is_known() -> None:
    said = {"user": "U1", "text": "The pier?", "user_profile": {"real_name": "Ann"}}
    answer = {"user": "U2", "text": "54", "thread_ts": "1772440000.000100", "parent_user_id": "U1"}
    assert slack(said, answer).text.endswith('U2 (to Ann: "…"): 54')
    assert slack(said, {**answer, "parent_user_id": "U9"}).text.endswith("U2: 54")
    far = {"from": "Bo", "text": "54", "reply_to_message_id": 0, "reply_to_peer_id": "channel9"}
    assert telegram({"from": "Ann", "text": "The pier?"}, far).text.endswith("Bo: 54")


def test_messages_without_a_mark_answer_the_question_above() -> None:
    document = telegram({"from": "Ann", "text": FIRST}, {"from": "Bo (at sea)", "text": "54 crowns"})
    assert parents(document)["crowns"] == "cost?"


def test_what_is_forwarded_says_who_wrote_it() -> None:
    text = telegram({"from": "Ann", "text": "I leave in June", "forwarded_from": "Bo Berg"}).text
    assert text.endswith("Ann (forwarded from Bo Berg): I leave in June")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            {"attachments": [{"title": "Pump 3", "text": "is off", "fallback": "Pump 3 is off"}]},
            "Guard: Pump 3: is off",
        ),
        ({"attachments": [{"fallback": "Pump 3 is off"}]}, "Guard: Pump 3 is off"),
        (
            {"text": "Alarm", "attachments": [{"fields": [{"title": "Pump", "value": "3"}, {"value": "off"}]}]},
            "Guard: Alarm Pump: 3; off",
        ),
        (
            {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Pump &gt; 3"}}, {"type": "divider"}]},
            "Guard: Pump > 3",
        ),
        (
            {
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [{"elements": [{"type": "text", "text": "Pump "}, {"type": "text", "text": "3"}]}],
                    }
                ]
            },
            "Guard: Pump 3",
        ),
        (
            {"text": "see it", "attachments": [{"from_url": "https://x.example", "title": "A page"}]},
            "Guard: see it",
        ),
        ({"text": "on", "blocks": [{"type": "section", "text": {"text": "on"}}]}, "Guard: on"),
        ({"text": "on", "username": None, "bot_profile": {"name": "Pumps"}}, "Pumps: on"),
    ],
)
def test_what_a_program_posts_in_slack(message: dict[str, Any], line: str) -> None:
    document = slack({"user": "U1", "text": "Is it on?"}, {"username": "Guard", "bot_id": "B1", **message})
    assert document.text.splitlines()[1].partition("] ")[2] == line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            {"embeds": [{"title": "Pumps", "description": "Off", "fields": [{"name": "Since", "value": "4:30"}]}]},
            "ann: Pumps: Off; Since: 4:30",
        ),
        ({"content": "Look", "embeds": [{"title": "Pumps", "url": "https://x.example/p"}]}, "ann: Look Pumps"),
        ({"content": "https://x.example/p", "embeds": [{"url": "https://x.example/p", "title": "P"}]}, None),
        ({"embeds": [3, {"fields": [4, {}]}], "content": "Hi"}, "ann: Hi"),
    ],
)
def test_what_a_program_posts_in_discord(message: dict[str, Any], line: str | None) -> None:
    text = discord({"content": "", **message}).text
    assert text.endswith(f"] {line or 'ann: https://x.example/p'}")


def test_blocks_of_any_depth_are_read_in_linear_time() -> None:
    block: dict[str, Any] = {"type": "section", "text": "x"}
    for _ in range(300):
        block = {"type": "section", "elements": [block]}
    assert slack({"user": "U1", "text": "Hi"}, {"blocks": [block]}).text.endswith("U1: Hi")
