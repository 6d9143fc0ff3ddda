"""HTML: items of ordered lists have the numbers that a browser shows."""

from __future__ import annotations

import pytest

from ctxpipe.pipeline.readers.load import load


def shown(page: str) -> list[str]:
    text = load(page.encode(), source="page.html", name="page.html").text
    return [line for line in text.split("\n") if line]


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("<ol><li>ketch<li>yawl</ol>", ["1. ketch", "2. yawl"]),
        ("<ol start=14><li>ketch<li value=16>yawl<li>sloop</ol>", ["14. ketch", "16. yawl", "17. sloop"]),
        ("<ol type=a><li>ketch<li>yawl</ol>", ["a. ketch", "b. yawl"]),
        ("<ol type=A start=26><li>ketch<li>yawl</ol>", ["Z. ketch", "AA. yawl"]),
        ("<ol type=i start=3><li>ketch<li>yawl</ol>", ["iii. ketch", "iv. yawl"]),
        ("<ol type=I start=1994><li>ketch</ol>", ["MCMXCIV. ketch"]),
        ("<ol reversed><li>ketch<li>yawl</ol>", ["2. ketch", "1. yawl"]),
        ("<ol type=a start=0><li>ketch</ol>", ["0. ketch"]),
        ("<ol type=i start=5000><li>ketch</ol>", ["5000. ketch"]),
        ("<ol start=99999999999><li value=x>ketch</ol>", ["1. ketch"]),
        ("<ol type=a><li>ketch<ul><li>old</ul></ol>", ["a. ketch", "  - old"]),
    ],
)
def test_items_have_the_numbers_that_a_browser_shows(page: str, lines: list[str]) -> None:
    assert shown(page) == lines
