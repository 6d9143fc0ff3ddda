"""Stanzas of keys whose values go on in indented lines, and lists of words or pairs of words."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

BOATS = (
    "Boat: Petrel\n      also called Old Petrel\nOwner: Anna Gull\n       Ben Tern\nBerth: 14\n\n"
    "Boat: Curlew\nOwner: Cora Skua,\n  who lives abroad\nBerth: 27\n\n"
    "Boat: Dunlin\nOwner: Dora Rail,\n  and her brother\nOwner: the town\nBerth: 33\n"
)
PAIRS = (
    "gull/herring birds/white\nauk/small x/black\ntern/arctic birds/white\nrail/water birds/brown\nskua/great x/dark\n"
)


def units(text: str) -> list[str]:
    """The texts of all units."""
    return [text[unit.start : unit.end] for unit in outline(Document(text=text)).units(0, len(text))]


@pytest.mark.parametrize(
    ("words", "head"),
    [
        ("Berth: 14", "Boat: Petrel\n      also called Old Petrel"),
        ("Berth: 27", "Boat: Curlew"),
        ("Owner: Cora", "Boat: Curlew"),
        ("Owner: the town", "Boat: Dunlin"),
    ],
)
def test_keys_of_a_stanza_stand_under_its_first(words: str, head: str) -> None:
    assert above(BOATS, words) == [head]


def test_a_value_that_goes_on_is_whole() -> None:
    assert "Owner: Anna Gull\n       Ben Tern" in units(BOATS)


def test_keys_with_other_keys_below_them_are_no_stanza() -> None:
    text = "\n".join(
        f"Boat: {name}\nBerth:\n  Number: {n}\n  Side: port\n" for n, name in enumerate(("Petrel", "Dunlin"))
    )
    assert above(text, "Number: 1") == ["Boat: Dunlin", "Berth:"]


def test_a_trace_is_no_stanza() -> None:
    text = "".join(
        f'Traceback (most recent call last):\n  File "{n}.py"\nValueError: {n}\n\n' for n in ("hull", "mast")
    )
    assert above(text, "ValueError: mast") != ["Traceback (most recent call last):"]


@pytest.mark.parametrize("text", [PAIRS, "herring\ntern\nrail\nskua\nauk\n"])
def test_lines_of_as_few_words_are_a_list(text: str) -> None:
    assert units(text) == text.splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "港の管理者は朝の六時に\n門を開けて夜の十時に閉め\nる。雨の日には門は閉じた\nままで船は出ない。風の強\nい日にも船は出ない。\n",
        "A keeper\nlights up\nthe lamps\nand sings\nat night.\n",
    ],
)
def test_filled_lines_of_as_few_words_are_no_list(text: str) -> None:
    assert units(text) != text.splitlines()


def test_lines_with_tabs_in_them_are_rows_though_their_columns_differ() -> None:
    text = "imap\t\t143/tcp\t\timap2\t# mail\nhttps\t443/tcp\nntp\t\t123/udp\t\t\t# time\nsftp\t115/tcp\n"
    assert units(text) == text.splitlines()
