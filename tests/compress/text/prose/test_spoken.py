"""Turns of a conversation, logs, and what stands under who speaks."""

from __future__ import annotations

import json

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind


@pytest.mark.parametrize("mark", ["{}:", "**{}**:", "**{}:**", "{}："])
def test_a_turn_of_a_conversation_is_one_unit(mark: str) -> None:
    lines = [(who, f"It costs {n}. It goes up in May.") for who, n in (("Ann", 31), ("Bo", 45), ("Ann", 52), ("Bo", 9))]
    text = "\n\n".join(f"{mark.format(who)} {said}" for who, said in lines)
    made = outline(Document(text=text, source="x", kind="markdown"))
    assert [text[u.start : u.end] for u in made.units(0, len(text))] == text.split("\n\n")


def test_a_paragraph_with_a_colon_is_no_turn() -> None:
    text = "Note: it costs 31. It goes up.\n\nIt costs 45 in May. It goes down.\n"
    assert len(outline(Document(text=text, source="x")).units(0, len(text))) == 4


def test_what_a_message_says_stands_under_its_role() -> None:
    text = json.dumps({"messages": [{"content": "It costs 31. " * 40, "role": role} for role in ("user", "assistant")]})
    document = Document(text=text, source="x", kind="json")
    made = outline(document)
    said = [u for u in made.units(0, len(text)) if u.kind == "sentence"]
    assert any('"role": "user"' in text[a.start : a.end] for a in made.chain(said[0]))
    assert any('"role": "assistant"' in text[a.start : a.end] for a in made.chain(said[-1]))


ASKED = (
    "Ann: What does a mooring in Faro cost?\n\nBo: It costs 54.\n\nCy: And power 5.\n\nAnn: Thanks.\n\nBo: Gladly.\n"
)


def test_answers_stand_under_the_question_until_who_asked_goes_on() -> None:
    assert above(ASKED, "It costs 54") == above(ASKED, "And power") == ["Ann: What does a mooring in Faro cost?"]
    assert above(ASKED, "Thanks") == above(ASKED, "Gladly") == []


@pytest.mark.parametrize(
    "form",
    [
        "Q: {q}\nA: {a}",
        "Q1. {q}\n\nA1. {a}",
        "**{q}** \n\n{a}",
        "[01.05.26, 10:00:00] Ann: {q}\n[01.05.26, 10:01:00] Bo: {a}",
        "5/1/26, 10:00 PM - Ann: {q}\n5/1/26, 10:01 PM - +49 171 1: {a}",
        "[10:00] <ann> {q}\n[10:01] <bo> {a}",
        "{q}\n\n- {a}",
    ],
)
def test_an_answer_brings_its_question(form: str) -> None:
    text = "\n\n".join(form.format(q=f"What costs pier {n}?", a=f"It costs {n * 7} a night.") for n in (3, 4, 5))
    (question,) = above(text, "It costs 28")[-1:]
    assert "What costs pier 4?" in question


def test_of_several_questions_none_stands_under_another() -> None:
    text = "What costs a berth?\n\nWhat costs a crane?\n\nIt costs 54.\n"
    assert above(text, "What costs a crane") == []
    assert above(text, "It costs 54") == ["What costs a crane?"]


def test_what_is_asked_in_quotation_marks_introduces_nothing() -> None:
    text = "He stood still and asked:\n\n“Where is she?”\n\nNobody in the room said a word about it to him.\n"
    assert above(text, "Nobody") == []


@pytest.mark.parametrize("shape", ["{}", '{{"messages": {}}}'])
def test_an_answer_in_json_brings_its_question(shape: str) -> None:
    said = [("user", "What costs Faro?"), ("assistant", "It costs 54."), ("user", "And Lagos?"), ("assistant", "89.")]
    parts = [{"role": role, "content": [{"type": "text", "text": text * 3}]} for role, text in said]
    text = json.dumps({"chats": parts} if shape == "{}" else {"messages": parts}, indent=1)
    assert "And Lagos?" in above(text, '"89.', "json")[-1]
    assert "What costs Faro?" in above(text, "It costs 54", "json")[-1]
    assert "user" not in "".join(above(text, "And Lagos?", "json"))


def test_lines_of_json_that_answer_bring_the_question() -> None:
    said = [("user", "What costs Faro?"), ("assistant", "It costs 54.")]
    text = "\n".join(json.dumps({"type": role, "message": {"content": text}}) for role, text in said)
    assert "What costs Faro?" in above(text, "It costs 54", "json")[-1]


def test_a_time_between_speaker_and_colon_leaves_a_turn_whole() -> None:
    turns = [f"**{who}** [00:0{n}:30]: I do not agree. It is {n * 9}." for n, who in enumerate(("Ann", "Bo") * 2)]
    text = "\n\n".join(turns)
    made = outline(Document(text=text, source="x", kind="markdown"))
    assert [text[u.start : u.end] for u in made.units(0, len(text))] == turns


def test_keys_of_an_address_stand_under_its_first_line() -> None:
    text = "\n\n".join(f"Contact: pier {n}\nPhone: {n * 9}\nHours: 7-{n}" for n in (3, 4, 5))
    assert above(text, "Phone: 36") == above(text, "Hours: 7-4") == ["Contact: pier 4"]


def test_roles_before_a_colon_are_turns() -> None:
    text = "user: What does a mooring in Faro cost?\nassistant: It costs 54. It goes up in May.\n"
    assert above(text, "It goes up") == ["user: What does a mooring in Faro cost?"]


TRACE = """2026-01-01 10:02:00 INFO start
2026-01-01 10:02:01 ERROR [faro] Unhandled
java.lang.IllegalStateException: berth 54 is taken
\tat org.harbour.Faro.assign(Faro.java:54)
Caused by: java.io.IOException: line 17 closed
\t... 3 more
2026-01-01 10:02:02 INFO restarted
"""


def test_a_trace_stands_under_the_line_that_was_logged() -> None:
    for part in ("IllegalState", "at org", "Caused by", "3 more"):
        assert above(TRACE, part) == ["2026-01-01 10:02:01 ERROR [faro] Unhandled"]
    assert above(TRACE, "INFO restarted") == []
    lines = TRACE.strip().split("\n")
    units = outline(Document(text=TRACE, source="x")).units(0, len(TRACE))
    assert [TRACE[u.start : u.end] for u in units] == [line.strip() for line in lines]


def test_minutes_with_times_are_no_traces() -> None:
    text = "10:02:00 We begin and speak of the\nerror of last week.\n10:03:00 We end.\n"
    assert above(text, "error of last week") == []


def test_turns_below_lines_of_speakers_are_told_apart_without_blank_lines() -> None:
    text = "".join(
        f"Ann — 05/1{n}/2026 9:0{n} AM\nWhat costs pier {n}?\nBo — 05/1{n}/2026 10:0{n} PM\n{n * 7} a night (edited)\n"
        for n in (3, 4, 5)
    )
    assert above(text, "28 a night") == [
        "Ann — 05/14/2026 9:04 AM",
        "What costs pier 4?",
        "Bo — 05/14/2026 10:04 PM",
    ]


def test_the_type_of_a_message_is_not_who_sent_it() -> None:
    said = [("U1", "What costs Faro?"), ("U2", "It costs 54."), ("U3", "No, 60 now.")]
    parts = [{"type": "message", "user": user, "text": text, "note": "x" * 90} for user, text in said]
    assert '"U1"' in "".join(above(json.dumps(parts, indent=1), "No, 60 now", "json"))


def test_indented_lines_and_details_of_a_log_stand_under_what_was_logged() -> None:
    text = "".join(
        f"2026-05-1{n} 10:00:00 [12{n}] ERROR:  pier {n} is closed\n"
        f"2026-05-1{n} 10:00:00 [12{n}] DETAIL:  It lacks {n * 9} planks.\n"
        f"2026-05-1{n} 10:00:00 [12{n}] STATEMENT:  UPDATE piers\n\tSET open = {n}\n"
        for n in (3, 4, 5)
    )
    assert above(text, "It lacks 36") == ["2026-05-14 10:00:00 [124] ERROR:  pier 4 is closed"]
    assert "pier 4 is closed" in "".join(above(text, "SET open = 4"))
    assert above(text, "pier 4 is closed") == []


def test_what_is_indented_below_keys_stands_under_the_first_of_them() -> None:
    text = "\n\n".join(
        f"Name:         pier-{n}\nPlace:        Faro\nBerths:\n  north:\n    Depth:  {n} m\n    Ready:  no\n"
        f"Gates:        {n * 9}"
        for n in (3, 4, 5)
    )
    assert above(text, "Depth:  4 m") == ["Name:         pier-4", "Berths:", "north:"]
    assert above(text, "Gates:        36") == ["Name:         pier-4"]
    assert above(text, "Name:         pier-5") == []


FURTHER = """[10:00] Ida: What does the oak oar weigh?
[10:01] Jon: 31 pounds
[10:02] Kai: And the elm oar?
[10:03] Jon: 45 pounds
[10:04] Kai: Who rows today?
"""


def test_a_question_that_goes_on_with_another_stands_under_it() -> None:
    first = "[10:00] Ida: What does the oak oar weigh?"
    assert above(FURTHER, "And the elm") == [first]
    assert above(FURTHER, "45 pounds") == [first, "[10:02] Kai: And the elm oar?"]
    assert above(FURTHER, "Who rows") == []
    later = FURTHER.replace(
        "[10:02] Kai: And", "".join(f"[10:02] Kai: it rains {i}\n" for i in range(5)) + "[10:03] Kai: And"
    )
    assert above(later, "And the elm") == []


def test_short_conversations_stand_under_their_first_turn() -> None:
    talk = "Guest: My {} oar is broken.\nClerk: Is it insured?\nGuest: Yes.\nClerk: We mend it in {} days.\n\n"
    text = talk.format("oak", 31) + talk.format("elm", 45)
    assert above(text, "We mend it in 45")[0] == "Guest: My elm oar is broken."
    assert above(text, "We mend it in 31")[0] == "Guest: My oak oar is broken."


def test_a_turn_stands_under_its_speaker_and_time_on_two_lines() -> None:
    text = "".join(f"{who}\n  10:0{i} AM\nBox {i}. It is shut.\n\n" for i, who in enumerate(("Ida Moss", "Jon Ash")))
    assert above(text, "It is shut") == ["Ida Moss\n  10:00 AM"]
    assert above(text, "Box 1") == ["Jon Ash\n  10:01 AM"]


def test_the_line_of_subtitles_after_a_question_stands_under_it() -> None:
    text = "[00:00:51] What colour is the boat?\n[00:00:53] Grey, I think.\n[00:00:55] All right.\n[00:00:57] Why?\n"
    text += "[00:00:58] And when?\n[00:01:00] At five.\n"
    assert above(text, "Grey") == ["[00:00:51] What colour is the boat?"]
    assert above(text, "All right") == above(text, "And when") == []
    assert above(text, "At five") == ["[00:00:58] And when?"]


EXPORT = "[03-Jun-24 10:04 AM] ann\nis it 54?\nno, 45\n\n[03-Jun-24 10:09 AM] bo#22\nIt is 31. It rises.\n"


def test_lines_of_a_short_message_are_one_unit_under_who_wrote_it() -> None:
    assert above(EXPORT, "no, 45") == above(EXPORT, "is it 54?") == ["[03-Jun-24 10:04 AM] ann"]
    assert above(EXPORT, "It rises") == ["[03-Jun-24 10:09 AM] bo#22"]
    made = outline(Document(text=EXPORT, source="x"))
    assert "is it 54?\nno, 45" in [EXPORT[u.start : u.end] for u in made.units(0, len(EXPORT))]
    log = "[2024-06-03 10:04] started\n[2024-06-03 10:05] stopped\n"
    assert above(log, "[2024-06-03 10:05]") == []


@pytest.mark.parametrize(
    "rule", ["--- Day changed {}", "------ {} ------", "**** BEGIN LOGGING AT {}", "=== {} ===", "--- Log opened {}"]
)
def test_messages_stand_under_the_day_of_a_log(rule: str) -> None:
    days = [rule.format(day) for day in ("Mon Jun 03 2024", "Tue Jun 04 2024")]
    text = "".join(
        f"{day}\n10:01 <ann> It is {fee}.\n10:02 <bo> Good.\n" for day, fee in zip(days, (54, 45), strict=True)
    )
    assert above(text, "10:01 <ann> It is 45") == [days[1]]
    assert above(text, "10:01 <ann> It is 54") == [days[0]]


@pytest.mark.parametrize("kind", ["text", "markdown"])
@pytest.mark.parametrize(
    "post", ["**{}** commented on Jun {}, 2024", "@{} replied {} days ago", "{} Lind added a comment - {}/Jun/24"]
)
def test_what_is_posted_stands_under_who_posted_it(post: str, kind: Kind) -> None:
    posts = [post.format(name, day) for day, name in enumerate(("ann", "bo", "cy"), 3)]
    text = "".join(
        f"{head}\n\nIt is {fee}.\n\n> It is 9.\n\nIt rises.\n\n---\n\n"
        for head, fee in zip(posts, (54, 45, 31), strict=True)
    )
    for fee, head in zip((54, 45, 31), posts, strict=True):
        assert above(text, f"It is {fee}", kind) == [head]
    assert above(text[text.index(posts[2]) - 1 :] + f"\n{posts[0]}\n\nNo.\n", "It rises", kind) == [posts[2]]
    assert above("Ann replied at once.\n\nIt is 54.\n\nBo commented: no.\n\nIt is 45.\n", "It is 45", kind) != [
        "Ann replied at once."
    ]


CHAT = """**User:** What does the Heron weigh?

**Assistant:** The Heron weighs 3 t.

- without engine: 2 t

```sh
weigh heron
```

It floats.

**User:** And the Egret?

**Assistant:** The Egret weighs 5 t.

- without engine: 4 t

It sinks.

## End

All went home.
"""


@pytest.mark.parametrize("kind", ["text", "markdown"])
@pytest.mark.parametrize("bold", ["**", ""])
def test_paragraphs_without_a_name_go_on_with_the_turn_before(bold: str, kind: Kind) -> None:
    text = CHAT.replace("**", bold)
    heron, egret = f"{bold}Assistant:{bold} The Heron weighs 3 t.", f"{bold}Assistant:{bold} The Egret weighs 5 t."
    for words, turn in (("- without engine: 2", heron), ("It floats", heron), ("- without engine: 4", egret)):
        assert above(text, words, kind)[-1] == turn
    assert above(text, "It sinks", kind)[-1] == egret
    assert above(text, "All went home", "markdown") == ["## End"]
    remarks = text.replace("User", "Note").replace("Assistant", "Tip")
    assert above(remarks, "It floats", kind) == []


@pytest.mark.parametrize("prompt", ["$ {}", "ann@quay:~/tide$ {}", "root@quay:/# {}", "PS C:\\Users> {}", "C:\\> {}"])
def test_what_is_printed_stands_under_what_was_typed(prompt: str) -> None:
    typed = [prompt.format(f"berths {town}") for town in ("faro", "lagos")]
    text = "".join(
        f"{line}\nNAME   FEE   DAYS\nheron   {fee}   12\negret   9   10\n\n"
        for line, fee in zip(typed, (54, 45), strict=True)
    )
    assert above(text, "heron   45") == [typed[1], "NAME   FEE   DAYS"]
    assert above(text, "heron   54") == [typed[0], "NAME   FEE   DAYS"]


def test_keys_in_small_letters_stand_under_the_first_of_their_block() -> None:
    text = "".join(
        f"dn: uid={name},ou=quay\nobjectClass: person\nroomNumber: {room}\n\n" for name, room in (("ann", 4), ("bo", 5))
    )
    assert above(text, "roomNumber: 5") == ["dn: uid=bo,ou=quay"]
    assert above(text, "objectClass") == ["dn: uid=ann,ou=quay"]


def test_what_is_indented_below_a_title_stands_under_it() -> None:
    plan = "Query {}: {}\n\n Seq Scan on berths  (cost=0 rows=6)\n   Filter: (fee > 40)\n Planning Time: {} ms\n\n"
    text = plan.format(1, "boats", 54) + plan.format(2, "berths", 45) + "All is done.\n"
    assert above(text, "Planning Time: 45")[0] == "Query 2: berths"
    assert above(text, "Planning Time: 54")[0] == "Query 1: boats"
    assert above(text, "All is done") == []
    assert above("The end.\n\n  It is 54.\n", "It is 54") == []


@pytest.mark.parametrize("head", ["[9:0{} AM] Ann Berg", "[09:0{}] Ann Berg", "00:00:0{} Ann Berg"])
def test_what_is_said_stands_under_a_short_time_and_a_name(head: str) -> None:
    text = "".join(f"{head.format(n)}\nWe dive at pier {n}. It is {n * 4} metres deep.\n\n" for n in (1, 2, 3))
    assert above(text, "8 metres") == [head.format(2)]


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_witness_answers_the_question_above(gap: str) -> None:
    said = [(f"How deep is pier {n}?", f"Some {n * 7} feet,\n    at low water.") for n in (3, 4, 5)]
    text = gap.join(f"Q.  {asked}{gap}A.  {answer}" for asked, answer in said)
    assert above(text, "28 feet") == ["Q.  How deep is pier 4?"]


def test_choices_with_letters_are_items() -> None:
    text = "Which is it?\n\nA. Heron 31\nB. Gull 42\n"
    assert [u.kind for u in outline(Document(text=text, source="x")).units(14, len(text))] == ["item", "item"]
