"""What holds for any text in any language, however malformed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from units_support import check_units

from ctxpipe.compress.text.code import code_units
from ctxpipe.compress.text.code.grammars import GRAMMARS

SAMPLES = {path.stem: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "samples").glob("*.txt")}
LANGUAGES = sorted({*GRAMMARS, *SAMPLES, "html", "batch", "", "unheard-of"})
TOKENS = st.sampled_from(
    [
        *"{}[]()<>;:,.=+-*/%&|^~!?@#$\\\"'`\n\t ",
        *(
            '"""',
            "'''",
            "/*",
            "*/",
            "//",
            "--",
            "#if X\n",
            "#endif\n",
            "{-",
            "-}",
            "<<EOF\n",
            "EOF\n",
            'r#"',
            "${",
            "#{",
        ),
        *(
            "if x:\n",
            "else",
            "else {\n",
            "end\n",
            "do\n",
            "begin\n",
            "fi\n",
            "case a in\n",
            "def f(x):\n    ",
            "class A {\n",
        ),
        *(
            "\n    ",
            "\n  - ",
            "a: ",
            "|\n  ",
            "<a>",
            "</a>",
            "<a b='",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "[a.b]\n",
            "[[a]]\n",
        ),
        *(
            "a = 1",
            "f(x)",
            "return x",
            "'a'",
            "é",
            "字",
            "\u2028",
            "\r\n",
            "\r",
            "\0",
            "\ufeff",
            "\ud800",
            "a" * 170,
            "x" * 450,
        ),
        *(
            "SELECT 1;",
            "CREATE FUNCTION f() AS $$",
            "COPY a FROM stdin;\n",
            "\\.\n",
            "@@ -1 +1 @@\n",
            "diff --git a/b b/b\n",
        ),
    ]
)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=20)
@given(text=st.lists(TOKENS, max_size=60).map("".join) | st.text(max_size=200))
def test_units_of_anything(language: str, text: str) -> None:
    check_units(text, code_units(text, language))


@pytest.mark.parametrize("name", sorted(SAMPLES))
@settings(max_examples=12)
@given(data=st.data())
def test_units_of_broken_code(name: str, data: st.DataObject) -> None:
    text = SAMPLES[name]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.sampled_from([0, 1, 2, 9, 90])))
        text = text[:start] + data.draw(TOKENS) + text[end:]
    check_units(text, code_units(text, name))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", " ", "\n\n", "x", "\x00\x01\x02\xff" * 40, "\ud800", "}" * 50, "\\\n" * 300])
def test_small_and_odd(language: str, text: str) -> None:
    units = code_units(text, language)
    check_units(text, units)
    assert bool(units) == bool(text.strip())


DEEP = [
    "(",
    "[",
    "{",
    "<a>",
    "if (x) {\n",
    "if x:\n",
    "a:\n ",
    "/*",
    "{-",
    '"${',
    "<T<",
    "%w(",
    "!x ",
    "do |x|\n",
    "- ",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nested_beyond_any_recursion_limit(language: str) -> None:
    for opening in DEEP:
        text = opening * (3_000 // len(opening))
        check_units(text, code_units(text, language))
    steps = "".join(f"{' ' * depth}if x:\n" for depth in range(400))
    check_units(steps, code_units(steps, language))


def test_indentation_is_followed_beyond_the_recursion_limit() -> None:
    text = "".join(f"{' ' * depth}a{depth}:\n" for depth in range(1500))
    units = code_units(text, "")
    check_units(text, units)
    assert [unit.parent for unit in units] == [-1, *(unit.start for unit in units[:-1])]


@pytest.mark.parametrize("language", ["python", "js", "yaml", "xml", "sql", "css", "toml", "", "go"])
def test_a_long_line_is_cut(language: str) -> None:
    text = {"xml": "<a><b>1</b></a>", "sql": "INSERT INTO t VALUES " + "(1, 'a')," * 4}.get(
        language, "f(1);g{x:1};"
    ) * 4000
    units = code_units(text, language)
    check_units(text, units)
    assert max(unit.end - unit.start for unit in units) < 2_500


def test_a_bundle_on_one_line_is_statements_under_their_functions() -> None:
    functions = "".join(f"function f{i}(a){{{'var x=a+1;' * 40}return x}}" for i in range(50))
    text = f"(function(){{{functions}}})();"
    units = code_units(text, "js")
    check_units(text, units)
    titles = [unit.title for unit in units if unit.title]
    assert titles == [f"function f{i}(a)" for i in range(50)]
    assert all(text[u.close : u.close_end] == "}" for u in units if u.title)


def test_ten_megabytes() -> None:
    block = SAMPLES["python"] + SAMPLES["python"].replace("Ferry", "Tug")
    text = block * (10_000_000 // len(block))
    units = code_units(text, "python")
    check_units(text, units)
    assert sum(unit.title == "class Tug(Ship)" for unit in units) == text.count("class Tug(Ship)")


@pytest.mark.parametrize("language", ["xml", "", "yaml", "sql", "diff", "ini"])
def test_megabytes_without_any_structure(language: str) -> None:
    text = "word " * 600_000
    check_units(text, code_units(text, language))


def test_every_piece_of_a_line_that_nothing_ends_is_reachable() -> None:
    text = "a" * 20_000
    units = code_units(text, "")
    check_units(text, units)
    assert len(units) > 10
    assert re.fullmatch("a+", text[units[3].start : units[3].end])
