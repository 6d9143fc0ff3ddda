"""Names in code alone above a list and a paragraph head both; examples in code head nothing."""

from __future__ import annotations

import pytest
from units_support import above

EVENTS = "## Boats\n\n" + "\n\n".join(
    f"`boat.{name}`\n\n* `boat` {{Boat}}\n\nEmitted when a boat {said}."
    for name, said in (("in", "comes"), ("out", "goes"))
)


def test_a_name_heads_its_list_and_the_paragraph_below_it() -> None:
    assert above(EVENTS, "Emitted when a boat goes", "markdown") == ["## Boats", "`boat.out`"]
    assert above(EVENTS, "* `boat` {Boat}", "markdown")[:2] == ["## Boats", "`boat.in`"]


@pytest.mark.parametrize(
    "text",
    [
        "## Start\n\nRun:\n\n`moor`\n\nThen wait. Run:\n\n`leave`\n\nThe rope is loose.",
        "## Start\n\n`moor --now`\n\nThen wait.\n\n`leave --now`\n\nThe rope is loose.",
        "## Start\n\n`moor`\n\n`leave`\n\nThe rope is loose.",
        "## Start\n\n`moor`\n\nThe rope is loose.",
    ],
)
def test_examples_and_lists_of_names_head_nothing(text: str) -> None:
    assert above(text, "The rope is loose", "markdown") == ["## Start"]
