"""Conditions in lines of their own: templates and conditional compilation."""

from __future__ import annotations

from units_support import chain, check_units

from ctxpipe.compress.text.code import code_units

SWIFT = """\
#if os(watchOS)
let berths = 3
#elseif canImport(AppKit)
let berths = 12
#else
let berths = 7
#endif
let piers = 2

final class Harbour {
    let name = "Faro"
    #if DEBUG
    let trace = true
    #if SLOW
    let pause = 40
    #endif
    func log() {
        print("log")
    }
    #else
    let trace = false
    #endif
    let depth = 9
}
"""


def test_what_is_compiled_on_a_condition_stands_under_it() -> None:
    units = code_units(SWIFT, "swift")
    check_units(SWIFT, units)
    assert chain(SWIFT, units, "berths = 3")[:-1] == ["#if os(watchOS)"]
    assert chain(SWIFT, units, "berths = 12")[:-1] == ["#if os(watchOS)", "#elseif canImport(AppKit)"]
    assert chain(SWIFT, units, "berths = 7")[:-1] == ["#if os(watchOS)", "#else"]
    assert chain(SWIFT, units, "piers") == ["let piers = 2"]
    above = ["final class Harbour {", "#if DEBUG"]
    assert chain(SWIFT, units, "pause")[:-1] == [*above, "#if SLOW"]
    assert chain(SWIFT, units, "print")[:-1] == [*above, "func log() {"]
    assert chain(SWIFT, units, "trace = false")[:-1] == [*above, "#else"]
    assert chain(SWIFT, units, "depth")[:-1] == above[:1]


def test_a_condition_that_nothing_ends_heads_nothing() -> None:
    text = "#if os(watchOS)\nlet berths = 3\n#else\nlet piers = 2\n"
    units = code_units(text, "swift")
    check_units(text, units)
    assert {unit.parent for unit in units} == {-1}


def test_a_class_that_goes_on_behind_the_condition_of_its_head() -> None:
    text = "#if A\nclass Boat: Hull {\n#else\nclass Boat {\n#endif\n    let oars = 4\n}\nlet piers = 2\n"
    check_units(text, code_units(text, "swift"))
