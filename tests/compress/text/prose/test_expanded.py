"""What is typed at the prompts of databases, and records with a column on each line."""

from __future__ import annotations

import pytest
from units_support import above, check_units

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind

TYPED = "mysql> SELECT boat, fee FROM dues WHERE pier = 2\\G"
STARS = f"""{TYPED}
************************ 1. row ************************
boat: Gull
note: in the shed,
since May
************************ 2. row ************************
boat: Tern
note: at sea
2 rows in set (0.01 sec)

mysql> SELECT boat FROM sold;
+------+
| boat |
+------+
| Auk  |
+------+
mysql> SELECT boat FROM lent;
+------+
| boat |
+------+
| Ern  |
+------+
"""
DASHES = """-[ RECORD 1 ]----
boat | Gull
note | in the shed,  +
     | since May
-[ RECORD 2 ]----
boat | Tern
note | at sea
"""
TABLE = "port=> select boat from sold;\n boat | fee \n------+-----\n Auk  |  12\n"


def units(text: str) -> list[str]:
    made = outline(Document(text=text, source="x")).units(0, len(text))
    check_units(text, made)
    return [text[u.start : u.end] for u in made]


def test_fields_stand_under_their_record_and_what_was_typed() -> None:
    head = STARS.split("\n")[5]
    assert above(STARS, "note: at sea") == [TYPED, head]
    assert above(STARS, "boat: Gull") == [TYPED, STARS.split("\n")[1]]


@pytest.mark.parametrize("words", ["2 rows in set", "mysql> SELECT boat FROM sold"])
def test_the_number_of_rows_and_the_next_prompt_end_the_last_record(words: str) -> None:
    assert above(STARS, words) == []


@pytest.mark.parametrize(("row", "typed"), [("| Auk", "sold"), ("| Ern", "lent")])
def test_a_result_stands_under_what_was_typed_above_it(row: str, typed: str) -> None:
    assert above(STARS, row)[0] == f"mysql> SELECT boat FROM {typed};"


def test_a_field_over_several_lines_is_one_unit() -> None:
    assert "note: in the shed,\nsince May" in units(STARS)
    assert "note | in the shed,  +\n     | since May" in units(DASHES)
    assert above(DASHES, "at sea") == ["-[ RECORD 2 ]----"]


def test_what_was_typed_on_several_lines_is_one_unit() -> None:
    text = TABLE.replace("select boat from", "select boat\nport-> from")
    assert above(text, "Auk")[0] == "port=> select boat\nport-> from sold;"


def test_results_without_blank_lines_between_them() -> None:
    text = "port=> \\x\nExpanded display is off.\n" + TABLE
    assert above(text, "Expanded") == ["port=> \\x"]
    assert above(text, "Auk")[0] == "port=> select boat from sold;"
    assert above(text, "port=> select") == []


def test_a_prompt_without_a_result_heads_nothing() -> None:
    text = TABLE + "\nport=> \\q\n\nThe boats were sold in May.\n"
    assert above(text, "The boats") == []


@pytest.mark.parametrize(
    "text",
    [
        "name=> Gull\nfee=> 12\npier=> 2\n",
        "The boats > 9 metres\nlie at the pier# 2 of the port.\n",
        "***** 1. rowing *****\nboat: Gull\n",
    ],
)
def test_lines_with_like_signs_are_left_alone(text: str) -> None:
    made = outline(Document(text=text, source="x")).units(0, len(text))
    assert not any(u.kind == "item" or (u.kind == "row" and u.parent >= 0) for u in made)


@pytest.mark.parametrize("kind", ["markdown", "text"])
def test_a_head_without_fields_is_no_record(kind: Kind) -> None:
    text = "-[ RECORD 1 ]----\n\nThe boats were sold.\n"
    assert above(text, "The boats", kind) == []
