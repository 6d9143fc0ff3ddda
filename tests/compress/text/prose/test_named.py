"""Headings of contracts, wikis and manuals in text without markup."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.text.prose.named import named_headings
from ctxpipe.compress.types import Document


def trail(text: str, words: str, language: str = "") -> tuple[str, ...]:
    document = Document(text=text, source="x", language=language)
    made = outline(document)
    at = text.index(words)
    return made.trail(next(u for u in made.units(0, len(text)) if u.start <= at < u.end))


@pytest.mark.parametrize(
    ("heads", "body"),
    [
        (("§ 1 Miete Nord", "§ 2 Miete Süd"), "(1) Der Preis ist 31 Euro."),
        (("Artikel 1", "Artikel 2"), "Der Preis ist 31 Euro."),
        (("Article 1 (Prix du quai)", "Article 2 (Prix de la cale)"), "Le prix est de 31 euros."),
        (("Cláusula 1. Norte", "Cláusula 2. Sur"), "El precio es de 31 euros."),
        (("Статья 1. Север", "Статья 2. Юг"), "Цена 31 евро."),
        (("第一条 北港", "第二条 南港"), "价格为31欧元。"),
        (("第1条（北港）", "第2条（南港）"), "料金は31ユーロである。"),
        (("제1조 북항", "제2조 남항"), "요금은 31유로이다."),
        (("المادة 1: الشمال", "المادة 2: الجنوب"), "السعر 31 يورو."),
        (("h2. North", "h2. South"), "It costs 31 francs."),
        (("== North ==", "== South =="), "It costs 31 francs."),
        ((".SH NORTH", ".SH SOUTH"), "It costs 31 francs."),
        (("1.1 Fees.", "1.2 Terms."), "It costs 31 francs. Children pay half."),
    ],
)
def test_parts_of_documents_in_many_languages_are_headings(heads: tuple[str, str], body: str) -> None:
    first, second = heads
    joint = " " if first.endswith(".") else "\n\n"
    text = f"General words.\n\n{first}{joint}{body}\n\n{second}{joint}{body.replace('31', '45')}\n"
    found = trail(text, "45")
    assert len(found) == 1
    assert found[0] in second


def test_a_title_below_the_number_of_an_article_belongs_to_it() -> None:
    text = "ARTICLE I\nNORTH\n\nIt costs 31 francs.\n\nARTICLE II\nSOUTH\n\nIt costs 45 francs.\n"
    assert trail(text, "45") == ("ARTICLE II SOUTH",)


def test_sections_of_articles_stand_under_them_and_annexes_do_not() -> None:
    text = "Article 1 North\n\nSection 1.1. Fees. It costs 31 francs.\n\nAnnex A\n\nNothing else costs anything here.\n"
    assert trail(text, "31") == ("Article 1 North", "Section 1.1. Fees.")
    assert trail(text, "Nothing") == ("Annex A",)


@pytest.mark.parametrize("prose", ["as said in\nArticle 3 (see above) of the law", "See\nSection 4.\nIt says more"])
def test_a_reference_in_running_text_is_no_heading(prose: str) -> None:
    units = outline(Document(text=prose, source="x")).units(0, len(prose))
    assert not any(unit.kind == "heading" for unit in units)


def test_a_numbered_clause_with_nothing_below_it_is_content() -> None:
    text = "1. North\n\n1.1. It costs 31 francs.\n\n1.2. Children pay half.\n\n2. South\n\n2.1. It costs 45 francs.\n"
    made = outline(Document(text=text, source="x"))
    kinds = {text[u.start : u.end]: u.kind for u in made.units(0, len(text))}
    assert kinds["2.1. It costs 45 francs."] == "item"
    assert kinds["2. South"] == "heading"
    assert trail(text, "45") == ("2. South",)


def test_a_section_of_settings_in_plain_text_is_a_heading() -> None:
    text = "[north]\nfee=31\nopen=yes\n\n[south]\nfee=45\nopen=yes\n"
    assert trail(text, "fee=45") == ("south",)


def test_a_line_alone_below_a_rule_is_a_heading_and_the_foot_of_a_table_is_none() -> None:
    rule = "=" * 60
    text = f"All of it.\n\n{rule}\n*06.1*\tNorth\n\n31 euros.\n\n{rule}\n*06.2*\tSouth\n\n44 euros.\n"
    assert trail(text, "44 euros") == ("*06.2* South",)
    table = f"North  31\nSouth  44\n{'-' * 12}\nTotal  75\n\nThese are euros.\n"
    assert trail(table, "These are") == ()


def test_headings_and_items_of_perl_s_documentation() -> None:
    text = (
        "=head1 OPTIONS\n\nThere are two.\n\n=over\n\n=item B<-q>\n\nSay less.\n\n=item B<-v>\n\nSay more.\n\n=back\n"
    )
    assert trail(text, "Say more") == ("OPTIONS", "B<-v>")


def test_a_short_line_alone_is_a_heading_to_its_end_whatever_gaps_it_has() -> None:
    text = f"Options\t\t\t\t*hidden-options*\n\n{'They are not seen by anybody here. ' * 2}\n"
    made = outline(Document(text=text))
    head = made.units(0, 1)[0]
    assert (head.kind, text[head.start : head.end]) == ("heading", "Options\t\t\t\t*hidden-options*")


def test_entries_with_a_number_are_headings_of_what_follows_them() -> None:
    text = "Item 1: Faro\n\nThe motion was lost.\n\nItem 2: Budget 2026\n\nThe motion was carried.\n"
    assert [named.title for named in named_headings(text)] == ["Item 1: Faro", "Item 2: Budget 2026"]


def test_an_entry_takes_the_line_below_it_and_needs_a_paragraph_of_its_own() -> None:
    text = "INVOICE No. 2026-02\nTo: Faro Ltd\n\nPayable at once.\n\nWe speak of\nCase 3\nand of others.\n"
    assert [named.title for named in named_headings(text)] == ["INVOICE No. 2026-02 To: Faro Ltd"]


def test_what_begins_to_count_anew_below_an_annex_stands_under_it() -> None:
    text = (
        "Article 1\n\nWords mean things.\n\nArticle 2\n\nShips are kept.\n\n"
        "Annex I\n\nArticle 1\n\nFees are due.\n\nArticle 2\n\nRates are fixed.\n\n"
        "Annex II\n\nArticle 1\n\nForms are blue.\n\nArticle 3\n\nIt ends.\n"
    )
    assert above(text, "Rates") == ["Annex I", "Article 2"]
    assert above(text, "Forms") == ["Annex II", "Article 1"]
    assert above(text, "Ships") == ["Article 2"]
    assert above(text, "It ends") == ["Article 3"]


def test_parts_of_schedules_stand_under_theirs() -> None:
    text = "1. The fees are in the Schedules.\n\n" + "\n\n".join(
        f"SCHEDULE {n}\n{name} Quay\n\nPart A - Services\n\n1. Water.\n\nPart B - Charges\n\n"
        f"1. The charge is {n}5 pounds."
        for n, name in enumerate(("Amber", "Basalt", "Cobalt"), start=1)
    )
    assert above(text, "25 pounds") == ["SCHEDULE 2\nBasalt Quay", "Part B - Charges"]


def test_tables_stand_under_their_route() -> None:
    text = "".join(
        f"Route {n}: Faro - {town}\n\nMonday to Friday\nFaro dep.    0{n}:10   08:2{n}\n"
        f"{town} arr.   0{n}:50   09:0{n}\n\n"
        for n, town in ((1, "Olhão"), (2, "Lagos"), (3, "Sines"))
    )
    assert above(text, "08:22") == ["Route 2: Faro - Lagos", "Monday to Friday"]


def test_acts_and_chapters_may_count_in_words() -> None:
    text = "".join(
        f"Chapter {word}\n\nIt was dark.\n\nThe lamp was lit by {name}.\n\n"
        for word, name in (("One", "Ole"), ("Two: The Storm", "Ida"), ("Twenty-One", "Ann"))
    )
    assert above(text, "by Ida") == ["Chapter Two: The Storm"]
    assert above(text, "by Ann") == ["Chapter Twenty-One"]
    assert not list(named_headings("Part one of the harbour\n\nIt is old.\n"))


def test_rows_whose_second_cells_begin_in_one_column_are_rows() -> None:
    text = "".join(
        f"{name} Line\nMon-Fri  every {n} min  06:30-22:00\n"
        f"Sat      every {2 * n} min  08:00-20:00\nSun      no service\n\n"
        for name, n in (("Faro", 15), ("Lagos", 20), ("Sines", 30))
    )
    lagos = text[text.index("Lagos") :]
    assert above(lagos, "every 40") == above(lagos, "Sun ") == ["Lagos Line"]
