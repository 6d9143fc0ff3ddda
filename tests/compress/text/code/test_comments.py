"""A comment comes with the statement below it, and stands under what that stands under."""

from __future__ import annotations

import pytest
from units_support import check_units

from ctxpipe.compress.text.code import code_units, subject
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

PYTHON = """\
# reads the tide table
import tides

# a lone remark

class Lock:
    # why the gate waits
    gate = 3
    if gate:
        # nothing to do
        pass
    # the end
"""
YAML = "- name: sluice\n  # in metres\n  depth: 4\n# the new one\n- name: weir\n  depth: 2\n"
SCRIPT = "/** Opens a gate. */\nfunction open(gate) {\n  // twice\n  turn(gate);\n}\n"


def said(text: str, language: str) -> list[tuple[str, str, str]]:
    """Each comment, what it leans on and what it stands under."""
    document = Document(text=text, kind="code", language=language)
    structure = outline(document)
    found = []
    for unit in structure.units(0, len(text)):
        words = text[unit.start : unit.end].strip()
        if words.startswith(("#", "//", "/*")):
            about = structure.leant_on(unit)
            above = structure.chain(unit)
            found.append(
                (
                    words,
                    text[about.start : about.end].strip() if about else "",
                    text[above[0].start : above[0].end].strip() if above else "",
                )
            )
    return found


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            PYTHON,
            "python",
            [
                ("# reads the tide table", "import tides", ""),
                ("# a lone remark", "", ""),
                ("# why the gate waits", "gate = 3", "class Lock:"),
                ("# nothing to do", "pass", "if gate:"),
                ("# the end", "", "class Lock:"),
            ],
        ),
        (
            YAML,
            "yaml",
            [("# in metres", "depth: 4", "- name: sluice"), ("# the new one", "- name: weir", "")],
        ),
        (
            SCRIPT,
            "js",
            [
                ("/** Opens a gate. */", "function open(gate) {", ""),
                ("// twice", "turn(gate);", "function open(gate) {"),
            ],
        ),
    ],
    ids=["python", "yaml", "js"],
)
def test_a_comment_is_about_the_line_below_it(text: str, language: str, expected: list[tuple[str, str, str]]) -> None:
    assert said(text, language) == expected
    assert said(text.replace("\n", "\r\n"), language) == expected


@pytest.mark.parametrize(
    ("language", "below"),
    [("graphql", "type Gull implements Ship {\n  load: Int\n}"), ("julia", "function gull(s)\n  1\nend")],
)
def test_a_description_is_one_unit_about_what_is_below_it(language: str, below: str) -> None:
    text = f'type Tern {{\n  load: Int\n}}\n\n"""\nA ship that sails.\n\nIt is not for ice.\n"""\n{below}\n'
    units = code_units(text, language)
    check_units(text, units)
    described = next(index for index, unit in enumerate(units) if text[unit.start] == '"')
    assert text[units[described].start : units[described].end].endswith('ice.\n"""')
    about = subject(text, units, described, language)
    assert about is not None
    assert text[about.start : about.end] == below.partition("\n")[0]


def test_a_description_that_is_not_closed_ends_no_run() -> None:
    text = '"""\nA ship\ntype Gull {\n  load: Int\n}\n'
    check_units(text, code_units(text, "graphql"))


DESCRIBED = '''\
SIZE, STEP = 200, 8
"""Most tokens."""
NAMES: dict[str, int] = {
    "a": 1,
}
"""Numbers of names."""
class Lock:
    """Keeps water."""
    port: int
    """Where it listens."""
    def open(self):
        """Opens it."""
"""A lone remark."""
WIDTH = 3

"""Another one."""
'''


def test_a_string_below_an_assignment_stands_under_it() -> None:
    made = outline(Document(text=DESCRIBED, kind="code", language="python", source="x"))
    found = {}
    for unit in made.units(0, len(DESCRIBED)):
        words = DESCRIBED[unit.start : unit.end].strip()
        if words.startswith('"""'):
            above = made.chain(unit)
            found[words.strip('".')] = DESCRIBED[above[0].start :].split("\n")[0].strip() if above else ""
    assert found == {
        "Most tokens": "SIZE, STEP = 200, 8",
        "Numbers of names": "NAMES: dict[str, int] = {",
        "Keeps water": "class Lock:",
        "Where it listens": "port: int",
        "Opens it": "def open(self):",
        "A lone remark": "",
        "Another one": "",
    }
