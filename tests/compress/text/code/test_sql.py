"""SQL beyond single statements: sections of migrations."""

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
