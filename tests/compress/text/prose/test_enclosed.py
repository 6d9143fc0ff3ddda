"""What a mark ends: items of POD, folded details of Markdown, blocks of AsciiDoc with a title."""

from __future__ import annotations

import pytest
from units_support import check_units

from ctxpipe.compress.text.outline import Outline, outline
from ctxpipe.compress.types import Document, Kind

POD = """=head2 moor( %args )

=over 4

=item side

Which side of the quay.

=over 2

=item north

Only in summer.

=back

=item nights

Default: 2.

=back

Dies if the quay is full.
"""
DETAILS = """# Quay

## Fees

<details>
<summary>Why so much?</summary>

### Costs

The crane is old.

</details>

Boats pay 40 crowns.

<details><summary>And rafts?</summary>
Rafts pay nothing.
</details>
Nets are free.
"""
BLOCKS = """= Quay

== Storms

.Doubled lines
====
Use two bow lines.

=== Not a section

Use four springs.
====

Leave before noon.

[CAUTION]
====
The bar breaks.
====

Call the warden.
"""


def _outline(text: str, kind: Kind = "text", language: str = "") -> Outline:
    made = outline(Document(text=text, source="x", kind=kind, language=language))
    check_units(text, made.units(0, len(text)))
    return made


def trails(made: Outline) -> dict[str, tuple[str, ...]]:
    """The trail of each sentence and item."""
    text = made.document.text
    return {text[u.start : u.end]: made.trail(u) for u in made.units(0, len(text)) if not u.noise and not u.title}


def test_back_ends_the_items_of_pod() -> None:
    made = trails(_outline(POD))
    assert made["Only in summer."] == ("moor( %args )", "side", "north")
    assert made["Default: 2."] == ("moor( %args )", "nights")
    assert made["Dies if the quay is full."] == ("moor( %args )",)


def test_items_without_an_end_stay_open() -> None:
    assert trails(_outline(POD.replace("=back\n\n", "")))["Dies if the quay is full."] == ("moor( %args )", "nights")


def test_the_end_of_details_ends_what_their_summary_heads() -> None:
    made = trails(_outline(DETAILS, "markdown"))
    assert made["The crane is old."] == ("Quay", "Fees", "Why so much?", "Costs")
    assert made["Boats pay 40 crowns."] == made["Nets are free."] == ("Quay", "Fees")
    assert made["Rafts pay nothing."] == ("Quay", "Fees", "And rafts?")


@pytest.mark.parametrize("line", ["See `</details>` here.", "The mark `<details>` folds."])
def test_a_mark_within_a_sentence_ends_nothing(line: str) -> None:
    made = trails(_outline(f"# Quay\n\n<summary>Why?</summary>\n\n{line}\n\nNets are free.\n", "markdown"))
    assert made["Nets are free."] == ("Quay", "Why?")


def test_a_title_heads_its_block_of_asciidoc() -> None:
    made = trails(_outline(BLOCKS, language="asciidoc"))
    assert made["Use two bow lines."] == ("Quay", "Storms", "Doubled lines")
    assert made["Use four springs."] == ("Quay", "Storms", "Doubled lines", "Not a section")
    assert made["Leave before noon."] == made["Call the warden."] == ("Quay", "Storms")
    assert made["The bar breaks."] == ("Quay", "Storms", "CAUTION")


@pytest.mark.parametrize(
    "above",
    ["Storms come from here.\n", "", "[[storms]]\n", "[source,python]\n.Moor\n", ". Moor the boat.\n+\n"],
    ids=["a sentence", "nothing", "an anchor", "code", "an item"],
)
def test_other_blocks_of_asciidoc_are_left_alone(above: str) -> None:
    text = f"= Quay\n\n{above}====\nUse two lines.\n\nLeave early.\n====\n\nCall the warden.\n"
    made = _outline(text, language="asciidoc")
    assert [unit.title for unit in made.units(0, len(text)) if unit.kind == "heading"] == ["Quay"]


def test_marks_of_a_long_text_are_paired_in_little_time() -> None:
    text = "# Quay\n\n" + "<details>\n<summary>Why?</summary>\n\nNo.\n\n" * 2000 + "</details>\n\n" * 2000
    assert len(_outline(text, "markdown").units(0, len(text))) > 6000
