"""Chats with models that were written down under headings: what answers stands under what is asked."""

from __future__ import annotations

import pytest
from units_support import above


@pytest.mark.parametrize(
    ("asks", "answers"),
    [("### User", "### Assistant"), ("## Prompt:", "## Response:"), ("#### You:", "#### ChatGPT:"), ("# Q", "# R")],
)
def test_an_answer_stands_under_the_question_above_it(asks: str, answers: str) -> None:
    text = "".join(
        f"{asks}\nHow long is the {name} rope?\n\n{answers}\nIt is {length} m long.\n\nIt is made of hemp{length}.\n\n"
        for name, length in (("amber", 31), ("basalt", 42))
    )
    asked = [asks, "How long is the basalt rope?"] if asks != "# Q" else []
    assert above(text, "It is 42", "markdown") == [*asked, answers]
    assert above(text, "hemp42", "markdown") == [*asked, answers]
    assert above(text, "How long is the basalt", "markdown") == [asks]


def test_an_answer_below_an_empty_question_stands_alone() -> None:
    assert above("## User\n\n## Assistant\n\nIt is old.\n", "It is old", "markdown") == ["## Assistant"]
