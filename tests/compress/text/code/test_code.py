"""Chains of code: what a line stands under, in real sources and in made ones."""

from __future__ import annotations

import ast
import json.decoder
import logging
import sysconfig
import textwrap
from pathlib import Path

import pytest
from units_support import chain, check_units, trail

from ctxpipe.compress.text.code import code_units, comment_mark

TWINS = '''
class Ferry:
    """A ferry."""

    def max_speed(self):
        def knots():
            # Slower when loaded.
            return 12
        return knots()


class Tug:
    def max_speed(self):
        return 9
'''


def test_the_same_method_in_two_classes() -> None:
    units = code_units(TWINS, "python")
    assert chain(TWINS, units, "return 9") == ["class Tug:", "def max_speed(self):", "return 9"]
    assert trail(TWINS, units, "return 9") == ["class Tug", "def max_speed(self)"]
    above = ["class Ferry:", "def max_speed(self):", "def knots():"]
    assert chain(TWINS, units, "return 12") == [*above, "return 12"]
    assert chain(TWINS, units, "# Slower") == [*above, "# Slower when loaded."]
    assert chain(TWINS, units, "return knots()") == ["class Ferry:", "def max_speed(self):", "return knots()"]


def test_a_long_docstring_is_cut_by_paragraph_under_its_first() -> None:
    paragraphs = "\n\n".join(f"    Paragraph {i} says {'something ' * 20}of {i}." for i in range(5))
    text = f'def f():\n    """Summary.\n\n{paragraphs}\n    """\n    return 1\n'
    units = code_units(text, "python")
    check_units(text, units)
    kept = chain(text, units, "Paragraph 3")
    assert kept[:2] == ["def f():", '"""Summary.']
    assert kept[2].startswith("Paragraph 3")
    assert kept[2].endswith("of 3.")
    summary = next(unit for unit in units if text[unit.start : unit.end].strip() == '"""Summary.')
    assert text[summary.close : summary.close_end].strip() == '"""'


def test_a_short_string_a_call_and_a_literal_are_one_unit() -> None:
    text = textwrap.dedent('''
        x = """one

        two"""
        parser.add_argument(
            "--speed",
            help="knots",
        )
        SHIPS = {
            "Heron": 12,
            "Ibis": 9,
        }
    ''')
    assert len(code_units(text, "python")) == 3


def test_a_long_literal_is_its_members() -> None:
    ships = "".join(
        f'    "Ship {i}": {{\n        "speed": {i},\n        "note": "{"n" * 300}",\n    }},\n' for i in range(9)
    )
    text = f"SHIPS = {{\n{ships}}}\n"
    units = code_units(text, "python")
    check_units(text, units)
    assert chain(text, units, '"speed": 7') == ["SHIPS = {", '"Ship 7": {', '"speed": 7,']
    assert trail(text, units, '"speed": 7') == ["SHIPS", "Ship 7"]


@pytest.mark.parametrize("module", [json.decoder, logging, ast, textwrap, sysconfig])
def test_the_standard_library_stands_under_its_own_classes_and_functions(module: object) -> None:
    path = Path(str(getattr(module, "__file__")))  # noqa: B009 - every module here has one
    text = path.read_text(encoding="utf-8")
    units = code_units(text, "python")
    check_units(text, units)
    lines = text.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    by_start = {unit.start: unit for unit in units}
    checked = 0
    for name, line, above in _definitions(text):
        at = offsets[line - 1]
        unit = next(u for u in units if u.start <= at < u.end)
        assert name in unit.title
        names = []
        while unit.parent >= 0:
            unit = by_start[unit.parent]
            names.append(unit.title)
        named = [title for title in reversed(names) if title.startswith(("class ", "def ", "async def "))]
        assert len(named) == len(above)
        assert all(f" {one}" in title for one, title in zip(above, named, strict=True))
        checked += 1
    assert checked > 5


def _definitions(text: str) -> list[tuple[str, int, list[str]]]:
    """Name, line and what is around it, of each definition over several lines, by Python's own parser."""
    found: list[tuple[str, int, list[str]]] = []
    todo: list[tuple[ast.AST, list[str]]] = [(ast.parse(text), [])]
    while todo:
        node, above = todo.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                if child.body[0].lineno > child.lineno:
                    found.append((child.name, child.lineno, above))
                todo.append((child, [*above, child.name]))
            else:
                todo.append((child, above))
    return found


def test_a_header_of_c_that_holds_classes_is_read_as_cpp() -> None:
    text = "class Ferry {\npublic:\n  int speed() {\n    return 12;\n  }\n};\n"
    assert chain(text, code_units(text, "c"), "return 12") == [
        "class Ferry {",
        "public:",
        "int speed() {",
        "return 12;",
    ]


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_statements_stand_under_the_label_above_them(language: str) -> None:
    text = (
        "int moor(int pier)\n{\n    if (pier < 0)\n        goto fail;\n    switch (pier) {\n    case 1:\n"
        "        fee = 10;\n        break;\n    }\n    return 0;\n\nundo:\n    untie(pier);\n    ropes += 5;\n"
        "    if (ropes > 9) {\n        coil();\n    }\nfail: log(pier);\n    return -7;\n}\n\nint free_berths = 4;\n"
    )
    units = code_units(text, language)
    check_units(text, units)
    head = "int moor(int pier)\n{"
    assert chain(text, units, "untie") == [head, "undo:", "untie(pier);"]
    assert chain(text, units, "ropes += 5") == [head, "undo:", "ropes += 5;"]
    assert chain(text, units, "coil")[:-1] == [head, "undo:", "if (ropes > 9) {"]
    assert chain(text, units, "return -7") == [head, "fail: log(pier);", "return -7;"]
    assert chain(text, units, "return 0") == [head, "return 0;"]
    assert chain(text, units, "fee = 10")[-2] == "case 1:"
    assert chain(text, units, "free_berths") == ["int free_berths = 4;"]


def test_the_label_of_a_loop_stays_with_the_loop() -> None:
    text = "class A {\n  void f() {\n    outer:\n    for (;;) {\n      break outer;\n    }\n    g();\n  }\n}\n"
    units = code_units(text, "java")
    assert chain(text, units, "g();")[:-1] == ["class A {", "void f() {"]


def test_brackets_stay_balanced_whatever_is_kept() -> None:
    text = "if (a) {\n  f();\n} else if (b) {\n  g();\n} else { h(); }\n"
    units = code_units(text, "js")
    check_units(text, units)
    first = units[0]
    assert text[first.close : first.close_end] == "}"
    assert [text[u.start : u.end].strip() for u in units if u.parent == first.start] == [
        "f();",
        "} else if (b) {",
        "} else { h();",
    ]


@pytest.mark.parametrize(
    ("language", "mark"),
    [
        ("python", "# …"),
        ("JavaScript", "// …"),
        ("sql", "-- …"),
        ("xml", "<!-- … -->"),
        ("erlang", "% …"),
        ("elisp", "; …"),
        ("css", "/* … */"),
        ("", "…"),
        ("unheard-of", "…"),
    ],
)
def test_comment_mark(language: str, mark: str) -> None:
    assert comment_mark(language) == mark
