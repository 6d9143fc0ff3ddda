"""Lists of contents in text are noise, and their lines are no headings."""

from __future__ import annotations

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.contents import contents
from ctxpipe.compress.text.unit import Unit
from ctxpipe.compress.types import Document

CHAPTERS = ("Moorings", "Fees and when they are due", "Closing hours", "Complaints", "Keys", "Lost property")
LISTED = "\n".join(f"{number}. {title}" for number, title in enumerate(CHAPTERS, start=1))
TOLD = "\n\n".join(
    f"Chapter {number}. {title}\n\nWhat is said of {title.lower()} in this guide is said here, once and for all boats."
    for number, title in enumerate(CHAPTERS, start=1)
)
PAGE = "# Guide\n\n{}\n\n" + "\n\n".join(f"## {title}\n\nWhat is said of it." for title in CHAPTERS)


def chain(text: str, words: str, kind: str = "text") -> tuple[Unit, list[str]]:
    """The unit that holds some words, and what it stands under, nearest first."""
    made = outline(Document(text=text, source="x", kind=kind))  # type: ignore[arg-type]
    unit = next(unit for unit in made.units(0, len(text)) if words in text[unit.start : unit.end])
    return unit, [text[above.start : above.end] for above in made.chain(unit)]


def test_the_contents_of_a_text_are_noise_and_head_nothing() -> None:
    text = f"Guide to the harbour\n\nTable of Contents\n\n{LISTED}\n\n{TOLD}\n"
    assert [text[a:b] for a, b in contents(text, marked=True)] == [f"Table of Contents\n\n{LISTED}"]
    assert chain(text, "Closing hours")[0].noise
    told, above = chain(text, "said of closing hours")
    assert not told.noise
    assert above == ["Chapter 3. Closing hours"]


def test_entries_may_be_wrapped_and_lead_to_pages() -> None:
    wrapped = LISTED.replace("and when", "\n   and when")
    paged = "\n".join(f"{line} ........ {page}" for page, line in enumerate(wrapped.split("\n"), start=3))
    text = f"Contents\n{paged}\n\n{TOLD}\n"
    assert [text[a:b] for a, b in contents(text, marked=True)] == [f"Contents\n{paged}"]


def test_a_list_of_links_to_headings_is_noise() -> None:
    links = "\n".join(f"- [{title}](#{title.lower()})" for title in CHAPTERS)
    text = PAGE.format(links)
    assert [text[a:b] for a, b in contents(text, marked=True)] == [links]
    assert chain(text, "[Closing hours]", "markdown")[0].noise


def test_a_list_that_says_something_is_none() -> None:
    assert (
        contents(PAGE.format("- Bring a rope\n- Bring a lamp\n- Closing hours\n- Call before you come"), marked=True)
        == []
    )
    introduced = "We speak of:\n\n" + "\n".join(f"- {title}" for title in CHAPTERS)
    assert contents(PAGE.format(introduced), marked=True) == []
    assert contents("Contents\n\nOne rope, one lamp.\n\nTwo anchors.\n\nCoffee.\n\nNothing else.\n", marked=True) == []


def test_wrapped_entries_may_end_alike() -> None:
    entries = [
        "1. Moorings in Faro\n   (optional)",
        "2. Moorings in Lagos\n   (optional)",
        "3. Keys",
        "4. Fees",
        "5. Hours",
    ]
    listed = "\n".join(entries)
    told = "\n\n".join(f"{entry}\n\nWhat is said of it." for entry in entries)
    text = f"Contents\n\n{listed}\n\n{told}\n"
    assert [text[a:b] for a, b in contents(text, marked=False)] == [f"Contents\n\n{listed}"]


NUMBERED_ENTRIES = "\n".join(f"- {number} {title}" for number, title in enumerate(CHAPTERS, start=1))


def test_headings_may_lack_the_numbers_of_their_entries() -> None:
    for title in ("## Contents", "Contents"):
        listed = f"{title}\n\n{NUMBERED_ENTRIES}"
        text = PAGE.format(listed)
        assert [text[a:b] for a, b in contents(text, marked=True)] == [listed]
        assert chain(text, "Closing hours", "markdown")[0].noise
        told = text.index("What is said of it.")
        made = outline(Document(text=text, source="x", kind="markdown"))
        assert not any(unit.noise for unit in made.units(told, len(text)))


def test_a_text_without_marks_begins_at_its_first_entry() -> None:
    told = "\n\n".join(f"{title}\n\nWhat is said of it, for all boats." for title in CHAPTERS)
    listed = f"Contents\n\n{NUMBERED_ENTRIES}"
    text = f"{listed}\n\n{told}\n"
    assert [text[a:b] for a, b in contents(text, marked=False)] == [listed]


def test_headings_below_that_of_the_contents_part_them() -> None:
    entries = [f"- {title}" for title in CHAPTERS]
    listed = "\n".join(["# Contents", "", "## Boats", *entries[:3], "", "## People", *entries[3:]])
    parts = "\n\n".join(f"## {title}\n\nWhat is said of it." for title in CHAPTERS)
    text = f"{listed}\n\n# Boats\n\n{parts}\n\n# People\n\nThey are few.\n"
    assert [text[a:b] for a, b in contents(text, marked=True)] == [listed]


def test_marks_of_a_comment_end_no_contents_of_a_text() -> None:
    told = "\n\n".join(f"{number}. {title}\n\nWhat is said." for number, title in enumerate(CHAPTERS, start=1))
    listed = LISTED.replace("\n", "\n# two pages\n", 1)
    text = f"Contents\n\n{listed}\n\n{told}\n"
    assert [text[a:b] for a, b in contents(text, marked=False)] == [f"Contents\n\n{listed}"]


def test_what_a_wiki_writes_behind_headings_counts_for_nothing() -> None:
    told = "\n\n".join(f"{title}[edit]\n\nWhat is said of it, for all boats." for title in CHAPTERS)
    listed = f"Contents\n\n{NUMBERED_ENTRIES}"
    text = f"{listed}\n\n{told}\n"
    assert [text[a:b] for a, b in contents(text, marked=False)] == [listed]
