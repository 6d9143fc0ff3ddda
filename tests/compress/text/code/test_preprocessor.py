"""Directives of C that halve a block or stand in a list of values."""

from __future__ import annotations

import pytest
from units_support import chain, check_units

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.code.preprocessor import with_plain_directives

HALVED = """\
int moor(struct boat *b)
{
    int ropes = 2;
#if WITH_TIDE > 1 /* { */
    while (b->tide) {
        puts("{");
#elif defined(WITH_TIDE)
    if (b->tide) {
#else
    if (b->deep) {
#endif
        b->fee = 70;
        tie(b);
    }
#ifdef WITH_LOG
    if (b->log) {
#endif
        record(b);
#ifdef WITH_LOG
    }
#endif
    return 31;
}

int cast_off(void)
{
    int ropes = 5;
    return 44;
}
"""


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_branches_that_open_the_same_block_are_one_header_of_it(language: str) -> None:
    units = code_units(HALVED, language)
    check_units(HALVED, units)
    head = "int moor(struct boat *b)\n{"
    above, header, _ = chain(HALVED, units, "b->fee = 70")
    assert above == head
    assert header.startswith("#if WITH_TIDE > 1")
    assert header.endswith("if (b->deep) {\n#endif")
    assert chain(HALVED, units, "tie(b)")[:-1] == [head, header]
    assert chain(HALVED, units, "record")[:-1] == [head, "#ifdef WITH_LOG\n    if (b->log) {\n#endif"]
    assert chain(HALVED, units, "return 31") == [head, "return 31;"]
    assert chain(HALVED, units, "return 44") == ["int cast_off(void)\n{", "return 44;"]


def test_directives_of_a_list_head_the_values_between_them() -> None:
    values = "".join(f"    .value_{i} = {i} * BASE_OF_ALL_VALUES,\n" for i in range(8))
    text = (
        f"static const struct ops ops = {{\n{values}    .timeout = 12,\n#ifdef CONFIG_PM\n    .delay = 340,\n#else\n"
        "    .delay = 20,\n#endif /* CONFIG_PM */\n    .last = 3,\n};\n\nint berths = 4;\n"
    )
    units = code_units(text, "c")
    check_units(text, units)
    head = "static const struct ops ops = {"
    assert chain(text, units, ".timeout") == [head, ".timeout = 12,"]
    assert chain(text, units, "340") == [head, "#ifdef CONFIG_PM", ".delay = 340,"]
    assert chain(text, units, ".delay = 20") == [head, "#ifdef CONFIG_PM", "#else", ".delay = 20,"]
    assert chain(text, units, ".last") == [head, ".last = 3,"]
    assert chain(text, units, "berths") == ["int berths = 4;"]


@pytest.mark.parametrize(
    "text",
    [
        "#ifdef A\nint f(void) {\n  return 1;\n}\n#else\nint f(void) {\n  return 2;\n}\n#endif\n",
        "#ifdef A\n} else {\n#else\n  g();\n#endif\n",
        "#ifdef A\nif (x) {\n#else\ng();\n#endif\n",
        "#ifdef A\nif (x) {\n#endif\n",
        "void f(void) {\n#ifdef A\n  g();\n#endif\n}\n",
    ],
)
def test_directives_around_whole_blocks_are_left_to_the_parser(text: str) -> None:
    assert with_plain_directives(text) == text


@pytest.mark.parametrize(
    "text", [HALVED, HALVED.replace("\n", "\r\n"), "#if\n{\n#else\n{\n#endif", "= {\n#if\n#if 1\n}"]
)
def test_a_plain_text_is_as_long(text: str) -> None:
    assert len(with_plain_directives(text)) == len(text)
