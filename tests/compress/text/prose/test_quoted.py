"""Quoted lines of messages stand under who wrote them."""

from __future__ import annotations

import pytest
from units_support import above, check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

REPLY = """It is 45 now.

On Monday, Bo wrote:
> It is 31, right?
>
> On Sunday, Cy wrote:
>> What is the fee?

Best, Ann
"""


@pytest.mark.parametrize("text", [REPLY, REPLY.replace("wrote:\n", "wrote:\n\n", 1), REPLY.replace("\n", "\r\n")])
def test_quoted_lines_stand_under_who_wrote_them(text: str) -> None:
    assert above(text, "It is 31") == ["On Monday, Bo wrote:"]
    assert above(text, "What is the fee") == ["On Sunday, Cy wrote:"]
    assert above(text, "It is 45") == []
    assert above(text, "Best, Ann") == []


OFFERS = """From: Ann
Subject: offers

See below.

> From: Bo
> Sent: Monday
>
> It is 54. It rises.
>
> -----Original Message-----
> From: Cy
> Sent: Sunday
>
> It is 45. It falls.
"""


def test_what_a_quoted_message_says_stands_under_its_own_head() -> None:
    assert above(OFFERS, "See below") == ["From: Ann\nSubject: offers"]
    assert above(OFFERS, "It rises") == ["From: Bo\n> Sent: Monday"]
    assert above(OFFERS, "It falls") == ["From: Cy\n> Sent: Sunday"]
    answered = OFFERS.replace("> From: Bo\n> Sent: Monday\n", "On Tuesday, Bo wrote:\n")
    assert above(answered, "It rises") == ["From: Ann\nSubject: offers", "On Tuesday, Bo wrote:"]
    assert above(answered, "It falls")[-1] == "From: Cy\n> Sent: Sunday"


def test_every_character_of_a_reply_is_in_one_unit() -> None:
    units = outline(Document(text=REPLY, source="x")).units(0, len(REPLY))
    assert "".join("".join(REPLY[u.start : u.end] for u in units).split()) == "".join(REPLY.split())


@pytest.mark.parametrize("kind", ["text", "pdf"])
def test_a_line_that_goes_on_behind_a_title_is_set_down_once_above_a_quotation(kind: Kind) -> None:
    text = "Terms of the harbour.\n\n3.1 Definitions. In this agreement\n> a berth is a place for a boat.\n"
    check_units(text, outline(Document(text=text, kind=kind)).units(0, len(text)))
