"""SQL beyond single statements: sections of migrations, and routines."""

from __future__ import annotations

import pytest
from units_support import chain, check_units, trail

from ctxpipe.compress.text.code import code_units


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("-- +goose Up", "-- +goose Down"),
        ("-- +migrate Up notransaction", "-- +migrate Down"),
        ("-- migrate:up", "-- migrate:down transaction:false"),
        ("-- !Ups", "-- !Downs"),
        ("-- Up Migration", "-- Down Migration"),
        ("--changeset ann:1", "--changeset ann:2 context:test"),
    ],
)
def test_statements_of_a_migration_stand_under_what_says_when_they_are_run(up: str, down: str) -> None:
    text = (
        f"-- Berths get numbers.\n{up}\n-- the number on the quay\nALTER TABLE berths ADD COLUMN no INT;\n\n"
        "CREATE TABLE oars (\n  id INT,\n  wood TEXT,\n  size INT,\n  pier INT\n);\n"
        "INSERT INTO oars VALUES (1, 'ash', 3, 4);\n"
        f"{down}\nDROP TABLE oars;\nALTER TABLE berths DROP COLUMN no;\n"
    )
    units = code_units(text, "sql")
    check_units(text, units)
    assert chain(text, units, "ADD COLUMN")[:-1] == [up]
    assert chain(text, units, "the number on")[:-1] == [up]
    assert chain(text, units, "'ash'")[0] == up
    assert chain(text, units, "DROP TABLE")[:-1] == [down]
    assert chain(text, units, "DROP COLUMN")[:-1] == [down]
    assert trail(text, units, "DROP COLUMN") == [down.lstrip("- ")]
    assert chain(text, units, "Berths get") == ["-- Berths get numbers."]


@pytest.mark.parametrize(
    "comment", ["-- up to 40 boats", "-- Down the quay", "-- migrate later", "-- +goose StatementBegin"]
)
def test_other_comments_head_nothing(comment: str) -> None:
    text = f"{comment}\n\nSELECT 1;\nSELECT 2;\n"
    units = code_units(text, "sql")
    assert {unit.parent for unit in units} == {-1}


LINES = "".join(f"    UPDATE piers SET fee = {i} WHERE id = {i} AND owner = 'harbour master';\n" for i in range(9))


def test_routines_between_delimiters_are_whole_statements() -> None:
    text = (
        "DELIMITER $$\n\n-- What a berth costs.\nCREATE PROCEDURE fee(IN boat INT, OUT euros INT)\nBEGIN\n"
        f"    DECLARE tide INT;\n    IF boat < 9 THEN\n        SET euros = 12;\n    ELSE\n        SET euros = 31;\n"
        f"    END IF;\n{LINES}END $$\n\n"
        "CREATE PROCEDURE rest()\nBEGIN\n    SELECT 7;\nEND $$\nDELIMITER ;\nSELECT 1;\nSELECT 2;\n"
    )
    units = code_units(text, "sql")
    check_units(text, units)
    head = "CREATE PROCEDURE fee(IN boat INT, OUT euros INT)"
    assert chain(text, units, "euros = 12")[:-1] == [head, "BEGIN", "IF boat < 9 THEN"]
    assert chain(text, units, "euros = 31")[:-1] == [head, "BEGIN", "IF boat < 9 THEN", "ELSE"]
    assert chain(text, units, "SELECT 7") == ["CREATE PROCEDURE rest()\nBEGIN\n    SELECT 7;\nEND $$"]
    assert chain(text, units, "What a berth") == ["-- What a berth costs."]
    assert chain(text, units, "SELECT 2") == ["SELECT 2;"]


def test_bodies_of_functions_in_a_package_stand_under_their_heads() -> None:
    bodies = "".join(
        f"  FUNCTION {name}(p_days IN NUMBER) RETURN NUMBER IS\n    v_fee NUMBER := {fee};\n"
        f"  BEGIN\n    IF p_days > {fee} THEN\n"
        f"      v_fee := {fee + 1};\n    END IF;\n    RETURN v_fee;\n  EXCEPTION\n    WHEN NO_DATA_FOUND THEN\n"
        f"      RETURN -{fee};\n  END {name};\n\n"
        for name, fee in (("late", 60), ("lost", 90), ("loan", 30))
    )
    text = f"CREATE OR REPLACE PACKAGE BODY fees AS\n{bodies}END fees;\n/\nSELECT 1 FROM dual;\n"
    units = code_units(text, "sql")
    check_units(text, units)
    head = ["CREATE OR REPLACE PACKAGE BODY fees AS", "FUNCTION lost(p_days IN NUMBER) RETURN NUMBER IS"]
    assert chain(text, units, "NUMBER := 90")[:-1] == head
    assert chain(text, units, "v_fee := 91")[:-1] == [*head, "BEGIN", "IF p_days > 90 THEN"]
    assert chain(text, units, "RETURN -90")[:-1] == [*head, "EXCEPTION", "WHEN NO_DATA_FOUND THEN"]
    assert chain(text, units, "dual") == ["SELECT 1 FROM dual;"]


@pytest.mark.parametrize(
    "routine",
    [
        "CREATE OR REPLACE FUNCTION f RETURN NUMBER IS\n  v NUMBER := 1;\n  w NUMBER;\nBEGIN\n  RETURN v;\nEND f;",
        "CREATE OR REPLACE FUNCTION f() RETURNS int AS 'SELECT 1' LANGUAGE sql;",
        "CREATE PROCEDURE f AS SELECT 1;",
        "CREATE OR REPLACE FUNCTION f(x INT64) AS (x + 1);",
        "CREATE PROCEDURE f() BEGIN\n  CASE a WHEN 1 THEN SELECT 1; END CASE;\n  SELECT 3;\nEND;",
    ],
)
def test_a_routine_ends_where_its_block_does(routine: str) -> None:
    text = f"{routine}\nSELECT 2;\nBEGIN;\nSELECT 4;\n"
    units = code_units(text, "sql")
    check_units(text, units)
    assert [text[u.start : u.end] for u in units] == [routine, "SELECT 2;", "BEGIN;", "SELECT 4;"]
