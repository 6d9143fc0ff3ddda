"""Titles and questions that paragraphs begin with, and lines right above lists."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

DOSES = """Adults
The dose is 10 mg once a day. Your doctor may raise
it to 40 mg.

Adolescents (12 to 17 years)
The dose is 5 mg once a day. Do not exceed 20 mg.
"""


@pytest.mark.parametrize("kind", ["text", "markdown", "html", "pdf"])
def test_a_paragraph_stands_under_the_short_line_it_begins_with(kind: Kind) -> None:
    assert above(DOSES, "Your doctor", kind) == ["Adults"]
    assert above(DOSES, "Do not exceed", kind) == ["Adolescents (12 to 17 years)"]
    made = outline(Document(text=DOSES, source="x", kind=kind))
    assert (
        "Adults"
        not in Pipeline(rank="bm25")
        .compress(Document(text=DOSES, source="x", kind=kind), question="Which adults?", budget=6)
        .text.split("\n")[-1:]
    )
    assert made.trail(made.units(0, len(DOSES))[1]) == ("Adults",)


@pytest.mark.parametrize(
    "text",
    [
        "We meet on\nMonday\nand rest on\nTuesday\nas agreed. All others row.\n",
        "Yours\nAnna Berg of the harbour\n",
        "The ship that lies at the northern pier of\nFaro is old. It leaks.\n",
        "first of all\nThe ship that lies at the pier is old. It leaks.\n",
        "The ship is built to sail with\nMarconi radios, and leaks. It is old and lies far out.\n",
        '"May I row?" asked Bo. He took the oars and left. Nobody answered.\n',
    ],
)
def test_other_short_lines_are_no_titles(text: str) -> None:
    made = outline(Document(text=text, source="x"))
    assert all(unit.parent < 0 for unit in made.units(0, len(text)))


@pytest.mark.parametrize(
    "text",
    [
        "May I row?\nOnly on Sundays. Pay first.\n\nMay I fish?\nNever. Ask Bo.\n",
        "**May I row?** Only on Sundays. Pay first.\n\n**May I fish?** Never. Ask Bo.\n",
        "May I row? Only on Sundays.\nPay first.\n\nMay I fish? Never. Ask\nBo.\n",
        "今天可以划船吗？Only on Sundays. Pay first.\n\n今天可以钓鱼吗？Never. Ask Bo.\n",
    ],
)
@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_an_answer_stands_under_the_question_before_it(text: str, kind: Kind) -> None:
    paragraphs = text.split("\n\n")
    for words, paragraph in (("Pay first", paragraphs[0]), ("Ask", paragraphs[1])):
        (question,) = above(text, words, kind)
        assert paragraph.startswith(question)
        assert "?" in question.replace("？", "?")


LEAFLET = """Do not take it
- if you have a fever.

Warnings
Talk to your doctor before you take it
- if you have asthma,
- if you row.

Keep it dry. Tell a friend, or whoever is
nearest to you, before
- a long journey,
- an operation.

It is red.
- It is round.

=====
- It is square.
- It is blue.

Do not eat
-it.
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("- if you have a fever", ["Do not take it"]),
        ("- if you have asthma", ["Warnings", "Talk to your doctor before you take it"]),
        ("- if you row", ["Warnings", "Talk to your doctor before you take it"]),
        ("- an operation", ["Tell a friend, or whoever is\nnearest to you, before"]),
        ("- It is round", []),
        ("- It is blue", []),
    ],
)
def test_items_stand_under_what_is_right_above_them(words: str, expected: list[str]) -> None:
    assert above(LEAFLET, words) == above(LEAFLET, words, "markdown") == expected


def test_what_two_short_lines_say_of_a_list_below_a_blank_line_introduces_it() -> None:
    text = "Warnings\nTalk to your doctor before\n\n- a journey\n- a race\n"
    assert above(text, "- a race") == ["Warnings\nTalk to your doctor before"]


@pytest.mark.parametrize("budget", [30, 40, 60])
def test_a_kept_item_brings_the_line_that_says_what_holds_for_it(budget: int) -> None:
    kept = Pipeline(rank="bm25").compress(
        Document(text=LEAFLET, source="x"), question="May I take it if I have asthma?", budget=budget
    )
    before = kept.text[: kept.text.index("asthma")]
    assert before.rindex("Talk to your doctor") > before.rfind("Do not take it")


def test_a_line_that_only_looks_like_an_item_is_none() -> None:
    text = "Bring these\n**rope** and tar\n\nKeep it\n-54 is the depth\n"
    made = outline(Document(text=text, source="x"))
    assert len(made.units(0, len(text))) == 2


PRICES = "PRICES\n\n" + "\n\n".join(
    f"{name} Series\nCable, 2 m ......... {value}.00 EUR\nPlug .... {value + 1}.50 EUR\n"
    f"Socket . . . . {value + 2}.90 EUR"
    for name, value in (("Amber", 31), ("Basalt", 42))
)


def test_prices_behind_dots_are_lines_under_the_title_right_above_them() -> None:
    structure = outline(Document(text=PRICES, source="x"))
    lines = [PRICES[u.start : u.end] for u in structure.units(0, len(PRICES)) if u.kind == "record"]
    assert len(lines) == 6
    for line in lines[3:]:
        assert above(PRICES, line) == ["PRICES", "Basalt Series"]


def test_dots_that_lead_nowhere_make_no_lines() -> None:
    text = "He waited ...\nand waited, and the ship ...\nIt came at last.\n"
    assert not any(u.kind == "record" for u in outline(Document(text=text, source="x")).units(0, len(text)))


def test_a_title_that_ends_in_etc_heads_its_list() -> None:
    text = "Ropes & Anchors\n\n * Ropes.\n\nEngines, Internal Repairs, Support of Builders etc.\n\n * Oil is new.\n"
    assert above(text, "Oil is new") == ["Engines, Internal Repairs, Support of Builders etc."]


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Abstract.", "Abstract. We measured silt in nine harbours. It grows by four cm a year.\n"),
        ("Lemma 2.1.", "Lemma 2.1. Every tide ends. It then begins anew.\n"),
        ("FOURTH.", "FOURTH. I give my house to the mission. It must not be sold.\n"),
    ],
)
def test_a_paragraph_stands_under_the_word_that_says_what_it_is(label: str, text: str) -> None:
    assert above(text, "It ") == [label]
    kept = Pipeline(rank="bm25").compress(Document(text=text, source="x"), question="What of it?", budget=8)
    assert not kept.text.rstrip(" …\n").endswith(label)


def test_a_title_and_a_sentence_right_above_a_table() -> None:
    text = "".join(
        f"Scan report for {name}\nHost is up (0.{at}20s latency).\nPORT     STATE  SERVICE  VERSION\n"
        f"22/tcp   open   ssh      OpenSSH 9.{at}\n443/tcp  open   https    nginx 1.2{at}.0\n\n"
        for at, name in enumerate(("gate", "tide"), start=2)
    )
    assert above(text, "OpenSSH 9.3")[0] == "Scan report for tide"
    assert above(text, "Host is up (0.3") == ["Scan report for tide"]


def test_a_sentence_over_two_lines_above_a_table_stays_whole() -> None:
    sentence = "The values of all pumps that were tried are shown\nbelow, by size."
    text = f"{sentence}\nNAME     HEAD  FLOW\nP-200    12    20\nP-300    18    32\n"
    start, end, *_ = outline(Document(text=text, source="x")).units(0, 10)[0]
    assert text[start:end] == sentence


def test_what_a_glossary_explains_stands_above_all_that_is_said_of_it() -> None:
    words = (("Berth", 7), ("Demurrage (d)", 18), ("Lay time", 92))
    text = "\n\n".join(f"{word}. A charge at the pier. The rate is {rate} dollars." for word, rate in words)
    assert above(text, "92 dollars") == ["Lay time."]
    prose = "\n\n".join(["It was dark. We came home late. Nobody was there."] * 5)
    assert above(f"Yes. We came. It was {7} feet.\n\n{prose}", "7 feet") == []
    names = "\n\n".join(
        f"{name} of Mr. Hale sold {n} boats. It is closed." for n, name in enumerate(("Yard", "Pier", "Inn"))
    )
    assert above(names, "It is closed") == []


@pytest.mark.parametrize("kind", ["text", "html"])
def test_each_of_several_questions_stands_above_its_answer(kind: Kind) -> None:
    text = "".join(
        f"Do you take {what}?\nYes, from {n} euros on.\n" for what, n in (("cards", 7), ("dogs", 18), ("cheques", 92))
    )
    assert above(text, "18 euros", kind) == ["Do you take dogs?"]
    assert above("We asked. Is it\nwell? It is\nnot. Why?\nNobody knows.\n", "Nobody knows") == []


STOCK = """OARS
Ash        41.00
Pine       22.00
Elm        31.00

ROPES (price per metre)
Hemp        3.10
Jute        2.20
"""


def test_a_title_in_capitals_with_a_bracket_is_beside_others_in_capitals() -> None:
    assert above(STOCK, "Jute") == ["ROPES (price per metre)"]


def test_capitals_with_a_bracket_alone_are_no_heading() -> None:
    text = "The pier is shut.\n\nDO NOT ENTER (see the map)\nThe boats lie in the other port.\n\nAsk at the gate.\n"
    assert above(text, "Ask at") == []
