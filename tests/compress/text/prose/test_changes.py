"""Change logs, news and diaries: what was changed stands under the version, the date or the commit."""

from __future__ import annotations

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

ABOVE = {
    "debian": (
        "gannet (2.36-9) bookworm; urgency=medium",
        "gannet (2.36-8) bookworm; urgency=low",
        "  * Close the seacock.",
    ),
    "gnu": (
        "2022-02-26  Ada Fenwick  <ada@example.org>",
        "2022-01-03  Tom Reed  <tom@example.org>",
        "\t* hull.c: Mend.",
    ),
    "old gnu": (
        "Thu Jan 22 22:28:35 2015  Ada Fenwick <ada@example.org>",
        "Fri Jul 24 10:16:24 CEST 2009 Tom Reed <tom@example.org>",
        "\t* hull.c: Mend the hull.",
    ),
    "version and name": ("version 1.34 - Ada Fenwick, 2021-02-13", "version 1.33 - Tom Reed, 2020-01-07", "* Mended"),
    "version and date": ("0.2.5 2020-06-01", "0.2.4 2019-01-02", "- the hull no longer leaks"),
    "changes in": ("Changes in 1.2.13 (13 Oct 2022)", "Changes in 1.2.12 (27 Mar 2022)", "- the hull no longer leaks"),
    "changes with": ("CHANGES WITH 252:", "CHANGES WITH 251:", "        * The hull no longer leaks."),
    "v": ("v1.5.4 (Feb 2023)", "v1.5.3 (Jan 2022)", "- the hull no longer leaks"),
    "package": ("gannet 2.2 (2022-03-27)", "gannet 2.1 (2021-01-02)", "* the hull no longer leaks"),
    "from to": ("Changes from version 4.1 to version 4.2:", "Changes from version 4.0 to version 4.1:", "- no leaks"),
    "outline": (
        "* Noteworthy changes in release 9.1 (2022-04-15) [stable]",
        "* Noteworthy changes in release 9.0 (2021-09-24) [stable]",
        "  The hull no longer leaks.",
    ),
    "diary": ("Tuesday, 5 March 2024", "Wednesday, 6 March 2024", "The fee was 28 euros."),
    "log of work": ("2024-03-05 Standup", "2024-03-06 Standup", "Tom mends the pump."),
    "name and date": ("Ada Fenwick (29 Aug 2021)", "Tom Reed (28 May 2021)", "- the hull no longer leaks"),
}


def title(head: str) -> str:
    return " ".join(head.split()).removeprefix("* ")


def trails(text: str) -> dict[str, tuple[str, ...]]:
    """The trail of each unit that is no heading, by its text."""
    made = outline(Document(text=text))
    return {text[u.start : u.end]: made.trail(u) for u in made.units(0, len(text)) if u.kind != "heading"}


@pytest.mark.parametrize("kind", ABOVE)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_was_changed_stands_under_its_head(kind: str, ends: str) -> None:
    first, second, body = ABOVE[kind]
    text = f"{first}\n\n{body}\n\n{second}\n\n  Other words.\n".replace("\n", ends)
    found = trails(text)
    assert found[body.strip()] == (title(first),)
    assert found["Other words."] == (title(second),)


def test_a_commit_with_its_author_and_date_is_the_head_of_its_message() -> None:
    commits = [
        f"commit {digit * 40}\nAuthor: {name}\nDate:   Mon Jun 4 2012\n\n    {said}\n\n"
        for digit, name, said in (("1", "Ada", "Mend the hull."), ("2", "Tom", "Paint the mast."))
    ]
    found = trails("".join(commits))
    assert found["Paint the mast."] == (f"commit {'2' * 40} Author: Tom Date: Mon Jun 4 2012",)


def test_stars_stand_under_fewer_stars_and_under_versions_without() -> None:
    text = (
        "version 1.2 - Ada, 2021-02-13\n\n* Rope\n\nIt is longer.\n\n** Knots\n\nThey hold.\n\n"
        "version 1.1 - Ada, 2020-02-13\n\n* Mast\n\nIt is taller.\n"
    )
    found = trails(text)
    assert found["They hold."] == ("version 1.2 - Ada, 2021-02-13", "Rope", "Knots")
    assert found["It is taller."] == ("version 1.1 - Ada, 2020-02-13", "Mast")


def test_the_name_of_a_maintainer_stands_between_version_and_change() -> None:
    head = "gannet ({}) unstable; urgency=low\n\n  [ {} ]\n  * Mend {}.\n\n -- Ada <a@b.c>  Mon, 02 May 2022\n\n"
    found = trails(head.format("2", "Tom Reed", "the hull") + head.format("1", "Ada Fenwick", "the mast"))
    assert found["* Mend the mast."] == ("gannet (1) unstable; urgency=low", "[ Ada Fenwick ]")


def test_records_with_a_date_each_are_content() -> None:
    text = "Account 4711\n\n2024-03-05 Coffee 3.50\n\n2024-03-06 Mooring 41.00\n\n2024-03-09 Diesel 120.00\n"
    assert {line for line in text.splitlines() if line.startswith("2024")} <= trails(text).keys()


@pytest.mark.parametrize(
    "prose",
    [
        "Linux 5.4 (LTS) was used on all\nof the boats.\n\nLinux 6.1 (LTS) has replaced it on most\nof them.",
        "2024-03-05 10:33:01 started\n2024-03-05 10:34:07 stopped\n\n2024-03-06 10:33:01 started",
        "Version 2.0 is out.\n\nVersion 3.0 will follow in the autumn, with a keel.",
        "Changes in 1.2 (May 2022)\n\nThe only head of its kind is a line of anything.",
    ],
)
def test_what_is_no_head(prose: str) -> None:
    made = outline(Document(text=prose))
    assert not [u for u in made.units(0, len(prose)) if u.kind == "heading" and "Changes" not in u.title]


def test_headings_of_markdown_in_a_text_of_unknown_format() -> None:
    text = "# Harbour\n\nAll fees.\n\n## Cranes\n\nAn hour costs 80 euros.\n"
    assert trails(text)["An hour costs 80 euros."] == ("Harbour", "Cranes")
    comments = "# the port\nport = 80\n\n# the host\nhost = a\n"
    assert not [u for u in outline(Document(text=comments)).units(0, len(comments)) if u.kind == "heading"]


def test_items_with_more_stars_stand_under_items_with_fewer() -> None:
    text = "* Boats\n** below 8 m\n*** a night costs 20\n** above 8 m\n*** a night costs 40\n"
    made = outline(Document(text=text))
    units = made.units(0, len(text))
    above = {unit.start: unit for unit in units}
    last = units[-1]
    assert text[above[last.parent].start :].startswith("** above 8 m")
    assert text[above[above[last.parent].parent].start :].startswith("* Boats")


def above(text: str, at: int) -> list[str]:
    """What the unit at an offset stands under, outermost first."""
    made = outline(Document(text=text, source="x"))
    unit = next(u for u in made.units(0, len(text)) if u.start <= at < u.end)
    return [text[u.start : u.end] for u in reversed(made.chain(unit))]


@pytest.mark.parametrize(
    "days",
    [("Monday", "Tuesday"), ("MONDAY, 4 July", "TUESDAY, 5 July"), ("Montag, 4. Juli:", "Dienstag, 5. Juli:")],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_days_stand_above_what_is_done_on_them(days: tuple[str, str], gap: str) -> None:
    text = "Camp\n\n" + "\n".join(f"{day}{gap}08:00 Breakfast\n09:30 Rowing\n15:00 Tea\n" for day in days)
    assert above(text, text.rindex("09:30 Rowing"))[-1] == days[1]


def test_letters_stand_under_whom_they_address() -> None:
    text = "\n".join(
        f"Dear {name},\n\nI bring {n} eggs.\n\nYours,\nIda\n\n* * *\n" for name, n in (("Jon", 31), ("Kai", 45))
    )
    assert above(text, text.index("I bring 45")) == ["Dear Kai,"]
    once = "Dear Jon,\n\nI bring 31 eggs.\n"
    assert above(once, once.index("I bring")) == []


def test_a_day_in_a_sentence_is_no_heading() -> None:
    text = "We meet on\nMonday\nand rest on\nTuesday\nas agreed. All others row.\n"
    assert above(text, text.index("All others")) == []
