"""Address cards: properties that say one thing."""

from __future__ import annotations

from units_support import check_units

from ctxpipe.compress.text.code import code_units

CARD = """BEGIN:VCARD
FN:Ola Berg
item1.TEL;TYPE=CELL:+47 900
item1.X-ABLabel:On call
 , nights
item2.EMAIL:ola@pier.example
ITEM2.X-ABLabel:Office
TEL:+47 901
item1.X-NOTE:not in June
END:VCARD
BEGIN:VCARD
FN:Kari Lund
item1.TEL:+47 777
END:VCARD
"""


def units_of(text: str) -> dict[str, str]:
    """Each unit and what it stands under."""
    units = code_units(text, "vobject")
    check_units(text, units)
    shown = {unit.start: text[unit.start : unit.end] for unit in units}
    return {shown[unit.start]: shown.get(unit.parent, "") for unit in units}


def test_properties_of_one_group_are_one_unit() -> None:
    units = units_of(CARD)
    number = "item1.TEL;TYPE=CELL:+47 900\nitem1.X-ABLabel:On call\n , nights"
    assert number in units
    assert "item2.EMAIL:ola@pier.example\nITEM2.X-ABLabel:Office" in units
    assert "TEL:+47 901" in units
    assert units["item1.X-NOTE:not in June"] == number


def test_a_group_ends_with_its_card() -> None:
    assert units_of(CARD)["item1.TEL:+47 777"] != units_of(CARD)["item1.X-NOTE:not in June"]


def test_values_with_a_stop_and_calendars_have_no_groups() -> None:
    card = "BEGIN:VCARD\nFN:Ola\nURL:a.b:1\nURL:a.b:2\nEND:VCARD\n"
    calendar = "BEGIN:VEVENT\nSUMMARY:Tide\nx.A:1\nx.B:2\nEND:VEVENT\n"
    assert {"URL:a.b:1", "URL:a.b:2"} < set(units_of(card))
    assert {"x.A:1", "x.B:2"} < set(units_of(calendar))
