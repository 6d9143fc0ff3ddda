"""Parts with the same titles again and again stand under what names the thing that they are parts of."""

from __future__ import annotations

import pytest
from units_support import above

from ctxpipe.compress.types import Kind

CAKES = "Cakes of the house\n\n" + "\n\n".join(
    f"{name} Cake\n\nServes {size}\n\nIngredients\n- {size} eggs\n- flour\n\n"
    f"Method\n1. Mix.\n2. Bake for {size}0 minutes."
    for name, size in (("Apple", 4), ("Plum", 4), ("Pear", 5))
)
REPORTS = "\n\n".join(
    f"Patient: {name}, J.   Born: 1950-02-03\nSample: S-{value}   Taken: 07:30\n\n"
    "Test        Result   Unit     Reference\n---------------------------------------\n"
    f"Ferritin    {value}      ug/l     30 - 400\nSodium      13{value % 10}      mmol/l   135 - 145\n\n"
    "Comment: none."
    for name, value in (("Berg", 310), ("Holm", 425), ("Lund", 537))
)


def test_a_title_stands_above_parts_that_every_thing_has() -> None:
    assert above(CAKES, "Bake for 50")[-2:] == ["Pear Cake\n\nServes 5", "Method"]
    assert above(CAKES, "Bake for 40")[-2:] == ["Apple Cake\n\nServes 4", "Method"]
    assert above(CAKES, "5 eggs")[-2:] == ["Pear Cake\n\nServes 5", "Ingredients"]


def test_lines_with_the_same_first_key_stand_above_parts_that_every_record_has() -> None:
    name, titles = above(REPORTS, "Ferritin    425")
    assert name.startswith("Patient: Holm")
    assert titles.startswith("Test        Result")


def test_a_title_with_keys_below_it_stands_above_parts_that_every_record_has() -> None:
    text = "\n\n".join(
        f"Bug {n}\nSummary: crash in {name}\nReporter: Anna\n\n"
        f"Description:\nIt stops.\n\nExpected:\nIt runs {n}0 times."
        for n, name in ((4, "mill"), (5, "barn"), (6, "lodge"))
    )
    assert above(text, "It runs 50")[0] == "Bug 5\nSummary: crash in barn\nReporter: Anna"


def test_underlined_parts_stand_under_the_title_too() -> None:
    text = CAKES.replace("Method\n", "Method\n======\n\n").replace("Ingredients\n", "Ingredients\n===========\n\n")
    assert above(text, "Bake for 50")[-2:] == ["Pear Cake\n\nServes 5", "Method\n======"]


@pytest.mark.parametrize(
    "text",
    [
        "Yes.\n\nWhy not?\n\nYes.\n\nWhen then?\n\nYes.\n\nSo be it.\n",  # sentences name nothing
        "One\n\nNote\nIt rains.\n\nOne\n\nNote\nIt snows.\n\nOne\n\nNote\nIt hails.\n",  # not another name each time
        "One\n\nNote\nIt rains.\n\nNote\nIt snows.\n\nTwo\n\nNote\nIt hails.\n",  # not above all of them
    ],
)
def test_what_names_nothing(text: str) -> None:
    assert not any(words.startswith(("Why", "One")) for words in above(text, "Note" if "Note" in text else "So be"))


HOUSES = "".join(
    f"{{0}} {name}\n\n{{0}} Rent\n\nThe rent is {rent}.\n\n{{0}} Deposit\n\nIt is {rent + 2}.\n\n"
    for name, rent in (("Mill", 310), ("Barn", 425), ("Lodge", 537))
)


@pytest.mark.parametrize(("kind", "mark"), [("markdown", "##"), ("text", "h3.")])
def test_headings_of_one_level_of_which_some_come_again_and_again(kind: Kind, mark: str) -> None:
    text = HOUSES.format(mark)
    assert above(text, "It is 427", kind) == [f"{mark} Barn", f"{mark} Deposit"]
    assert above(text, f"{mark} Lodge", kind) == []


def test_a_part_that_one_thing_alone_has_stands_under_it_too() -> None:
    text = HOUSES.format("##").replace("## Deposit\n\nIt is 427", "## Pets\n\nNone.\n\n## Deposit\n\nIt is 427")
    assert above(text, "None.", "markdown") == ["## Barn", "## Pets"]
    assert above(text, "It is 427", "markdown") == ["## Barn", "## Deposit"]


def test_titles_that_do_not_begin_every_thing_are_no_parts() -> None:
    text = "## Use\n\nA.\n\n## Note\n\nB.\n\n## Build\n\nC.\n\n## Test\n\nD.\n\n## Note\n\nE.\n\n## Ship\n\nF.\n"
    assert above(text, "B.", "markdown") == ["## Note"]
    assert above(text, "F.", "markdown") == ["## Ship"]


def test_titles_of_columns_above_a_rule_are_no_heading() -> None:
    text = "Test     Result   Unit\n----------------------\nIron     31       g\nZinc     42       g\n\nAll is well.\n"
    assert above(text, "Zinc") == ["Test     Result   Unit\n----------------------"]
    assert above(text, "All is well") == []


def test_changes_between_versions_stay_beside_one_another() -> None:
    """Some have the same parts again and again, others have none."""
    parts = "\n".join(
        f"  {part}\n  * What was done for {{}} in {part.lower()}.\n" for part in ("BUGS FIXED", "FEATURES")
    )
    versions = [
        ("2.2", "2.3", parts),
        ("2.1", "2.2", parts),
        ("2.0", "2.1", parts),
        ("1.9", "2.0", "  * A new horn.\n"),
    ]
    text = "".join(f"Changes between Foghorn {a} and {b}\n\n{said.format(b, b)}\n" for a, b, said in versions)
    assert above(text, "A new horn") == ["Changes between Foghorn 1.9 and 2.0"]
