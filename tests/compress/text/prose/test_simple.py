"""Simple tables of reStructuredText."""

from __future__ import annotations

import pytest

from ctxpipe import Pipeline
from ctxpipe.compress.text.outline import outline
from ctxpipe.compress.types import Document

RULE = "=======  =========  ============"
HEAD = "Pier     Depth      Remarks"
PIERS = f"""Piers
=====

{RULE}
{HEAD}
{RULE}
North          4.5  open, not in
                    winter
South          6.0  closed since
                    2022

West           2.5  rafts only
{RULE}

All are free.

{RULE}
Faro             3  {"x" * 5}
Lagos            8  y
{RULE}

{RULE}
Braga            1  z
{RULE}
"""


def units(text: str) -> dict[str, list[str]]:
    made = outline(Document(text=text, source="x.rst", language="rst"))
    found = [u for u in made.units(0, len(text)) if not u.noise]
    return {text[u.start : u.end]: [text[a.start : a.end] for a in reversed(made.chain(u))] for u in found}


@pytest.mark.parametrize("text", [PIERS, PIERS.replace("\n", "\r\n")])
def test_a_row_is_whole_under_the_titles(text: str) -> None:
    found = {words.replace("\r", ""): [a.replace("\r", "") for a in above] for words, above in units(text).items()}
    for row in ("North          4.5  open, not in\n                    winter", "West           2.5  rafts only"):
        assert found[row] == ["Piers\n=====", HEAD]
    assert found["South          6.0  closed since\n                    2022"] == ["Piers\n=====", HEAD]
    for row in ("Lagos            8  y", "Braga            1  z", "All are free."):
        assert found[row] == ["Piers\n====="]


@pytest.mark.parametrize("indent", ["", "   "])
def test_titles_may_stand_under_dashes_and_in_a_directive(indent: str) -> None:
    rule = "=======  ========="
    lines = [rule, "Pier     Depth", "         in metres", "-------  ---------", rule, "North          4.5", rule]
    found = units(".. table:: Depths\n\n" + "".join(f"{indent}{line}\n" for line in lines))
    head = f"\n{indent}".join(lines[1:4])
    assert found["North          4.5"] == ([".. table:: Depths", head] if indent else [head])


@pytest.mark.parametrize("text", [f"{RULE}\n", f"{RULE}\n{RULE}\n", f"{RULE}\nFaro\n", f"{RULE}\nA\n==  ==\n"])
def test_rules_without_rows_are_no_table(text: str) -> None:
    made = outline(Document(text=text, source="x"))
    held = "".join(text[u.start : u.end] for u in made.units(0, len(text)))
    assert "".join(held.split()) == "".join(text.split())


@pytest.mark.parametrize("budget", [30, 45, 70])
def test_a_kept_row_brings_the_titles(budget: int) -> None:
    document = Document(text=PIERS, source="x.rst", language="rst")
    kept = Pipeline(rank="bm25").compress(document, question="Since when is the South pier closed?", budget=budget)
    assert HEAD in kept.text.split("South  ")[0]
    assert "closed since\n                    2022" in kept.text
