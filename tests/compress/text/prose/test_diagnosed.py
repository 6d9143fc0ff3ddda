"""What compilers say: each error whole, under what includes it."""

from __future__ import annotations

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.diagnosed import diagnosed, is_excerpt
from ctxpipe.compress.types import Document

INCLUDED = "In file included from src/hull.c:1:"
WARNING = """src/hull.h:31:5: warning: 'keel_old' is deprecated
   31 |     keel_old();
      |     ^~~~~~~~"""
ERROR = """src/hull.c:47:9: error: too few arguments to 'keel'
   47 |     keel(1);
      |     ^~~~
src/hull.h:3:6: note: declared here
    3 | int keel(int, int);"""
RUST = """error[E0308]: mismatched types
  --> hull/src/lib.rs:47:17
   |
47 |     let keel: u32 = "oak";
   |                     ^^^^^ expected `u32`"""


def units(text: str) -> dict[str, list[str]]:
    """Each unit, with what it stands under, nearest first."""
    made = outline(Document(text=text, source="build.log"))
    found = made.units(0, len(text))
    return {text[u.start : u.end].strip(): [text[a.start : a.end] for a in made.chain(u)] for u in found}


def test_an_error_is_whole_with_its_source_line_and_note() -> None:
    found = units(f"{INCLUDED}\n{WARNING}\n{ERROR}\nmake: *** [hull] Error 1\n")
    assert list(found) == [INCLUDED, WARNING, ERROR, "make: *** [hull] Error 1"]
    assert found[WARNING] == [INCLUDED]
    assert found[ERROR] == []


def test_source_lines_with_bars_are_no_table() -> None:
    text = f"   Compiling hull v0.5.0\n{RUST}\n   Compiling mast v0.6.0\n{RUST.replace('hull', 'mast')}\n"
    assert list(units(text))[:3] == ["Compiling hull v0.5.0", RUST, "Compiling mast v0.6.0"]
    assert is_excerpt(RUST.split("\n")[2:])
    assert not is_excerpt(["  1 | oak", "  2 | elm"])
    assert not is_excerpt(["| No | Wood |", "|  1 | oak  |"])


def test_a_long_error_is_its_lines_under_the_first() -> None:
    lines = [f"{i:5d} |     keel({i});" for i in range(40)]
    text = "\n".join(["src/hull.c:47:9: error: too many keels", *lines, "      |     ^~~~", WARNING]) + "\n"
    found = units(text)
    assert found["7 |     keel(7);"] == ["src/hull.c:47:9: error: too many keels"]
    assert found[WARNING] == []


def test_the_line_that_names_the_function_heads_the_errors_in_it() -> None:
    push, wait = "src/hull.c: In function 'push':", "src/hull.c: At top level:"
    second = "src/hull.c:90:1: warning: 'mast' defined but not used"
    third = "src/sail.c:3:1: error: unknown type name 'reef'"
    found = units(
        "\n".join([push, ERROR, WARNING, wait, second, third, "cc1: all warnings being treated as errors"]) + "\n"
    )
    assert list(found) == [push, ERROR, WARNING, wait, second, third, "cc1: all warnings being treated as errors"]
    assert found[ERROR] == [push]
    assert found[WARNING] == []
    assert found[second] == [wait]
    assert found[third] == []


def test_how_a_place_was_reached_heads_the_error_there() -> None:
    included = "In file included from src/mast.h:3,\n                 from src/hull.cpp:1:"
    inlined = "In function 'void reef(char*)',\n    inlined from 'int main()' at src/hull.cpp:7:12:"
    made = "src/hull.cpp: In instantiation of 'T twice(T) [with T = Keel]':\nsrc/hull.cpp:20:14:   required from here"
    error = "src/hull.cpp:5:12: error: no match for 'operator+'"
    found = units("\n".join([included, inlined, WARNING, made, error]) + "\n")
    assert found[WARNING] == [inlined, included]
    assert found[error] == [made]


def test_what_only_sounds_like_a_function_is_part_of_the_error() -> None:
    note = "In the harbour: see the notes"
    assert f"{ERROR}\n{note}" in units(f"{ERROR}\n{note}\n{WARNING}\n")


@pytest.mark.parametrize(
    "lines",
    [
        ["error: the pump leaks", "warning: so does the mast"],
        ["At 10:31 note that the tide turns", "and so do we"],
        ["src/hull.c:47: keel", "src/mast.c:31: mast"],
    ],
)
def test_other_lines_are_left_alone(lines: list[str]) -> None:
    assert diagnosed(lines) == []
