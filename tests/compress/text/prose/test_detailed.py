"""Entries whose lines say themselves how deep they are."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.detailed import under
from ctxpipe.compress.types import Document, Kind

LINKS = "".join(
    f"{at}: {name}: <UP> mtu {value}0 state UP group default qlen 1000\n"
    f"    link/ether 52:54:00:12:34:0{at} brd ff:ff:ff:ff:ff:ff\n"
    f"    inet 10.0.{at}.{value}/24 scope global {name}\n"
    "       valid_lft forever preferred_lft forever\n"
    for at, (name, value) in enumerate((("amber", 31), ("basalt", 42), ("cobalt", 53)), start=1)
)
FAMILY = "0 HEAD\n1 CHAR UTF-8\n" + "".join(
    f"0 @I{at}@ INDI\n1 NAME {name} /Berg/\n1 BIRT\n2 DATE 3 MAY {year}\n"
    f"1 DEAT\n2 DATE 4 MAY {year + 50}\n2 PLAC Kiel\n"
    for at, (name, year) in enumerate((("Anna", 1831), ("Bela", 1842)))
)
PATIENTS = "".join(
    f"MSH|^~\\&|LAB|{name}|20240401\nPID|1||{name}^J||F\nOBX|1|NM|Iron||{value}|ug/l\nOBX|2|NM|Zinc||{value + 1}|ug/l\n"
    for name, value in (("Berg", 31), ("Holm", 42))
)
STATEMENTS = "".join(
    f":20:START\n:25:7009/{at}\n:61:240410D{value},50NDDT\n:86:166?00Rent?32{name}\n?33 Ltd\n:62F:C240410EUR9,00\n"
    for at, (name, value) in enumerate((("Berg", 31), ("Holm", 42)))
)


def test_details_stand_under_the_line_that_is_indented_less() -> None:
    head = "2: basalt: <UP> mtu 420 state UP group default qlen 1000"
    assert above(LINKS, "inet 10.0.2.42") == [head]
    assert [words.split()[0] for words in above(LINKS, "valid_lft forever")] == ["1:", "inet"]
    assert above(LINKS, "3: cobalt") == []


def test_details_stand_under_the_line_with_the_lower_number() -> None:
    assert above(FAMILY, "4 MAY 1892") == ["0 @I1@ INDI", "1 DEAT"]
    assert above(FAMILY, "1 NAME Bela") == ["0 @I1@ INDI"]


def test_lines_of_messages_stand_under_the_one_that_begins_theirs() -> None:
    assert above(PATIENTS, "Iron||42") == ["MSH|^~\\&|LAB|Holm|20240401"]
    assert above(STATEMENTS, "240410D42") == [":20:START"]
    assert above(STATEMENTS, "?33 Ltd") == [":20:START", ":86:166?00Rent?32Berg"]


POD = """Name:         tides-7d9f
Containers:
  web:
    Image:    harbour/web:2.4
    Limits:
      memory:  512Mi
    State:    Running
  poller:
    Image:    harbour/poller:1.9
    Notes:    Reads the tides of all
              gauges
    Last State:  Terminated
      Reason:    OOMKilled
Events:
  Type     Reason   Age   Message
  Warning  BackOff  2m    Restarting the container poller
  Normal   Pulled   9m    Container image is present
  Normal   Pulled   8m    Container image is present
"""
TREE = """harbour/
├── gate/
│   ├── gate.c
│   └── tests/
│       └── test_gate.c
├── tide/
│   └── tests/
│       └── test_tide.c
└── README.md
"""


def test_values_stand_under_all_keys_that_are_indented_less() -> None:
    assert above(POD, "memory:  512Mi") == ["Containers:", "web:", "Limits:"]
    assert above(POD, "Reason:    OOMKilled") == ["Containers:", "poller:", "Last State:  Terminated"]
    assert above(POD, "gauges") == ["Containers:", "poller:"]  # a value that goes on is one with its key
    titles = "Type     Reason   Age   Message"
    assert above(POD, "Warning  BackOff") == ["Events:", titles]


def test_one_entry_with_keys_below_it() -> None:
    text = "".join(
        f"00:{at}.0 Controller {name}: a long name of a company and of its product\n"
        f"\tSubsystem: Lens\n\tFlags: bus master, fast\n\tDriver in use: d{at}\n\n"
        for at, name in ((1, "amber"), (2, "basalt"))
    )
    assert above(text, "Driver in use: d2") == ["00:2.0 Controller basalt: a long name of a company and of its product"]


def test_parts_that_stand_apart_below_one_line() -> None:
    text = "".join(
        f"eth{at}: flags=4163<UP,BROADCAST,RUNNING>  mtu {at}500\n"
        f"        inet 192.0.2.{at}  netmask 255.255.255.0\n        RX packets {at}33  bytes {at}0331\n\n"
        for at in (1, 2)
    )
    assert above(text, "inet 192.0.2.2") == ["eth2: flags=4163<UP,BROADCAST,RUNNING>  mtu 2500"]


def test_streams_with_data_of_their_own_at_three_depths() -> None:
    text = "Input #0, from 'harbour.mkv':\n" + "".join(
        f"  Stream #0:{at}({name}): Audio: aac (LC), 48000 Hz, stereo\n    Metadata:\n      title      : {name}\n"
        for at, name in enumerate(("eng", "fre"))
    )
    assert [words.split(":")[0] for words in above(text, "title      : fre")] == [
        "Input #0, from 'harbour.mkv'",
        "Stream #0",
        "Metadata",
    ]


def test_indented_rows_below_titles_of_columns_are_rows() -> None:
    text = "PORT     STATE  SERVICE  VERSION\n  22/tcp   open   ssh      9.6\n  443/tcp  open   https    1.24\n"
    made = outline(Document(text=text, source="x"))
    assert [unit.kind for unit in made.units(0, len(text))] == ["row"] * 3


def test_a_value_that_goes_on_has_nothing_below_it() -> None:
    text = "Notes: a value\n  that goes on\n    Depth: three\n  Size: two\nOther: one\n  Weight: nine\n"
    for inside in ("Depth: three", "Size: two"):
        assert above(text, inside) == ["Notes: a value\n  that goes on"]


@pytest.mark.parametrize("kind", ["text", "pdf"])
def test_files_stand_under_the_folders_of_a_tree(kind: Kind) -> None:
    assert above(TREE, "test_tide.c", kind) == ["harbour/", "├── tide/", "│   └── tests/"]
    assert above(TREE, "└── README.md", kind) == ["harbour/"]


@pytest.mark.parametrize(
    ("lines", "indents"),
    [
        (["Berg, A. On the ships of the", "north, and of the south.", "Holm, B. The boats of", "kings."], [0, 4, 0, 4]),
        (["One", "and two", "three", "and four"], [0, 2, 2, 2]),
        (["A", "it is", "B", "it was"], [0, 0, 0, 0]),
        (["2 eggs", "1 cup", "2 eggs", "1 cup"], [0, 0, 0, 0]),
        (["NB| a", "NB| b", "NB| c", "NB| d"], [0, 0, 0, 0]),
        (["Ada: Who goes", "there at night?", "Lund: A keeper", "of the light."], [0, 2, 0, 2]),
    ],
)
def test_other_lines(lines: list[str], indents: list[int]) -> None:
    assert under(lines, indents) == []


def test_what_is_said_of_a_dish_stands_under_it_and_its_price_is_no_page() -> None:
    text = "\n\n".join(
        f"Eel {n} .............. {n},50\n   smoked for {n * 3} days\nBread ............ 2,00" for n in (14, 15)
    )
    assert above(text, "45 days") == ["Eel 15 .............. 15,50"]
    assert not any(u.noise for u in outline(Document(text=text, source="x")).units(0, len(text)))
