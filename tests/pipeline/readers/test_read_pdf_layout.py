"""PDF: reading order, running heads, paragraphs, hyphens, tables, headings and contents, by the places of words."""

from __future__ import annotations

import itertools
import random
import sys

import pytest
from pdf_support import Text, column, place_pdf

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.pdf.rows import Row
from ctxpipe.pipeline.readers.pdf.scattered import told_by_place

LEFT = (
    "The harbour of the island was built in",
    "the year 1874 by two brothers who had",
    "made their money with herring and salt.",
    "It was too small from the first day on,",
    "and every storm took a part of its well-",
    "being away. The council wrote to the minis-",
)
RIGHT = (
    "ter in four letters and had no answer to",
    "any of them. In the end the fishermen",
    "carried stones with their own boats, and",
    "a wall of sixty metres was finished in a",
    "single summer. The minister came to see",
    "it, and praised the council in a speech.",
)


def read_pdf(data: bytes) -> Document:
    return load(data, source="file.pdf", name="file.pdf")


def headings(document: Document) -> list[tuple[int, str]]:
    return [(level, document.text[start:end]) for start, end, level in document.headings]


def two_columns(number: int, *, by_row: bool) -> list[Text]:
    head = [Text(72, 750, f"Harbours of the north   {number}")]
    left, right = column(72, 700, LEFT), column(320, 700, RIGHT)
    if by_row:
        return [*head, *(text for pair in zip(left, right, strict=True) for text in pair)]
    return [*head, *left, *right]


@pytest.mark.parametrize("by_row", [False, True])
def test_columns_are_read_one_after_the_other_without_the_running_head(by_row: bool) -> None:
    pages = [[*two_columns(7, by_row=by_row)], column(72, 700, ["A page of its own."]), two_columns(9, by_row=by_row)]
    found = read_pdf(place_pdf(*pages))
    assert "Harbours" not in found.text
    whole = " ".join(found.text.split())
    assert "The council wrote to the minister in four letters and had no answer" in whole
    assert "every storm took a part of its well-being away" in whole
    assert found.page(found.text.index("A page of its own")) == 2
    assert [found.text[start:][:3] for start in found.page_starts] == ["The", "A p", "The"]


def test_a_short_column_beside_a_long_one_is_read_after_it() -> None:
    left = column(50, 700, [f"{line[:34]} and some words" for line in LEFT] * 5)
    rows = sorted([*left, *column(330, 700, RIGHT)], key=lambda text: (-text.y, text.x))
    found = " ".join(read_pdf(place_pdf(rows)).text.split())
    assert found.endswith(" ".join(RIGHT))


def test_a_page_is_looked_into_again_where_later_pages_have_columns() -> None:
    left = column(50, 700, [f"{line[:34]} and some words" for line in LEFT] * 5)
    short = sorted([*left, *column(330, 700, RIGHT)], key=lambda text: (-text.y, text.x))
    long = sorted([*left, *column(330, 700, RIGHT * 5)], key=lambda text: (-text.y, text.x))
    plain = [column(72, 700, [f"Page {number} has words of its own."]) for number in range(6)]
    found = read_pdf(place_pdf(*plain, short, *[long] * 5))
    page = found.text[found.page_starts[6] : found.page_starts[7]]
    assert " ".join(RIGHT) in " ".join(page.split())


def beside(columns: list[tuple[float, float, list[str]]], rows: int) -> list[Text]:
    """Columns as x, y and lines, written line by line from top to bottom."""
    texts = [text for x, y, lines in columns for text in column(x, y, (lines * rows)[:rows])]
    return sorted(texts, key=lambda text: (-text.y, text.x))


def told(data: bytes) -> list[str]:
    return read_pdf(data).text.split()


@pytest.mark.parametrize("seed", range(3))
def test_columns_whose_lines_were_written_in_no_order_are_told_by_place(seed: int) -> None:
    head = Text(150, 740, "The harbours of the north and who built them", 16)
    in_order = [head, *column(72, 700, LEFT[:4] * 3), *column(320, 700, RIGHT * 2)]
    texts = random.Random(seed).sample(in_order, len(in_order))
    assert told(place_pdf(texts)) == " ".join(text.words for text in in_order).split()


def test_lines_of_two_columns_that_come_in_turns_on_lines_of_their_own_are_read_apart() -> None:
    texts = beside([(72, 700, list(LEFT)), (320, 694.7, list(RIGHT))], 24)
    assert " ".join(RIGHT[:3]) in " ".join(told(place_pdf(texts)))


def test_three_narrow_columns_of_uneven_lines_are_read_one_after_the_other() -> None:
    lines = [[" ".join(words[:6])[: 24 + 2 * (at % 4)] for at, words in enumerate(map(str.split, LEFT + RIGHT))]] * 3
    columns = [[f"{name} {line}" for line in part] for name, part in zip("abc", lines, strict=True)]
    found = read_pdf(
        place_pdf(beside([(54, 700, columns[0]), (228, 700, columns[1]), (402, 700, columns[2])], 36))
    ).text
    marks = [line[0] for line in found.split("\n") if line]
    assert [mark for mark, _ in itertools.groupby(marks)] == ["a", "b", "c"]


def test_lines_of_code_whose_halves_stand_below_each_other_stay_whole() -> None:
    calls = [f"system.time(for (i in 1:{10 ** (at % 5)}) {'apply_' * (at % 4 + 1)}all(x, is.null))" for at in range(24)]
    texts = []
    for at, call in enumerate(calls):
        half = call.index("1:")
        texts += [Text(72, 700 - 12 * at, call[:half]), Text(200, 700 - 12 * at, call[half:])]
    found = read_pdf(place_pdf(texts)).text
    assert all(
        any(call[call.index("1:") :] in line and "system" in line for line in found.split("\n")) for call in calls
    )


def test_three_columns_that_were_recognised_are_told_by_place() -> None:
    columns = [
        [Row(line, x, x + 150, 700.0 - 12 * at, 10) for at, line in enumerate(LEFT + RIGHT)] for x in (50, 220, 390)
    ]
    rows = [row for beside in zip(*columns, strict=True) for row in beside]
    assert [row.column for row in told_by_place(rows)] == [1, 2, 3] * 12


def test_comments_beside_code_stay_beside_it() -> None:
    code = [f"int {'first_' * (at % 5)}page_{at};" for at in range(14)]
    said = [f"/* what device number {at} is told{' and told again' * (at % 2)} */" for at in range(14)]
    rows = [text for pair in zip(column(72, 700, code), column(300, 700, said), strict=True) for text in pair]
    found = read_pdf(place_pdf(rows)).text
    for a, b in zip(code, said, strict=True):
        assert any(a in line and b in line for line in found.split("\n"))


def test_numbered_lines_alone_are_headings_though_their_word_is_short() -> None:
    words = [
        ("1 Scope", 700),
        ("This part says what the others are about.", 680),
        ("2 Fees", 640),
        ("A night costs 54 crowns.", 620),
    ]
    found = read_pdf(place_pdf([Text(72, y, said) for said, y in words]))
    units = {found.text[unit.start : unit.end]: unit for unit in outline(found).units(0, len(found.text))}
    assert units["2 Fees"].kind == "heading"
    assert units["A night costs 54 crowns."].parent == units["2 Fees"].start
    assert units["2 Fees"].parent == -1


def test_words_that_are_shown_sideways_are_read_in_their_own_direction() -> None:
    data = place_pdf(column(72, 700, LEFT))
    for turned in (b"90", b"180", b"270"):
        page = data.replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 612 792] /Rotate " + turned)
        assert read_pdf(page).text.splitlines()[:5] == read_pdf(data).text.splitlines()[:5]


def test_heads_feet_and_page_numbers_are_left_out_and_titles_are_not() -> None:
    body = ["Each page has a text of its own that says something", "about the number of the page that it stands on."]
    pages = [
        [
            Text(72, 760, f"{number} CHAPTER {1 + number // 3}. FERRIES"),
            *column(72, 700, [f"Sentence {number} begins the page and is kept in the text.", *body]),
            Text(300, 40, f"- {number} -"),
        ]
        for number in range(1, 8)
    ]
    pages[3].insert(1, Text(72, 730, "Ships", 18))
    text = read_pdf(place_pdf(*pages)).text
    assert "CHAPTER" not in text
    assert "- 3 -" not in text
    assert "Ships" in text
    assert all(f"Sentence {number} begins" in text for number in range(1, 8))


def test_heads_that_are_shortened_and_feet_whose_number_has_no_room_are_left_out() -> None:
    body = ["Each page has a text of its own that says something", "about the number of the page that it stands on."]
    chapters = ["THE HARBOUR OF THE NORTH", "FERRIES AND THEIR SHIPS", "SALT AND HERRING"]
    sections = ["THE OLD QUAY", "AND WHO MAY USE…", "HOW …", "WHAT IS TO BE PAID …", "THE LIGHT", "LAMPS AND…"]
    feet = ["Moorings", "Ferries that are late", "Who pays for them", "What a barrel holds", "Ropes", "Oil"]
    pages = [
        [
            Text(72, 760, f"CHAPTER {1 + number // 2}. {chapters[number // 2]}{' ' * (number % 2)}…"),
            Text(330, 760, f"2.{number}. {sections[number]}"),
            *column(72, 700, [f"Sentence {number} begins the page and is kept in the text.", *body]),
            *([Text(72, 40, f"{feet[number]} {number}")] if 0 < number < 4 else []),
            *([Text(72, 40, feet[number]), Text(500, 40, f"{number}")] if not 0 < number < 4 else []),
        ]
        for number in range(6)
    ]
    text = read_pdf(place_pdf(*pages)).text
    assert all(word not in text for word in ("CHAPTER", "LAMPS", *feet))
    assert all(f"Sentence {number} begins" in text for number in range(6))


def test_pages_with_equal_text_keep_it() -> None:
    lines = ["The first line of this page is that of every page,", "and so is the second one, which ends here."]
    text = read_pdf(place_pdf(*[column(72, 740, lines)] * 4)).text
    assert text.count("The first line of this page") == 4


def test_a_sentence_goes_on_over_pages_within_one_paragraph() -> None:
    first = ["The committee met in the evening and spoke for three hours about", "the new ferry, which it wanted to be"]
    second = ["faster than the old one by a third. It was bought.", "Nobody was against it in the end."]
    first[1] += " larger and also much"
    found = read_pdf(place_pdf(column(72, 700, first), column(72, 700, second)))
    assert "also much\nfaster than" in found.text
    assert found.page(found.text.index("faster")) == 2
    assert found.page(found.text.index("also much")) == 1


@pytest.mark.parametrize(
    ("end", "begin"),
    [
        ("one of them was called", "‘(the) north pier’ by all, and nobody remembered why it was so."),
        ("the letter came from the", "Harbourmaster of Quaysteel, and nobody answered it in that year."),
    ],
)
def test_a_sentence_goes_on_with_quotes_or_a_word_that_had_no_room(end: str, begin: str) -> None:
    first = [
        "The committee met in the evening and spoke for three hours about the",
        f"new ferry and its four piers, of which {end}",
    ]
    pages = [column(72, 700, lines) for lines in (first, [begin, "It was bought."])]
    assert f"{end}\n{begin}" in read_pdf(place_pdf(*pages)).text


def test_a_finished_page_and_the_next_are_two_paragraphs() -> None:
    first = ["The committee met in the evening and spoke for three hours about", "the new ferry."]
    found = read_pdf(place_pdf(column(72, 700, first), column(72, 700, ["The next page begins with something else."])))
    assert "ferry.\n\nThe next page" in found.text


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ("the hydrogen exam-", "ple is small", "the hydrogen example is small"),
        ("contains n-", "tridecanal and more", "contains n-tridecanal and more"),
        ("an up-to-", "date list", "an up-to-date list"),
        ("a well-", "known engineer", "a well-known engineer"),
        ("see https://example.org/very-", "long/path for it", "see https://example.org/very-long/path for it"),
        ("run it with --long-", "options and wait", "run it with --long-options and wait"),
        ("in the years 2031-", "2034 of the plan", "in the years 2031-2034 of the plan"),
        ("start gnome-", "session now; gnome-session runs", "start gnome-session now; gnome-session runs"),
        ("the coop-", "eration of two, a cooperation", "the cooperation of two, a cooperation"),
    ],
)
def test_hyphens_stay_where_the_word_has_one(above: str, below: str, expected: str) -> None:
    assert read_pdf(place_pdf(column(72, 700, [above, below]))).text.replace("\n", " ") == expected


def test_paragraphs_are_told_by_space_and_by_indents() -> None:
    lines = column(72, 700, ["This paragraph has a first line that fills the whole of its column", "and a second one."])
    lines += column(72, 664, ["A space stands above this line, which also fills the whole of its column", "and ends."])
    lines += [Text(90, 640, "An indent begins this one, as in books, and it has another line, too,")]
    lines += [Text(72, 628, "that ends it.")]
    text = read_pdf(place_pdf(lines)).text
    assert text.split("\n\n") == [
        "This paragraph has a first line that fills the whole of its column\nand a second one.",
        "A space stands above this line, which also fills the whole of its column\nand ends.",
        "An indent begins this one, as in books, and it has another line, too,\nthat ends it.",
    ]


BODY = ["Some sentences stand here, so that the size of the body is known to be", "that of these lines and no other."]


def test_bookmarks_are_headings_with_their_levels() -> None:
    pages = [
        [
            Text(72, 720, "1 Ferries", 10),
            *column(72, 690, BODY),
            Text(72, 640, "1.1 Fares of"),
            Text(72, 628, "the year"),
        ],
        [Text(72, 720, "Routes"), *column(72, 690, BODY)],
    ]
    marks = [("Ferries", 0, 1), ("Fares of the year", 0, 2), ("Routes", 1, 1), ("Nowhere to be found", 1, 2)]
    found = read_pdf(place_pdf(*pages, bookmarks=marks))
    assert headings(found) == [(1, "1 Ferries"), (2, "1.1 Fares of\nthe year"), (1, "Routes")]


def test_without_bookmarks_larger_and_bolder_lines_are_headings() -> None:
    pages = [
        [
            Text(72, 720, "Ferries", 20),
            *column(72, 690, BODY * 4),
            Text(72, 560, "Fares", 14),
            *column(72, 535, BODY * 3),
        ],
        [Text(72, 720, "Tickets", 10, bold=True), *column(72, 700, BODY * 4), *column(72, 600, BODY * 4)],
    ]
    assert headings(read_pdf(place_pdf(*pages))) == [(1, "Ferries"), (2, "Fares"), (3, "Tickets")]


def test_contents_and_index_are_noise() -> None:
    entries = ["Ferries", "Routes", "Fares of the year", "Harbours", "Winter", "Ice"]
    contents = [Text(72, 720, "Contents", 14)]
    for at, entry in enumerate(entries):
        contents += [Text(72, 690 - 12 * at, f"{at + 1} {entry}"), Text(500, 690 - 12 * at, str(3 + 2 * at))]
    index = [
        Text(72, 720, "Index", 14),
        *column(72, 690, [f"{entry.lower()}, {at + 3}, {at + 9}" for at, entry in enumerate(entries)]),
    ]
    found = read_pdf(place_pdf(contents, column(72, 700, BODY * 5), index))
    noise = [found.text[start:end] for start, end in found.noise]
    assert [piece.split("\n")[0] for piece in noise] == ["1 Ferries  3", "ferries, 3, 9"]
    assert [piece.split("\n")[-1] for piece in noise] == ["6 Ice  13", "ice, 8, 14"]


def test_pages_that_are_images_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    page = column(72, 700, BODY)
    assert read_pdf(place_pdf(page, [], page, [], [], page, image=[1, 3, 4])).notes == (
        "no text on 3 of 6 pages: 2, 4-5 (scanned?); install ctxpipe[ocr] to read them",
    )
    assert read_pdf(place_pdf(page, [], image=[1])).notes == (
        "no text on page 2 (scanned?); install ctxpipe[ocr] to read it",
    )
    assert read_pdf(place_pdf(page, [])).notes == ()


def test_a_line_of_nothing_but_control_characters_is_none() -> None:
    lines = ["A line that fills its column and ends in a stop, with more to come.", "\x01 \x02", "And then another."]
    assert "\x01" not in read_pdf(place_pdf(column(72, 700, lines))).text


def test_footnotes_and_figures_do_not_part_a_sentence() -> None:
    first = column(72, 700, BODY * 3 + ["The old quay was given up in the year of the great storm, and the council"])
    notes = column(72, 90, ["1 Minutes of the council, volume seven.", "2 The storm of 1874."], 7)
    picture = [*column(72, 720, ["Figure 3. The old quay before the storm."], 9)]
    second = column(72, 660, ["decided at once to build another one of stone instead of wood.", *BODY * 3])
    found = read_pdf(place_pdf([*first, *notes], [*picture, *second]))
    assert "storm, and the council\ndecided at once" in found.text
    assert found.page(found.text.index("2 The storm")) == 1
    assert found.page(found.text.index("decided at once")) == 2
    assert found.page(found.text.index("Figure 3.")) == 2


def test_a_last_line_that_begins_in_small_capitals_stays_where_it_is() -> None:
    lines = [*BODY * 3, "The old quay was given up in the year of the great storm, as is told in HARBOUR COM-"]
    last = Text(72, 700 - 12 * len(lines), "MANDS for those who want to know more of it and who are not afraid.", 9)
    second = column(72, 700, ["The next page begins with another sentence that is as long as those before.", *BODY * 3])
    text = " ".join(read_pdf(place_pdf([*column(72, 700, lines), last], second)).text.split())
    assert "told in HARBOUR COM-MANDS for those who want to know more of it and who are not afraid. The next" in text


def test_code_in_small_type_at_the_head_of_a_page_stays_where_it_is() -> None:
    first = column(72, 700, [*BODY * 3, "Those who want another sign for the harbour write into their file the line"])
    second = [*column(90, 720, ["sign: quay.png"], 8), *column(72, 690, ["and copy the picture beside it.", *BODY * 3])]
    text = read_pdf(place_pdf(first, second)).text
    assert text.index("the line") < text.index("sign: quay.png") < text.index("and copy")


def test_headings_of_short_sections_are_headings_however_many_they_are() -> None:
    page = [
        words
        for at, name in enumerate(("North", "South", "West", "East"))
        for words in (
            Text(72, 700 - 120 * at, name, 16),
            Text(72, 670 - 120 * at, f"A berth in the {name} costs {at}."),
        )
    ]
    assert headings(read_pdf(place_pdf(page))) == [(1, "North"), (1, "South"), (1, "West"), (1, "East")]


def test_titles_of_slides_whose_text_is_larger_than_their_notes_are_headings() -> None:
    notes = ("built by two brothers with stones that", "they had carried there in their own boats")
    slides = [
        [
            Text(72, 700, f"{name} in numbers", 26, bold=True),
            *column(72, 600, ("Revenue rose", "Staff fell"), 16),
            *column(90, 500, notes, 12),
        ]
        for name in ("Anholt", "Borkum", "Cuxhaven", "Dunkirk")
    ]
    assert headings(read_pdf(place_pdf(*slides))) == [
        (1, f"{name} in numbers") for name in ("Anholt", "Borkum", "Cuxhaven", "Dunkirk")
    ]


def test_large_lines_with_nothing_below_them_are_no_headings() -> None:
    page = [*column(72, 700, ["ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON"], 16), *column(72, 400, ["One.", "Two."])]
    assert headings(read_pdf(place_pdf(page))) == []
