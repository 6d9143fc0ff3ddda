"""Lists whose titles, or what is said of their items, stand between them without a blank line."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.prose.listed import after_items

RELEASES = "".join(
    f"Heron {version}\n---------\nNew features\n  - Feeds of {feed}.\nBug fixes\n  - Login failed {version}.\n"
    f"Upgrade notes\n  Set the pool to {pool}.\n\n"
    for version, feed, pool in (("7.1", "silt", 20), ("7.2", "tides", 35), ("7.3", "winds", 50))
)


@pytest.mark.parametrize(("words", "title"), [("tides", "New features"), ("failed 7.2", "Bug fixes")])
def test_items_stand_under_the_title_right_above_them(words: str, title: str) -> None:
    assert above(RELEASES, words) == ["Heron 7.2\n---------", title]


def test_what_is_indented_below_the_last_title_stands_under_it() -> None:
    assert above(RELEASES, "pool to 35") == ["Heron 7.2\n---------", "Upgrade notes"]


def test_the_answer_below_some_choices_stands_under_the_question() -> None:
    text = "".join(
        f"{n}. Which bird is this?\n   A. Heron {n}\n   B. Gull {n}\n   Answer: B\n   Reason: It laughs {n} times.\n\n"
        for n in (1, 2, 3)
    )
    assert above(text, "Answer: B") == ["1. Which bird is this?"]
    assert above(text, "laughs 2 times")[0] == "2. Which bird is this?"


@pytest.mark.parametrize(
    ("lines", "indents", "ends"),
    [
        (["- herring", "Fish", "- eel", "- cod and pollack"], [0, 0, 0, 0], [1]),
        (["- herring", "Fish:", "- eel"], [2, 0, 2], [1]),
        (["- herring", "goes on", "- eel"], [2, 0, 2], []),
        (["- the herring of the harbour of", "New York", "- eel"], [0, 0, 0], []),
        (["- herring", "They are sold at noon.", "- eel"], [2, 4, 2], []),
        (["- herring", "They are sold at noon.", "- eel"], [0, 0, 0], []),
        (["- herring.", "They are sold at noon."], [2, 0], [1]),
        (["Fish", "- herring", "- eel"], [0, 2, 2], []),
    ],
)
def test_a_line_ends_a_list_if_it_says_something_else(lines: list[str], indents: list[int], ends: list[int]) -> None:
    assert after_items(lines, indents, [line.startswith("- ") for line in lines]) == ends
