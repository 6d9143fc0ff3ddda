"""Mail that answers between quoted lines: each answer stands under what it answers."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

WROTE = "On Tue, 21 May 2024, Jo Price wrote:"
INLINE = f"""{WROTE}
> How wide is the gate? It sticks.

Two metres. Three with the post.

It opens inwards.

> What does the latch cost?
14 crowns.

Best, Ann
"""


@pytest.mark.parametrize("text", [INLINE, INLINE.replace("\n", "\r\n")])
def test_an_answer_stands_under_the_question_that_is_quoted_above_it(text: str) -> None:
    assert above(text, "Three with") == above(text, "It opens inwards") == [WROTE, "How wide is the gate?"]
    assert above(text, "14 crowns") == [WROTE, "What does the latch cost?"]
    assert above(text, "What does the latch") == [WROTE]
    assert above(text, "Best, Ann") == []


def test_between_quotations_also_what_answers_no_question_stands_under_it() -> None:
    text = f"{WROTE}\n> The gate sticks.\n\nOil it.\n\n> The latch is loose.\n\nSince Monday.\n"
    assert above(text, "Oil it") == [WROTE, "The gate sticks."]
    assert above(text, "Since Monday") == []


@pytest.mark.parametrize(
    "text",
    [
        f"{WROTE}\n> The gate sticks.\n\nI see.\n\nOn Mon, 20 May 2024, Ed Kell wrote:\n> Oil the gate.\n",
        f"{WROTE}\n> Does it stick?\n>\n> Best, Jo\n\nI see.\n",
        f"{WROTE}\n> On Mon, 20 May 2024, Ed Kell wrote:\n>> Does it stick?\n\nI see.\n",
        f"{WROTE}\n> Does it stick?\n\n--\nI see.\n",
        f"{WROTE}\n> Does it stick?\n\n# Gates\n\nI see.\n",
    ],
)
def test_what_answers_nothing_that_is_quoted_stands_under_no_quotation(text: str) -> None:
    assert not any("stick" in words for words in above(text, "I see"))


def test_a_block_quotation_of_a_page_asks_nothing_of_the_paragraph_below() -> None:
    text = "Gates are old.\n\n> Does it stick?\n\nI see many of them.\n\n> Oil it.\n\nThen rest.\n"
    assert above(text, "I see", "markdown") == []


def items(text: str) -> list[str]:
    return [text[unit.start : unit.end] for unit in outline(Document(text=text, source="x")).units(0, len(text))]


def test_a_quoted_question_keeps_its_number() -> None:
    text = "> 1. Does the gate stick?\n> 2) What does a latch cost\n> 3. Who pays?\n\nJo.\n"
    asked = ["> 1. Does the gate stick?", "> 2) What does a latch cost", "> 3. Who pays?"]
    assert items(text) == [*asked, "Jo."]
    assert above(text, "Jo.") == ["3. Who pays?"]


def test_a_number_at_the_end_of_a_quoted_sentence_begins_no_item() -> None:
    text = "> The limit of the gate is\n> 90. It may rise in June.\n"
    assert items(text) == ["> The limit of the gate is\n> 90.", "It may rise in June."]
