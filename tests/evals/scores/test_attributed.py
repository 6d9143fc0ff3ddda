from __future__ import annotations

import pytest

from ctxpipe.evals.scores.attributed import attributed
from ctxpipe.evals.types import Twin


def twins(*found: tuple[str, str]) -> tuple[Twin, ...]:
    return tuple(Twin(names=tuple(names.split("/")), value=value) for names, value in found)


FARO = twins(("Faro", "54"), ("Porto", "47"), ("Lisbon", "40"))


@pytest.mark.parametrize(
    "text",
    [
        "## Faro\n\nA mooring costs 54 euros.",
        "## Porto\n\nA mooring costs 47 euros.\n\n## Faro\n\n…\n\nA mooring costs 54 euros.",
        "[reports/report_faro.txt]\nA mooring costs 54.",
        "FARO\n54",
        "| Porto | 47 |\n| Faro | 54 |",
        "## Faro\n\nA mooring costs 54 euros. To repeat: 54.",
        "For 54 euros one may sail.\n\n## Faro\n\nA mooring costs 54 euros.",  # the first place is open, not wrong
    ],
)
def test_a_value_under_its_own_name_is_attributed(text: str) -> None:
    assert attributed(text, FARO) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "## Faro\n\nA mooring costs 540 euros.",
        "## Faro\n\nA mooring costs 1.54 or 54.5 or 5:54 euros.",
        "A mooring costs 54 euros.",
        "A mooring costs 54 euros.\n\n## Faro",
        "## Porto\n\nA mooring costs 54 euros.",
        "## Faro\n\n## Porto\n\nA mooring costs 54 euros.",
        "## Faro\n\nA mooring costs 54 euros.\n\n## Porto\n\nA mooring costs 54 euros.",
        "## Faroe Islands... Farow\n\nA mooring costs 54 euros.",
    ],
)
def test_a_value_without_its_name_or_under_another_is_not(text: str) -> None:
    assert attributed(text, FARO) == 0


def test_every_level_of_names_counts() -> None:
    found = twins(("Faro/Winter", "54"), ("Faro/Summer", "61"), ("Porto/Winter", "47"))
    assert attributed("# Faro\n## Summer\n61\n## Winter\n54", found) == 1
    assert attributed("# Faro\n## Summer\n54", found) == 0
    assert attributed("# Porto\n## Winter\n54", found) == 0
    assert attributed("# Faro\n54", found) == 0
    assert attributed("[sensors.faro.winter]\nrate = 54", found) == 1


def test_the_longer_of_two_names_counts() -> None:
    found = twins(("Old North Pier", "12:30"), ("North Pier", "9:15"))
    assert attributed("Old North Pier: open at 12:30", found) == 1
    assert attributed("North Pier: open at 12:30", found) == 0
    assert attributed("Old North Pier: open at 9:15", found[::-1]) == 0


def test_values_and_names_may_be_broken_by_lines_and_hyphens() -> None:
    found = twins(("Saint Malo", "14 March"), ("La Rochelle", "3 May"))
    assert attributed("[saint-malo.txt]\nIt opens on 14\nMarch.", found) == 1
    assert attributed("[la_rochelle.txt]\nIt opens on 14\nMarch.", found) == 0


def test_without_twins_there_is_nothing_to_say() -> None:
    with pytest.raises(ValueError, match="no twins"):
        attributed("54", ())
