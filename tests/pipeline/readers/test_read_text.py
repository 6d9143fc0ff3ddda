"""Plain files: what they are taken for, that the text is exactly the file, and what a text is called."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.compress.text.data.json_tree import is_json
from ctxpipe.compress.types import Document
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.read import read
from ctxpipe.pipeline.readers.reading import STDIN

PLAIN = ("txt", "md", "py", "json", "csv", "log", "yaml", "tex")


def one(path: Path) -> Document:
    result = read([path])
    assert result.failures == ()
    assert len(result.documents) == 1
    return result.documents[0]


def piped(data: bytes) -> Document:
    result = read(["-"], stdin=io.BytesIO(data))
    assert result.failures == ()
    return result.documents[0]


@given(text=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1))
@pytest.mark.parametrize("ending", PLAIN)
def test_any_text_is_read_back_exactly(ending: str, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"exact.{ending}"
    path.write_bytes(text.encode())
    marked = text.removeprefix("\ufeff")
    result = read([path])
    if marked.isspace() or not marked:
        assert [failure.reason for failure in result.failures] in (["empty"], ["empty: no text in it"])
    else:
        # Where nothing else ends a line, a carriage return does.
        lines = marked if "\n" in marked else marked.replace("\r", "\n")
        assert [document.text for document in result.documents] == [lines]


@pytest.mark.parametrize(
    "text",
    [
        "Erste Zeile\r\nzweite\r\n\r\nletzte",
        "one\rtwo\n\nthree\u2028four\x0cfive",
        "今天天气很好。\n我们去公园。",
        "เมื่อวานฝนตกหนักมาก",
        "مرحبا بالعالم، كيف الحال؟",
        "שלום עולם",
        "family 👨‍👩‍👧‍👦 flag 🇺🇳 accent e\u0301 \U0001f9ea",
        "say <|im_start|>system and <|eot|>\n",
        "\x1b[31mred\x1b[0m log",
        "\n\n  leading and trailing  \n\n",
    ],
)
@pytest.mark.parametrize("ending", ["txt", "md", "py", "csv"])
def test_text_stays_as_it_is(tmp_path: Path, text: str, ending: str) -> None:
    path = tmp_path / f"file.{ending}"
    path.write_bytes(text.encode())
    assert one(path).text == text


@pytest.mark.parametrize(
    ("name", "kind", "language"),
    [
        ("a.txt", "text", ""),
        ("a.log", "text", ""),
        ("a.rst", "text", "rst"),
        ("a.tex", "text", "tex"),
        ("mail.eml", "text", ""),
        ("A.MD", "markdown", ""),
        ("a.csv", "csv", ""),
        ("a.tsv", "csv", ""),
        ("a.yaml", "code", "yaml"),
        ("a.toml", "code", "toml"),
        ("a.sh", "code", "bash"),
        ("a.pl", "code", "perl"),
        ("Rates.bas", "code", "vb"),
        ("main.bicep", "code", "bicep"),
        ("Podfile", "code", "ruby"),
        ("BUILD.bazel", "code", "bazel"),
        ("a.cfg", "code", "conf"),
        ("a.svg", "code", "xml"),
        ("a.py", "code", "python"),
        ("a.js", "code", "js"),
        ("a.tsx", "code", "tsx"),
        ("A.java", "code", "java"),
        ("a.hpp", "code", "cpp"),
        ("a.h", "code", "c"),
        ("a.go", "code", "go"),
        ("a.rs", "code", "rust"),
        ("a.rb", "code", "ruby"),
        ("a.php", "code", "php"),
        ("a.scala", "code", "scala"),
        ("a.swift", "code", "swift"),
        ("a.kt", "code", "kotlin"),
        ("a.cs", "code", "csharp"),
        ("Makefile", "code", "makefile"),
        ("Dockerfile", "code", "dockerfile"),
        (".env", "code", "properties"),
        ("Gemfile", "code", "ruby"),
        ("README", "text", ""),
        ("a.unheard-of", "text", ""),
    ],
)
def test_kind_by_name(tmp_path: Path, name: str, kind: str, language: str) -> None:
    path = tmp_path / name
    path.write_text("x = 1")
    document = one(path)
    assert (document.kind, document.language, document.text) == (kind, language, "x = 1")


def test_languages_have_one_name_each() -> None:
    from langchain_text_splitters import Language

    from ctxpipe.compress.text.code.languages import canonical
    from ctxpipe.pipeline.readers import kinds

    known = {language.value for language in Language} - {"markdown", "latex", "rst", "visualbasic6"}
    assert known <= set(kinds._LANGUAGES)
    assert set(kinds._INTERPRETERS.values()) <= set(kinds._LANGUAGES)
    assert all(canonical(language) == language for language in kinds._LANGUAGES)


@pytest.mark.parametrize(
    ("data", "kind", "language"),
    [
        (b'{"a": [1, 2]}\n', "json", ""),
        (b'{"a": 1}\n{"a": 2}\n', "json", ""),
        (b"[1, 2", "text", ""),
        (b"[link] to something\n", "text", ""),
        (b"42\n", "text", ""),
        (b"#!/usr/bin/env python3\nprint(1)\n", "code", "python"),
        (b"#!/bin/sh\nls\n", "code", "bash"),
        (b"<?xml version='1.0'?><a/>", "code", "xml"),
        (b"<!-- pumps -->\n<topic id='p'><title>Pumps</title></topic>\n", "code", "xml"),
        (b"<think>Well.</think>", "text", ""),
        (b"<topic> is what we call it", "text", ""),
        (b"<!DOCTYPE html><p>hi", "html", ""),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<html><body>hi</body></html>", "html", ""),
        (b"a < b and c > d", "text", ""),
        (b"# not a script", "text", ""),
    ],
)
def test_kind_by_content(tmp_path: Path, data: bytes, kind: str, language: str) -> None:
    path = tmp_path / "nameless"
    path.write_bytes(data)
    for document in (one(path), piped(data)):
        assert (document.kind, document.language) == (kind, language)
        if kind != "html":
            assert document.text == data.decode()


def test_titles(tmp_path: Path) -> None:
    texts = {
        "plain.v2.txt": ("# no heading here", "plain.v2"),
        "heading.md": ("intro\n\n```\n# in code\n```\n\n## The *real* [one](http://x) ##\n", "The *real* one"),
        "setext.md": ("A Title\r\n=======\r\n\r\ntext", "A Title"),
        "front.md": ('---\ntags: x\ntitle: "From the front"\n---\n# Heading\n', "From the front"),
        "rule.md": ("---\nnot: title\n---\n\n# After\n", "After"),
        "none.md": ("- item\n---\nno heading", "none"),
        "bold.md": ("# **Bold**\n", "Bold"),
        "empty.md": ("# \r\n\ntext\n", "empty"),
        "sharp.md": ("# About C#\n", "About C#"),
        "long.md": ("# " + "word " * 1000, ("word " * 60).strip()),
        "hostile.md": ("# x" + "#" * 60_000 + "y\na" + " " * 60_000 + "b\n", "x" + "#" * 299),
        "data.json": ("{}", "data"),
    }
    for name, (text, _) in texts.items():
        (tmp_path / name).write_bytes(text.encode())
    assert {name: one(tmp_path / name).title for name in texts} == {name: title for name, (_, title) in texts.items()}
    assert piped(b"words").title == ""
    assert piped(b"words").source == STDIN


def test_sniffing_hostile_text_takes_no_time() -> None:
    start = time.process_time()
    assert piped(b"<!---->" * 250 + b"x").kind == "text"
    assert piped(b"<!--" * 500 + b"x").kind == "text"
    assert time.process_time() - start < 1


@pytest.mark.parametrize("depth", [500, 200_000])
def test_nested_json_is_json_however_deep(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * depth + "]" * depth)
    assert one(path).kind == "json"


def test_json_that_no_parser_takes_is_text(tmp_path: Path) -> None:
    for name, text in {
        "deep.json": "[" * 200_000 + "]" * 199_999,
        "cut.json": '{"a": [1, 2',
        "comment.json": '{"a": 1} // why',
        "torn.jsonl": '{"a": 1}\n{"a": ',
    }.items():
        (tmp_path / name).write_text(text)
        document = one(tmp_path / name)
        assert (document.kind, document.text) == ("text", text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_json_writes_is_json(value: object) -> None:
    parts = isinstance(value, str | list | dict)  # a number alone is text
    assert is_json(json.dumps(value)) == parts
    assert is_json(json.dumps(value, ensure_ascii=False, indent=2)) == parts
    assert is_json(f"{json.dumps(value)}\r\n\r\n{json.dumps(value)}\n") == parts
    assert not is_json(json.dumps({"a": value})[:-1])


BLANK = (b"", b"\n", b" \t\r\n\x0b\x0c ")
BLANK_TEXT = (*BLANK, "\u3000\n\u2003".encode(), b"\xef\xbb\xbf", b"\xff\xfe \0")


@pytest.mark.parametrize(
    ("ending", "data"),
    [(ending, data) for ending in ("txt", "json", "html") for data in BLANK_TEXT]
    + [(ending, data) for ending in ("pdf", "docx", "xlsx") for data in BLANK],
)
def test_a_file_without_text_is_empty(tmp_path: Path, ending: str, data: bytes) -> None:
    path = tmp_path / f"blank.{ending}"
    path.write_bytes(data)
    result = read([path])
    assert result.documents == ()
    assert [str(failure).split(":")[:2] for failure in result.failures] == [[str(path), " empty"]]


def test_a_million_cells_and_a_line_of_5_mb(tmp_path: Path) -> None:
    table, line = tmp_path / "wide.csv", tmp_path / "line.txt"
    table.write_text("a,b,c,d,e\n" + "1,2,3,4,5\n" * 200_000)
    line.write_text("word " * 1_000_000)
    start = time.process_time()
    first, second = read([table, line]).documents
    assert time.process_time() - start < 1
    assert (first.kind, first.text.count(",")) == ("csv", 200_001 * 4)
    assert len(second.text) == 5_000_000


RECORD = json.dumps({"name": "value " * 10, "numbers": list(range(20)), "nested": {"a": [1.5, None, True]}})


def test_a_huge_file_takes_no_time(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.write_text("[" + ",\n".join([RECORD] * 250_000) + "]")
    size = path.stat().st_size
    assert size > 40e6
    start = time.process_time()
    document = one(path)
    assert time.process_time() - start < 3
    assert (document.kind, len(document.text)) == ("json", size)


@pytest.mark.parametrize(("name", "between"), [("a.json", ",\n"), ("a.jsonl", "\n"), ("a.txt", "\n"), ("a.md", "\n")])
def test_reading_takes_memory_of_the_file_and_its_text(tmp_path: Path, name: str, between: str) -> None:
    import tracemalloc

    path = tmp_path / name
    text = between.join([RECORD] * 20_000)
    path.write_text(f"[{text}]" if name == "a.json" else text)
    tracemalloc.start()
    try:
        document = one(path)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * path.stat().st_size
    finally:
        tracemalloc.stop()
    assert document.kind == {"a.txt": "text", "a.md": "markdown"}.get(name, "json")


def test_json_with_comments_is_read_by_its_keys() -> None:
    text = '{\n  // piers\n  "north": {\n    "fee": 31,\n  },\n  "south": {\n    "fee": 45,\n  },\n}\n'
    document = load(text.encode(), source="a.json", name="a.json")
    assert (document.kind, document.language) == ("code", "json5")
