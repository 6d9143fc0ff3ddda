"""Threads of comments whose heads say who wrote them how long ago."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.prose.posted import posted

THREAD = "How do you dry herring?\n\n" + "".join(
    f"{name} 4 hours ago{foot}\n\n{way}.\n\n  wren 3 hours ago{foot}\n\n  How long does it take?\n\n"
    f"    {name} 2 hours ago{foot}\n\n    {days} days.\n\n"
    for foot in (" | parent | next [–]",)
    for name, way, days in (("ann", "On racks", 31), ("bo_ek", "In smoke", 42), ("cy", "In salt", 53))
)


def test_a_reply_stands_under_the_question_and_the_comment_that_it_is_of() -> None:
    assert above(THREAD, "42 days") == [
        "bo_ek 4 hours ago | parent | next [–]",
        "wren 3 hours ago | parent | next [–]",
        "How long does it take?",
        "bo_ek 2 hours ago | parent | next [–]",
    ]
    assert above(THREAD, "In salt") == ["cy 4 hours ago | parent | next [–]"]


@pytest.mark.parametrize(
    "head",
    [
        "{} 3 years ago",
        "{} 48 points 3 years ago",
        "{} • 1 day ago • edited",
        "u/{} · 3d ago",
        "[–] {} [S] 12 points an hour ago (2 children)",
        "{} [score hidden] 5 minutes ago*",
        "Ann {} | 3 months ago",
    ],
)
def test_comments_are_known_by_their_heads(head: str) -> None:
    names = ("Berg", "Holm")
    text = "\n".join(f"{head.format(name)}\nIt costs {fee}.\n" for name, fee in zip(names, (31, 42), strict=True))
    assert above(text, "costs 42") == [head.format("Holm")]


@pytest.mark.parametrize(
    "line", ["Updated 3 hours ago", "The harbour was built 3 years ago", "Ann left 3 hours ago.", "It was 2 days ago"]
)
def test_what_happened_some_time_ago_is_no_comment(line: str) -> None:
    assert posted(f"{line}\nIt costs 31.\n\n{line}\nIt costs 42.\n") == []
