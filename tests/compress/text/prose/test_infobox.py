"""Articles of a wiki: templates with facts, and headings with spaces between their signs."""

from __future__ import annotations

import pytest
from units_support import above, check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.infobox import infoboxes
from ctxpipe.compress.types import Document

ARTICLES = "".join(
    f"= {name} =\n{{{{Infobox ship\n| image = {name}.png\n| name = {name}\n| launched = {{{{start date|19{n}}}}}\n"
    f"| crew = {n} men,\n  in two watches\n}}}}\n'''{name}''' sails.\n\n== Service ==\nShe costs {n * 3} a day.\n\n"
    for name, n in (("Auk", 31), ("Brant", 42), ("Crake", 53))
)


def test_facts_stand_under_the_box_and_the_name_in_it() -> None:
    assert above(ARTICLES, "crew = 42") == ["= Brant =", "{{Infobox ship", "| name = Brant"]
    assert above(ARTICLES, "Brant.png") == ["= Brant =", "{{Infobox ship"]
    assert above(ARTICLES, "costs 126") == ["= Brant =", "== Service =="]
    made = outline(Document(text=ARTICLES, source="x"))
    check_units(ARTICLES, made.units(0, len(ARTICLES)))
    row = next(u for u in made.units(0, len(ARTICLES)) if "42 men" in ARTICLES[u.start : u.end])
    assert ARTICLES[row.start : row.end] == "| crew = 42 men,\n  in two watches"
    assert made.trail(row) == ("Brant", "Brant")


@pytest.mark.parametrize(
    "text", ["{{Infobox\n| a = 1\n", "{{ value\n| upper }}", "{{Short|Ferry}}\n| a | b |\n", "{{a\n}}"]
)
def test_what_is_no_whole_template_over_lines_is_none(text: str) -> None:
    assert not list(infoboxes(text))


def test_headings_with_spaces_between_their_signs_are_known() -> None:
    text = "".join(
        f" = {name} = \n\n {name} sails . \n\n = = Service = = \n\n She costs {n} a day . \n\n"
        for name, n in (("Auk", 31), ("Brant", 42))
    )
    assert above(text, "costs 42") == ["= Brant =", "= = Service = ="]
