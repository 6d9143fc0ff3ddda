"""How high headings stand whose form does not tell it."""

from __future__ import annotations

from units_support import above

ADVERTS = """FOR SALE

BOATS
Dinghy with oars, in good order, 180 euros.

ENGINES
Outboard, four hp, 300 euros.

WANTED

BOATS
Canoe, any condition.

CREW
Cook for the summer.
"""
PAPER = """1 Introduction

Silt closes harbours.

2 Results

2.1 Dredged harbours

There it grew by 2 cm.

References

[1] B. Moore. The dredging of small ports. Quayside Press, Hull, 2021.
[2] C. Okafor. Measuring silt with sound. Proceedings of the Silt Conference, 2022.
"""


def test_a_heading_right_above_another_one_stands_higher() -> None:
    assert above(ADVERTS, "Canoe") == ["WANTED", "BOATS"]
    assert above(ADVERTS, "Dinghy") == ["FOR SALE", "BOATS"]
    assert above(ADVERTS, "Cook") == ["WANTED", "CREW"]


def test_one_heading_without_text_stands_above_nothing() -> None:
    text = "NOTES\n\nFEES\nA berth costs 31 euros.\n\nHOURS\nThe office opens at nine.\n"
    assert above(text, "The office opens") == ["HOURS"]


def test_references_are_no_part_of_the_last_section() -> None:
    assert above(PAPER, "There it grew") == ["2 Results", "2.1 Dredged harbours"]
    assert above(PAPER, "Measuring silt") == ["References"]


def test_a_title_among_numbered_sections_is_a_part_of_the_one_above() -> None:
    text = PAPER.replace("References", "Growth") + "\n3 Discussion\n\nNothing more is known.\n"
    assert above(text, "Measuring silt")[:1] == ["2 Results"]
    assert above(text, "Nothing more") == ["3 Discussion"]
