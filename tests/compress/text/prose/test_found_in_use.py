"""Forms of text that were misread: each stands under what it belongs to, and is whole."""

from __future__ import annotations

import pytest
from units_support import above, check_units

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document, Kind


def units(text: str, kind: Kind = "text", language: str = "") -> list[str]:
    made = outline(Document(text=text, source="x", kind=kind, language=language)).units(0, len(text))
    check_units(text, made)
    return [text[unit.start : unit.end] for unit in made]


THREAD = """# Doors stick in rain #41

**@olga** opened this issue on May 3, 2024

### Where

- Hall: north

---

**@pavel** commented on May 4, 2024

### My hall

Wax helps against it.

---

**@rui** commented on May 5, 2024

It does not help me: my door sticks for two days.
"""


def test_a_comment_stands_under_who_wrote_it_and_ends_what_the_one_before_has_headings_for() -> None:
    title = "# Doors stick in rain #41"
    assert above(THREAD, "sticks for two", "markdown") == [title, "**@rui** commented on May 5, 2024"]
    assert above(THREAD, "Wax helps", "markdown") == [title, "**@pavel** commented on May 4, 2024", "### My hall"]
    assert above(THREAD, "Hall: north", "markdown")[-1] == "### Where"


def test_comments_below_a_heading_of_their_own_stand_under_it() -> None:
    text = "# Doors\n\n## Report\n\nThey stick.\n\n## Comments\n\n" + THREAD.split("---\n\n", 1)[1]
    assert above(text, "sticks for two", "markdown")[:2] == ["# Doors", "## Comments"]


OPTIONS = """OPTIONS
       --tries=N
              Try a door N more times before giving up.  The default is
              3.  A value of 0 asks nobody.

       --wait=SECONDS
              Close a door through which nobody came.  The default is
              90.  A value of 0 leaves it open.
"""


def test_a_number_at_the_beginning_of_a_wrapped_line_ends_the_sentence_before() -> None:
    said = [" ".join(unit.split()) for unit in units(OPTIONS)]
    assert "The default is 3." in said
    assert "The default is 90." in said
    assert units("1. Wax the door\n2. Oil the hinge\n3. Ask Bo\n") == [
        "1. Wax the door",
        "2. Oil the hinge",
        "3. Ask Bo",
    ]


def test_an_option_and_its_wrapped_description_go_together() -> None:
    text = (
        "Options of open:\n      --door NAME      which door is opened (default: the last that\n"
        "                       was closed)\n      --force          open it even if it sticks\n"
    )
    assert above(text, "which door is opened")[-1] == "--door NAME"
    assert above(text, "open it even")[-1] == "--force"


LOG = """2024-05-14T09:09:09Z ERROR [doors] panic: index out of range

goroutine 81 [running]:
doors/open.Parse({0xc0, 0x3a})
\t/src/open.go:77 +0x9f
2024-05-14T09:11:31Z ERROR [halls] request 90de failed
java.lang.IllegalStateException: no door
\tat com.example.Hall.open(Hall.java:212)
\t... 23 more
Caused by: com.example.Locked: hall 4
\t... 25 more
2024-05-14T09:20:03Z WARN  [gates] certificate expires
"""


def test_a_trace_of_go_stands_under_the_panic_and_ends_at_the_next_entry() -> None:
    assert above(LOG, "open.go:77")[0].endswith("panic: index out of range")
    assert above(LOG, "request 90de") == []
    assert above(LOG, "hall 4")[0].endswith("request 90de failed")
    assert "... 23 more" in units(LOG)


TEX = r"""\section{Results}
\begin{theorem}[Space]
For small doors the hall uses at most
\begin{equation}
S(n) = 3 \log n + 64
\end{equation}
words, except with probability at most $n^{-2}$.
\end{theorem}
\begin{thebibliography}{9}
\bibitem{kll} Z. Karnin, K. Lang and E. Liberty. Optimal doors. FOCS, 2016.
\end{thebibliography}
"""


def test_a_formula_does_not_end_the_sentence_around_it_and_an_entry_of_a_bibliography_is_whole() -> None:
    found = units(TEX, language="tex")
    assert TEX[TEX.index("For small") : TEX.index("\n\\end{theorem}")] in found
    assert next(unit for unit in found if unit.startswith("\\bibitem")).endswith("FOCS, 2016.")
    assert r"\author{L. Haas \and P. Nair}" in units(
        "\\section{A}\n\n\\author{L. Haas \\and P. Nair}\n", language="tex"
    )


LISTING = """== Doors

[source,sh]
----
doors open <1>
doors close --all <2>
----
<1> Opens the last one.
<2> Not needed in summer.
"""


def test_what_explains_a_line_of_a_listing_brings_the_line() -> None:
    document = Document(text=LISTING, source="x", language="asciidoc")
    kept = Pipeline(rank="bm25").compress(document, question="What is not needed in summer?", budget=45).text
    assert "doors close --all <2>" in kept
    assert kept.count("----") == 2


def test_rows_of_a_list_table_are_whole_under_their_titles() -> None:
    rows = "".join(
        f"   * - {name}\n     - {soft}\n     - {hard}\n"
        for name, soft, hard in (("Size", 256, 1024), ("Doors", 50, 200))
    )
    titles = "   * - What\n     - Soft\n     - Hard\n"
    text = f"Limits\n======\n\n.. list-table:: Of halls\n   :header-rows: 1\n\n{titles}{rows}"
    assert above(text, "200", language="rst")[-1].split() == "* - What - Soft - Hard".split()
    assert [unit.split() for unit in units(text, language="rst")][-1] == "* - Doors - 50 - 200".split()


def test_a_rule_of_apache_stands_under_its_conditions() -> None:
    rules = ("RewriteCond %{A} !^/api/", "RewriteCond %{B} on", "RewriteRule ^/x /y")
    text = "".join(["<Directory /hall>\n    Options None\n", *(f"    {rule}\n" for rule in rules), "</Directory>\n"])
    made = outline(Document(text=text, source="x.conf", kind="code", language="conf"))
    unit = made.units(text.index("RewriteRule") - 4, text.index("RewriteRule") + 1)[0]
    chain = [text[one.start : one.end].split()[0] for one in made.chain(unit)]
    assert chain[:2] == ["RewriteCond", "RewriteCond"]


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("**Clerk**\n*May 2021 – today*", "**Clerk**\n*May 2021 – today*"),
        ("**Clerk** — Halls Ltd, Cork\n*May 2021 – today*", "**Clerk** — Halls Ltd, Cork\n*May 2021 – today*"),
        ("**Clerk** · Halls Ltd", "**Clerk** · Halls Ltd"),
    ],
)
def test_a_bold_title_with_more_beside_or_below_it_heads_its_list(head: str, title: str) -> None:
    text = f"## Work\n\n**Guard** – Doors Ltd\n*2018*\n\n- Team: 3\n\n{head}\n\n- Team: 6\n"
    assert above(text, "Team: 6", "markdown") == ["## Work", title]


def test_a_bold_word_before_a_sentence_is_no_title() -> None:
    assert above("**Note** - keep the door shut\n\nIt is heavy. Ask Bo.\n", "It is heavy", "markdown") == []


def test_titles_in_capitals_stand_above_numbered_things_below_them() -> None:
    text = "".join(
        f"{title}\n\n" + "".join(f"Art. {n}  Door of oak\n  Width {n} cm\nPrice: {n}.00 €\n\n" for n in numbers)
        for title, numbers in (("HALL DOORS", (11, 12)), ("YARD GATES", (13, 14)))
    )
    assert above(text, "Width 14") == ["YARD GATES", "Art. 14  Door of oak"]
    assert above(text, "Width 12") == ["HALL DOORS", "Art. 12  Door of oak"]


def test_a_schedule_with_a_reference_beside_it_is_a_heading() -> None:
    ground = "GROUNDS\n\nGround 7\nIt leaks. Notice: two weeks.\n"
    text = f"PART 2\n\nNOTICES\n\n(1)  Give notice.\n\nSCHEDULE 1                    Section 4\n\n{ground}"
    assert above(text, "It leaks")[0].startswith("SCHEDULE 1")


def test_a_short_line_above_questions_heads_them() -> None:
    text = "".join(
        f"{who} permits\n\nQ: What does it cost?\nA: {cost} crowns.\n\nQ: Who gets it?\nA: All {who}s.\n\n"
        for who, cost in (("Guest", 4), ("Owner", 9))
    )
    assert above(text, "9 crowns")[0] == "Owner permits"


def test_quoted_lines_stand_under_who_wrote_them_also_between_the_answers() -> None:
    text = (
        "Hi Jo, see below.\n\nOn Tue, 21 May 2024, Jo Price <jo@door.example> wrote:\n\n"
        "> When do you come?\n\nOn Friday. Not before noon.\n\n"
        "> What does it cost?\n\n90 crowns.\n\n"
        "> On Mon, 20 May 2024, Ed Kell <ed@door.example> wrote:\n>\n>> The door may stay open.\n"
    )
    wrote = "On Tue, 21 May 2024, Jo Price <jo@door.example> wrote:"
    assert above(text, "When do you come") == [wrote]
    assert above(text, "What does it cost") == [wrote]
    assert above(text, "Not before noon") == [wrote, "When do you come?"]
    assert above(text, "90 crowns") == [wrote, "What does it cost?"]
    assert above(text, "The door may")[-1].startswith("On Mon, 20 May 2024, Ed Kell")


def test_terms_of_a_wiki_stand_above_their_definitions() -> None:
    text = "== Fires ==\n;1968\n:In the hall. Nobody was hurt.\n;1983\n:In the yard. Two died.\n"
    assert above(text, "Two died") == ["== Fires ==", ";1983"]


DOSES = """Age            Weight     Most in 24 hours
2 to 3 months  over 5 kg  2 doses
3 to 6 months  5 to 7 kg  3 doses
"""
CREDITS = """Open                Credit (% of fees)
99.5% to 99.8%      5
99.0% to 99.5%      10
below 99.0%         20
"""
RESULTS = """Test      Result    Units     Range
Sodium    48        mmol      1 - 9
Glucose   Negative
Iron      9         g         2 - 3
Zinc      8         g
"""
PASTED = "Hall\tDoors\tWidth\n\t-\tcm\nNorth\t4\t90\nSouth\t6\t85\n"


@pytest.mark.parametrize(
    ("table", "words", "title"),
    [
        (DOSES, "3 doses", "Age "),
        (CREDITS, "10", "Open "),
        (RESULTS, "Negative", "Test "),
        (PASTED, "South", "Hall\tDoors"),
    ],
)
def test_rows_stand_under_the_titles_of_their_columns(table: str, words: str, title: str) -> None:
    assert above(f"These were seen.\n\n{table}", words)[-1].startswith(title)


def test_a_sentence_that_says_in_what_the_numbers_are_stands_above_the_table() -> None:
    text = (
        "# Fees\n\nAll amounts are in thousands of crowns.\n\n| Hall | Fee |\n|---|---|\n| North | 4 |\n| South | 6 |\n"
    )
    assert above(text, "South", "markdown")[1] == "All amounts are in thousands of crowns."


@pytest.mark.parametrize("rows", [4, 5, 9])
def test_a_table_with_every_cell_in_quotation_marks_is_one_of_rows(rows: int) -> None:
    text = '"id","region","awarded"\n' + "".join(f'"{n}","North, {n}","{n}.0"\n' for n in range(rows))
    made = outline(Document(text=text, source="x.csv", kind="csv"))
    assert {unit.parent for unit in made.units(0, len(text))} == {-1, 0}


@pytest.mark.parametrize("form", ["{}: {}", "**{}:** {}", "**{}**: {}"])
@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_all_sentences_of_a_paragraph_stand_under_the_label_that_it_begins_with(form: str, kind: Kind) -> None:
    said = (("Hall doors", "They stick by 54%. Wax them once."), ("Yard gates", "They rust by 12%. Oil them twice."))
    text = "Doors\n\n" + "\n\n".join(form.format(*one) for one in said) + "\n"
    assert above(text, "Wax them once", kind)[-1].strip("*:") == "Hall doors"
    assert above(text, "Oil them twice", kind)[-1].strip("*:") == "Yard gates"


@pytest.mark.parametrize(
    "text", ["The rule, says Bo: Never row. Ask me.\n", "Fee: 4 crowns.\n", "At 12:30 We row. We sing.\n"]
)
def test_other_colons_are_no_labels(text: str) -> None:
    assert above(text, text.split()[-1]) == []


def test_a_title_above_paragraphs_whose_numbers_go_on_heads_them_all() -> None:
    text = (
        "JUDGMENT\n\nThe hall\n\n7.    Clause 6 provides for the doors of the hall and gates\n      of the yard.\n\n"
        "The parties\n\n"
        "8.    Mr Penn said that:\n\n      (i)   the door was open.\n\n"
        "9.    Ms Sorley said that:\n\n      (i)   the door was shut.\n"
    )
    assert above(text, "was shut") == ["JUDGMENT", "The parties", "9.    Ms Sorley said that:"]


def test_a_quotation_stands_under_the_numbered_paragraph_that_says_whose_it_is() -> None:
    text = "## Cases\n\n9. In *Aello* Lord R said:\n\n> A door is no gate.\n\n10. Lord S said:\n\n> A door is a gate.\n"
    assert above(text, "no gate", "markdown")[-1].startswith("9. In")
    assert above(text, "a gate", "markdown")[-1].startswith("10. Lord")


def test_what_stands_below_a_table_does_not_stand_under_its_number() -> None:
    rows = "                     North   South\nDoors                4       6\nGates (of iron)      1       2\n"
    text = f"[0004] See below.\n\nTABLE 1\n{rows}\n[0005] A door may be open, except at night or in a storm.\n"
    assert above(text, "except at night") == []
