"""Pages of DokuWiki: more signs are a higher heading, titles of columns stand between carets."""

from __future__ import annotations

import pytest
from units_support import check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

PAGE = """====== Quay ======

===== North =====

^ Berth ^ Depth ^
| N1    | 3.1 m |
^ N2    | 2.4 m |

==== Crane ====

The crane lifts 4 t.

===== South =====

There is no crane.
"""


def trails(text: str) -> dict[str, tuple[str, ...]]:
    made = outline(Document(text=text, source="x"))
    units = made.units(0, len(text))
    check_units(text, units)
    return {text[u.start : u.end]: (*made.trail(u), *(text[slice(*a[:2])] for a in made.chain(u)[:1])) for u in units}


@pytest.mark.parametrize("blank", ["\n\n", "\n"])
def test_more_signs_are_a_higher_heading(blank: str) -> None:
    made = trails(PAGE.replace("\n\n", blank))
    assert made["The crane lifts 4 t."][:-1] == ("Quay", "North", "Crane")
    assert made["There is no crane."][:-1] == ("Quay", "South")


def test_rows_stand_under_the_titles_between_carets() -> None:
    made = trails(PAGE)
    assert made["| N1    | 3.1 m |"] == made["^ N2    | 2.4 m |"] == ("Quay", "North", "^ Berth ^ Depth ^")


def test_two_lines_of_titles_are_one_head() -> None:
    head = "^ Berth ^ Depth ^^\n^       ^ low ^ high ^"
    assert trails(f"{head}\n| N1 | 3.1 m | 4.0 m |\n| N2 | 2.4 m | 3.3 m |\n")["| N2 | 2.4 m | 3.3 m |"] == (head,)


@pytest.mark.parametrize("signs", [(2, 3, 2), (3, 4, 2), (5, 5, 5), (5, 6, 4)])
def test_other_pages_are_read_as_mediawiki(signs: tuple[int, ...]) -> None:
    names = ("Quay", "North", "South")
    marked = zip(signs, names, strict=True)
    text = "\n".join(f"{'=' * n} {name} {'=' * n}\nOf {name} all is said here.\n" for n, name in marked)
    assert trails(text)["Of North all is said here."][-2] == "North"
    above = trails(text)["Of South all is said here."][:-1]
    assert above == ("South",)


@pytest.mark.parametrize("line", ["x ^ y ^ z", "    ^~~~ ^", "^ alone"])
def test_other_lines_with_carets_head_no_table(line: str) -> None:
    text = f"The sum is shown.\n\n{line}\n| N1 | 3.1 m |\n| N2 | 2.4 m |\n"
    units = outline(Document(text=text, source="x")).units(0, len(text))
    assert [text[u.start : u.end] for u in units if u.kind == "row"] == ["| N1 | 3.1 m |", "| N2 | 2.4 m |"]
