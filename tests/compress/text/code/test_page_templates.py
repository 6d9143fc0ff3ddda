"""Conditions of page templates: Jinja, Svelte, Angular, PHP between markup."""

from __future__ import annotations

import pytest
from units_support import chain, check_units

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.code.page_templates import is_page_template

WAYS = {
    "jinja": (
        "{% if boat.long %}",
        "{%- elif boat.old -%}",
        "{% else %}",
        "{% endif %}",
        "{% for p in piers %}",
        "{% endfor %}",
    ),
    "svelte": ("{#if boat.long}", "{:else if boat.old}", "{:else}", "{/if}", "{#each piers as p (p.id)}", "{/each}"),
    "angular": (
        "@if (boat.long) {",
        "} @else if (boat.old) {",
        "} @else {",
        "}",
        "@for (p of piers; track p.id) {",
        "}",
    ),
    "php": (
        "<?php if ($boat->length > 9): ?>",
        "<?php elseif ($boat->old): ?>",
        "<?php else: ?>",
        "<?php endif; ?>",
        "<?php foreach ($piers as $p): ?>",
        "<?php endforeach ?>",
    ),
    "php in braces": (
        "<?php if ($boat->length > 9) { ?>",
        "<?php } elseif ($boat->old) { ?>",
        "<?php } else { ?>",
        "<?php } ?>",
        "<?php foreach ($piers as $p) { ?>",
        "<?php } ?>",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_a_page_shows_on_a_condition_stands_under_it(way: str) -> None:
    opens, turns, otherwise, ends, loop, done = WAYS[way]
    text = (
        f'<div class="fees">\n  {opens}\n    <p>A berth costs 90 euros.</p>\n    {loop}\n      <p>Pier free.</p>\n'
        f"    {done}\n    <p>Pay at once.</p>\n  {turns}\n    <p>Ask the master.</p>\n  {otherwise}\n"
        f"    <p>A berth costs 30 euros.</p>\n  {ends}\n  <p>Closed in May.</p>\n</div>\n"
    )
    language = "php" if "php" in way else "html"
    units = code_units(text, language)
    check_units(text, units)
    above = ['<div class="fees">', opens]
    assert chain(text, units, "90 euros")[:-1] == above
    assert chain(text, units, "Pier free")[:-1] == [*above, loop]
    assert chain(text, units, "Pay at once")[:-1] == above
    assert chain(text, units, "Ask the")[:-1] == [*above, turns]
    assert chain(text, units, "30 euros")[:-1] == [*above, otherwise]
    assert chain(text, units, "Closed")[:-1] == above[:1]
    assert language == "php" or is_page_template(text) == (way != "svelte")


def test_a_value_of_php_cuts_no_sentence_and_code_stays_code() -> None:
    text = (
        "<?php\nfunction fee($boat) {\n    return 12 * $boat->length;\n}\n?>\n"
        "<p>All <?= count($boats) ?> boats pay.</p>\n"
        "<?php if ($late): ?>\nYou are <?= $days ?> days late.\n<?php endif; ?>\n"
    )
    units = code_units(text, "php")
    check_units(text, units)
    assert chain(text, units, "boats pay") == ["<p>All <?= count($boats) ?> boats pay.</p>"]
    assert chain(text, units, "days late") == ["<?php if ($late): ?>", "You are <?= $days ?> days late."]
    assert chain(text, units, "return 12")[-2] == "function fee($boat) {"


def test_methods_that_print_markup_are_still_methods() -> None:
    text = (
        "<?php\nclass Pier {\n    function show() {\n        ?>\n        <p>Pier</p>\n"
        "        <?php if ($this->free): ?>\n"
        "        <p>Free</p>\n        <?php endif; ?>\n        <?php\n    }\n"
        "    function fee() {\n        return 12;\n    }\n}\n"
    )
    units = code_units(text, "php")
    check_units(text, units)
    assert chain(text, units, "return 12")[:-1] == ["class Pier {", "function fee() {"]


@pytest.mark.parametrize(
    "text",
    [
        "<p>{% if a %}yes{% endif %}</p>\n<p>more</p>\n",
        "<h1>How to</h1>\n<pre>\n{% if a %}\nyes\n{% endif %}\n</pre>\n",
        "<script>\nif (a) {\n}\n</script>\n<style>\n@media (print) {\n}\n</style>\n",
        "<p>Write to ann@example.org</p>\n",
        "{% block a %}\n<p>never ended</p>\n",
    ],
)
def test_other_pages_are_no_templates(text: str) -> None:
    assert not is_page_template(text)


def test_what_is_set_and_never_ended_heads_nothing() -> None:
    text = '{% extends "base.html" %}\n{% set fee = 3 %}\n{% block a %}\n<p>A</p>\n{% endblock a %}\n<p>B</p>\n'
    units = code_units(text, "html")
    check_units(text, units)
    assert chain(text, units, "<p>A")[:-1] == ["{% block a %}"]
    assert chain(text, units, "<p>B") == ["<p>B</p>"]
