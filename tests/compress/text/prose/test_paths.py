"""Files that were put one below the other: the line with the name of each stands above what it holds."""

from __future__ import annotations

import pytest
from units_support import above

LINES = [
    "# /etc/{}.conf",
    "# File: {}.conf",
    "// conf/{}.conf",
    "==> /etc/{}.conf <==",
    "--- conf/{}.conf ---",
    "conf/{}.conf:",
    "conf/{}.conf",
    "`conf/{}.conf`",
    "File: {}.conf",
    "C:\\conf\\{}.conf",
    "================\nFile: conf/{}.conf\n================",
]


@pytest.mark.parametrize("line", LINES)
def test_sections_stand_under_the_path_of_their_file(line: str) -> None:
    text = "\n".join(
        f"{line.format(name)}\n[Unit]\nAfter=network\n\n[Service]\nLimit={value}\n"
        for name, value in (("amber", 31), ("basalt", 42), ("cobalt", 53))
    )
    assert above(text, "Limit=42") == [line.format("basalt"), "[Service]"]
    assert above(text, "[Unit]") == [line.format("amber")]


@pytest.mark.parametrize(
    "text",
    [
        "See also:\n\nsrc/a.py\n\nsrc/b.py\n\nAll is well.\n",  # a list
        "src/a.py\n\nIt begins.\n\nsrc/a.py\n\nAll is well.\n",  # the same again
        "and/or\n\nIt begins.\n\neither/or\n\nAll is well.\n",  # no file
        "src/a.py\n\nAll is well.\n",  # one alone
    ],
)
def test_other_lines_with_paths_head_nothing(text: str) -> None:
    assert not any("/" in words for words in above(text, "All is well"))


@pytest.mark.parametrize("line", ["**{}**", "`{}`", "**{}**\n"])
def test_code_stands_under_the_name_right_above_it(line: str) -> None:
    text = "".join(f"{line.format(name)}\n```python\nlimit = {name[-1]}\n```\n\n" for name in ("rate 1", "rate 2"))
    assert above(text, "limit = 2", "markdown")[0] == line.format("rate 2").strip()


def test_paths_with_indented_definitions_are_terms() -> None:
    text = (
        "Tools of the harbour\n====================\n\n"
        "/usr/bin/berth\n    Shows which berths are free.\n\n/usr/bin/tide\n    Shows when the water is high.\n"
    )
    assert above(text, "when the water") == ["Tools of the harbour\n====================", "/usr/bin/tide"]
