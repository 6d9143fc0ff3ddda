"""SQL, differences and languages without a grammar."""

from __future__ import annotations

import pytest
from units_support import chain, check_units, trail

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.code.comments import subject


def units_of(text: str, language: str) -> list[str]:
    units = code_units(text, language)
    check_units(text, units)
    return [text[u.start : u.end].strip() for u in units]


def test_statements_end_where_no_quote_holds_the_semicolon() -> None:
    text = "SELECT ';' FROM a; -- b;\nSELECT \"x;y\";\nSELECT $$ ; $$;\n"
    assert units_of(text, "sql") == ["SELECT ';' FROM a; -- b;", 'SELECT "x;y";', "SELECT $$ ; $$;"]


def test_a_routine_is_one_statement() -> None:
    text = "CREATE TRIGGER t BEGIN\n  UPDATE a SET b = CASE WHEN c THEN 1 END;\n  DELETE FROM d;\nEND;\nSELECT 1;\n"
    assert len(units_of(text, "sql")) == 2


def test_rows_of_a_dump_stand_under_their_table() -> None:
    rows = ", ".join(f"({i}, 'ship {i}; (x), (y)')" for i in range(60))
    text = f"INSERT INTO ships (id, name) VALUES {rows};\nCOPY tugs (id) FROM stdin;\n1\tit's\n2\tb\n\\.\nSELECT 1;\n"
    units = code_units(text, "sql")
    check_units(text, units)
    assert chain(text, units, "(42, ")[0] == "INSERT INTO ships (id, name) VALUES"
    assert chain(text, units, "2\tb") == ["COPY tugs (id) FROM stdin;", "2\tb"]
    assert trail(text, units, "2\tb") == ["COPY tugs"]
    assert chain(text, units, "SELECT 1") == ["SELECT 1;"]


def test_a_long_table_is_its_columns() -> None:
    columns = ",\n".join(f"  column_{i} integer NOT NULL DEFAULT {i}" for i in range(30))
    text = f"CREATE TABLE ships (\n{columns}\n);\n"
    units = code_units(text, "sql")
    assert chain(text, units, "column_17") == ["CREATE TABLE ships (", "column_17 integer NOT NULL DEFAULT 17,"]
    assert trail(text, units, "column_17") == ["CREATE TABLE ships"]


def test_columns_of_a_short_table_are_units() -> None:
    text = (
        "CREATE TABLE oars (\n  id int PRIMARY KEY,\n  -- in pounds\n  weight int\n    CHECK (weight < 45),\n"
        "  wood text\n) STRICT;\n\nSELECT 1;\n"
    )
    units = code_units(text, "sql")
    check_units(text, units)
    assert chain(text, units, "weight int")[0] == "CREATE TABLE oars ("
    assert trail(text, units, "wood text") == ["CREATE TABLE oars"]
    assert text[units[0].close : units[0].close_end] == ") STRICT;"
    assert units_of("CREATE TABLE oars (id int);\n", "sql") == ["CREATE TABLE oars (id int);"]


def test_lines_of_a_difference_stand_under_hunk_and_file() -> None:
    text = (
        f"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,4 +1,4 @@ def f():\n {'x' * 400}\n"
        " i\n--- gone\n+++ new\n y\n"
        "--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-a\n+b\n"
    )
    units = code_units(text, "diff")
    check_units(text, units)
    assert chain(text, units, " y\n")[1:] == ["@@ -1,4 +1,4 @@ def f():", "y"]
    assert chain(text, units, "+++ new")[1:] == ["@@ -1,4 +1,4 @@ def f():", "i\n--- gone\n+++ new"]
    assert chain(text, units, "+b\n")[1:] == ["@@ -1 +1 @@\n-a\n+b"]
    assert trail(text, units, "+++ new") == ["a.py", "@@ -1,4 +1,4 @@ def f():"]


def test_indentation_decides_where_there_is_no_grammar() -> None:
    text = "fleet\n    ferry\n        speed 12\n\n    tug\n        speed 9\nend of it\n"
    units = code_units(text, "")
    check_units(text, units)
    assert chain(text, units, "speed 9") == ["fleet", "tug", "speed 9"]
    assert chain(text, units, "end of it") == ["end of it"]


def test_lines_that_go_on_are_one_unit() -> None:
    text = "foo(a,\n    b)\nx = y + \\\n  z\na ||\n  b\nc\n"
    assert units_of(text, "") == ["foo(a,\n    b)", "x = y + \\\n  z", "a ||\n  b", "c"]


def test_a_bracket_that_is_never_closed_swallows_nothing() -> None:
    text = "start (\n" + "".join(f"line {i} of many, said here\n" for i in range(200))
    units = code_units(text, "")
    check_units(text, units)
    assert len(units) == 201


def test_closing_lines_close_what_they_end() -> None:
    text = "function f\n  x = 1\nend\nif a {\n  b\n}\nelse {\n  c\n}\nd\n"
    units = code_units(text, "julia")
    check_units(text, units)
    assert [text[u.close : u.close_end] for u in units if u.close >= 0] == ["end", "}"]
    assert chain(text, units, "  c") == ["if a {", "}\nelse {", "c"]


def test_rows_that_are_inserted_stand_under_their_columns() -> None:
    head = "INSERT INTO `sheds` (`id`,`code`,`fee`) VALUES"
    rows = [f"({n},'A{n}',{fee})" for n, fee in enumerate((6800, 7900, 9150, 4200, 5400), 1)]
    for between, first in ((",\n", "\n"), (", ", " ")):
        text = f"{head}{first}{between.join(rows)};\n"
        units = code_units(text, "sql")
        assert [text[u.start : u.end].rstrip(",;") for u in units] == [head, *rows]
        assert {u.parent for u in units[1:]} == {0}
    short = f"{head} (1,'A1',6800), (2,'A2',7900);\n"
    assert len(code_units(short, "sql")) == 1


@pytest.mark.parametrize("insert", ["INSERT INTO", "insert or ignore into", "REPLACE INTO"])
@pytest.mark.parametrize("name", ["sheds", '"sheds"', "`Sheds`", "public.sheds", "[dbo].[sheds]"])
def test_rows_without_names_of_columns_stand_under_the_table_that_has_them(insert: str, name: str) -> None:
    columns = "\n  id INT,\n  code TEXT,\n  fee REAL,\n  PRIMARY KEY (id)\n"
    table = f"CREATE TABLE IF NOT EXISTS sheds ({columns});"
    rows = [f"{insert} {name} VALUES ({n},'A{n}',{50 + n});" for n in range(1, 4)]
    other = "INSERT INTO ferries (id, name) VALUES (1, 'Nora');"
    text = "\n".join([table, "CREATE TABLE boats (id INT);", *rows, other, ""])
    units = code_units(text, "sql")
    check_units(text, units)
    assert all(chain(text, units, row)[0] == table for row in rows)
    assert chain(text, units, other) == [other]


def test_a_table_whose_rows_name_their_columns_is_still_cut_by_column() -> None:
    table = "CREATE TABLE sheds (\n  id INT,\n  code TEXT,\n  fee REAL,\n  owner TEXT\n);"
    text = f"{table}\nINSERT INTO sheds (id, code) VALUES (1, 'A1');\n"
    assert len(code_units(text, "sql")) == 6


BIBLIOGRAPHY = """\
% my library
@string{jhs = "Journal of Harbour Studies"}

@article(fenwick18,
author = "Fenwick, Ada",
title = "The {H}ull gate",
abstract = {Long text
that goes on, with a = b
and ends here.},
year = 2018
)
@misc{one, title={On one line}, year={1999}}
@book{two, author={Moore, Ben},
  title={Two
  lines},
  isbn={1-2}}
Some remark
@book{three,
  year = {2001},
  edition = {2},
}
"""


def test_fields_of_a_bibliography_stand_under_entry_and_title() -> None:
    units = code_units(BIBLIOGRAPHY, "bibtex")
    assert chain(BIBLIOGRAPHY, units, "year = 2018") == [
        "@article(fenwick18,",
        'title = "The {H}ull gate",',
        "year = 2018",
    ]
    assert trail(BIBLIOGRAPHY, units, "year = 2018") == ["fenwick18", 'title = "The {H}ull gate",']
    assert chain(BIBLIOGRAPHY, units, "and ends here")[-1].startswith("abstract = {Long text\n")
    assert chain(BIBLIOGRAPHY, units, "isbn")[1:] == ["title={Two\n  lines},", "isbn={1-2}}"]
    assert chain(BIBLIOGRAPHY, units, "1999") == ["@misc{one, title={On one line}, year={1999}}"]
    assert chain(BIBLIOGRAPHY, units, "Some remark") == ["Some remark"]
    assert chain(BIBLIOGRAPHY, units, "edition") == ["@book{three,", "edition = {2},"]


@pytest.mark.parametrize("broken", ["@article{a,\n  title = {x", "@book{a,\n}}}}\n@book{b,\n t = {1},\n}", "@(,{\n)\n"])
def test_a_broken_bibliography_is_units_all_the_same(broken: str) -> None:
    check_units(broken, code_units(broken, "bibtex"))


REFERENCES = """TY  - BOOK
AU  - Moore, Ben
TI  - The gate - a history
N1  - Lent to the warden
until May.
ER  -

PMID- 731
OWN - HAR
TI  - Gates that
      leak.
AB  - They do.
"""


def test_fields_of_a_reference_stand_under_its_first_and_its_title() -> None:
    units = code_units(REFERENCES, "ris")
    assert chain(REFERENCES, units, "Lent") == [
        "TY  - BOOK",
        "TI  - The gate - a history",
        "N1  - Lent to the warden\nuntil May.",
    ]
    assert trail(REFERENCES, units, "Lent") == ["BOOK", "TI - The gate - a history"]
    assert chain(REFERENCES, units, "They do.") == ["PMID- 731", "TI  - Gates that\n      leak.", "AB  - They do."]


@pytest.mark.parametrize("broken", ["ER  -\nER  - \n", "The gate\n  TI  - x\n\nTY  - \n", "TY  - A\nTY  - B\n"])
def test_a_broken_reference_is_units_all_the_same(broken: str) -> None:
    check_units(broken, code_units(broken, "ris"))


def test_members_of_a_list_are_units_though_each_ends_in_a_comma() -> None:
    text = "// settings\n{\n  amber: { limit: 41, },\n  basalt: { limit: 52, },\n}\n"
    assert units_of(text, "json5") == ["// settings", "{", "amber: { limit: 41, },", "basalt: { limit: 52, },"]


def test_a_description_of_graphql_stands_with_what_it_describes() -> None:
    text = (
        'type Mutation {\n  "Needs the role MASTER."\n  expel(vessel: ID!): Boolean!\n'
        '  "Needs the role PILOT."\n  berth(vessel: ID!): Vessel!\n}\n'
    )
    units = code_units(text, "graphql")
    check_units(text, units)
    about = subject(text, units, 1, "graphql")
    assert about is not None
    assert text[about.start : about.end].strip() == "expel(vessel: ID!): Boolean!"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ('<?xml version="1.0"?>\n<!DOCTYPE a>\n<a>\n<b>one</b>\n<c>two</c>\n</a>\n', "xml"),
        ("#!/bin/sh\n\nset -e\nrun --all\n", "bash"),
        ("<?php\n\n$a = 1;\necho $a;\n", "php"),
    ],
)
def test_what_says_only_how_to_read_a_file_is_noise(text: str, language: str) -> None:
    units = code_units(text, language)
    assert units[0].noise
    assert not units[-1].noise
