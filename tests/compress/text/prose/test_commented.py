"""Settings that are read as text: lines stand under the comments above them."""

from __future__ import annotations

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.commented import Commented, commented
from ctxpipe.compress.types import Document

CRON = "# back up volume 1\n1 5 * * * root /usr/bin/copy b3\n# back up volume 2\n2 6 * * * root /usr/bin/copy b6\n"


@pytest.mark.parametrize("between", ["", "\n"])
def test_a_line_stands_under_the_comment_above_it(between: str) -> None:
    text = CRON.replace("b3\n", f"b3\n{between}")
    made = outline(Document(text=text, source="crontab"))
    units = made.units(0, len(text))
    line = next(u for u in units if text.startswith("2 6", u.start))
    assert [text[u.start : u.end] for u in made.chain(line)] == ["# back up volume 2"]
    assert "".join("".join(text[u.start : u.end] for u in units).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["# a", "x", "y"], [Commented(0, 1, 3)]),
        (["# a", "# b", "x", "; c", "y"], [Commented(0, 2, 3), Commented(3, 4, 5)]),
        (["# a", "x", "# b"], [Commented(0, 1, 2), Commented(2, 3, 3)]),
        (["# a", "# b"], []),
        (["x", "# a", "y"], []),
        (["#1 is", "x"], []),
    ],
)
def test_comments_and_what_is_below_them(lines: list[str], found: list[Commented]) -> None:
    assert commented(lines) == found
