"""Perl: manuals (POD) between code."""

from __future__ import annotations

from units_support import chain, check_units

from ctxpipe.compress.text.code import code_units


def test_code_below_a_manual_does_not_stand_under_its_headings() -> None:
    text = (
        "=head1 NAME\n\nFees\n\n=head2 berth($boat)\n\nWhat a berth costs.\n\n=cut\n\n"
        "sub berth {\n    return 12;\n}\n\n"
        "=head2 rest\n\nWhat is left.\n\n=cut\n\nsub rest {\n    return 9;\n}\n"
    )
    units = code_units(text, "perl")
    check_units(text, units)
    assert chain(text, units, "return 12") == ["sub berth {", "return 12;"]
    assert chain(text, units, "What is left")[-2:] == ["=head2 rest", "What is left."]
    assert chain(text, units, "return 9") == ["sub rest {", "return 9;"]
    assert chain(text, units, "What a berth")[:-1] == ["=head1 NAME", "=head2 berth($boat)"]
