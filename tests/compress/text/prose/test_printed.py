"""Text for printers: heads of pages that name what their page is about, and those that do not."""

from __future__ import annotations

import pytest

from ctxpipe import Document, Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.printed import page_heads

TOWNS = ("Kyiv", "Lviv", "Odesa", "Poltava")


def _pages(heads: list[str], body: str = "A mooring costs {} euros a night. The office opens at eight.") -> str:
    return "\n\f".join(f"{head}\n\n{body.format(40 + n)}\n\nPage {n + 1}\n" for n, head in enumerate(heads))


@pytest.mark.parametrize("budget", [30, 60, 120])
def test_a_value_stands_under_the_head_of_its_page(budget: int) -> None:
    text = _pages([f"Harbour guide{' ' * 30}{town}" for town in TOWNS])
    kept = Pipeline(rank="bm25").compress(
        Document(source="guide.txt", text=text), question="What does a mooring cost in Odesa?", budget=budget
    )
    before, found, _ = kept.text.partition("42 euros")
    assert found
    assert max(TOWNS, key=before.rfind) == "Odesa"


def test_the_foot_of_a_page_is_noise() -> None:
    text = _pages([f"Harbour guide    {town}" for town in TOWNS])
    found = outline(Document(source="guide.txt", text=text))
    feet = [unit for unit in found.units(0, len(text)) if text[unit.start : unit.end].startswith("Page")]
    assert [unit.noise for unit in feet] == [True, True, True, False]


@pytest.mark.parametrize(
    "heads",
    [
        [f"Harbour guide    May 2024    {n}" for n in range(1, 5)],
        ["Harbour guide    Kyiv", "Fees    Lviv", "Rules    Odesa"],
        ["Harbour guide"] * 4,
        ["Harbour guide    Kyiv"],
    ],
    ids=["numbers", "nothing in common", "alike", "one page"],
)
def test_other_heads_name_nothing(heads: list[str]) -> None:
    assert page_heads(_pages(heads)) == []


def test_they_do_not_part_sections() -> None:
    pages = _pages([f"Harbour guide    {town}" for town in TOWNS]).replace("\n\n", "\n\n1. Fees\n\n", 1)
    text = f"{pages}\n2. Rules\n\nNo fires are lit on the quay.\n"
    units = outline(Document(source="guide.txt", text=text)).units(0, len(text))
    assert [text[unit.start : unit.end] for unit in units if unit.kind == "heading"] == ["1. Fees", "2. Rules"]


@pytest.mark.parametrize("feed", ["", "\f"])
def test_head_and_foot_of_a_page_are_noise_with_a_form_feed_or_without(feed: str) -> None:
    foot, head = (
        "Mora                 Draft                 [Page 8]",
        "Keys                 Draft                 2023",
    )
    text = f"5.  Keys\n\n   A server waits for at least\n\n\n{foot}\n{feed}\n{head}\n\n   forty seconds. It ends.\n"
    made = outline(Document(source="x", text=text))
    units = made.units(0, len(text))
    assert {text[u.start : u.end] for u in units if u.noise} == {foot, head}
    rest = next(u for u in units if text.startswith("forty", u.start))
    assert text[made.chain(rest)[0].start :].startswith("A server")


FOOT, HEAD = "Mora                 Draft                 [Page 8]", "Keys                 Draft                 2023"


def _over_page(before: str, after: str, feed: str) -> str:
    return f"5.  Keys\n\n   {before}\n\n\n{FOOT}\n{feed}\n{HEAD}\n\n\n{after}\n"


@pytest.mark.parametrize("feed", ["", "\f"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A server that has lost its last key, or any part of it,", "   MUST NOT answer for forty seconds. It ends."),
        ("A server that has no key sends for any key of it an", "   OLD message within forty seconds. It ends."),
    ],
    ids=["what is required", "a name"],
)
def test_a_sentence_goes_on_in_capitals_below_the_head_of_a_page(before: str, after: str, feed: str) -> None:
    text = _over_page(before, after, feed)
    made = outline(Document(source="x", text=text))
    rest = next(u for u in made.units(0, len(text)) if "forty" in text[u.start : u.end])
    assert text[slice(*made.chain(rest)[0][:2])] == before
    kept = Pipeline(rank="bm25").compress(Document(source="x", text=text), question="Who lost any part?", budget=45)
    assert (before.split()[-1] in kept.text) == (after.split(".")[0].strip() in kept.text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A server that has no key sends for any key of it an", "     OLD message within forty seconds. It ends."),
        ("A server has no key", "   OLD message within forty seconds. It ends."),
        ("A server that has lost its last key, or any part.", "   MUST servers answer in forty seconds? They must."),
        ("A server that has lost its last key, or any part.", "   Old messages go within forty seconds. It ends."),
    ],
    ids=["indented further", "a short line", "a question", "a sentence"],
)
def test_what_begins_below_the_head_of_a_page_is_no_rest(before: str, after: str) -> None:
    text = _over_page(before, after, "\f")
    made = outline(Document(source="x", text=text))
    rest = next(u for u in made.units(0, len(text)) if "forty" in text[u.start : u.end])
    assert [text[slice(*one[:2])] for one in made.chain(rest)] == ["5.  Keys"]
