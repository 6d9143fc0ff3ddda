"""Comments that name a section of code stand above what follows them."""

from __future__ import annotations

import pytest
from units_support import above

BANNERS = [
    ("python", "# ---- {} ----"),
    ("python", "# src/{}.py"),
    ("bash", "####### {} #######"),
    ("go", "// ===== {}"),
    ("go", "//////////////////////\n// {}\n//////////////////////"),
    ("js", "/* ---------- {} ---------- */"),
    ("swift", "// MARK: - {}"),
    ("rust", "// ── {} ───────────────"),
    ("yaml", "# === {} ==="),
    ("properties", "#----------------\n# {}\n#----------------"),
    ("sql", "-- ------- {} -------"),
    ("python", "#\n# {}\n#"),
    ("bash", "#\n# {}\n#"),
    ("go", "//\n// {}\n//"),
]
LIMITS = {"python": "limit = {}", "bash": "LIMIT={}", "yaml": "k{0}: {0}", "properties": "limit={}"}
LIMITS |= {"go": "var limit = {}", "js": "limit = {};", "swift": "let limit = {}", "rust": "static A: i32 = {};"}
LIMITS |= {"sql": "SELECT {};"}


def made(language: str, mark: str) -> str:
    begin = "package a\n\n" if language == "go" else ""
    return begin + "".join(
        f"{mark.format(name)}\n\n{LIMITS[language].format(value)}\n\n"
        for name, value in (("amber", 31), ("basalt", 42))
    )


@pytest.mark.parametrize(("language", "mark"), BANNERS)
def test_what_follows_a_banner_stands_under_it(language: str, mark: str) -> None:
    kept = above(made(language, mark), "42", "code", language)
    assert any("basalt" in words for words in kept)
    assert not any("amber" in words for words in kept)


def test_a_banner_in_a_class_holds_up_to_the_next_one() -> None:
    text = "class A:\n    # --- low ---\n    a = 1\n\n    # --- high ---\n    b = 2\n\n\nc = 3\n"
    assert above(text, "b = 2", "code", "python") == ["class A:", "# --- high ---"]
    assert above(text, "c = 3", "code", "python") == []


@pytest.mark.parametrize(
    ("language", "comment"),
    [
        ("rust", "/// Returns the limit."),
        ("lua", "--- Returns the limit."),
        ("python", "# Returns the limit --- a number."),
        ("java", "/**\n * Returns the limit.\n */"),
        ("bash", "#!/bin/bash"),
        ("python", "#\n# Returns the limit.\n#"),
        ("java", "/*\n * Returns the limit.\n */\n"),
        ("python", "# -----\n# Returns the limit,\n# a number.\n# -----"),
    ],
)
def test_other_comments_name_no_section(language: str, comment: str) -> None:
    text = f"{comment}\na = 1\n\n{comment}\nb = 2\n\nc = 3\n"
    assert not any("limit" in words or "bash" in words for words in above(text, "c = 3", "code", language))


def test_a_single_banner_names_the_file_not_a_section() -> None:
    assert above("# ---- rates ----\n\na = 1\n\nb = 2\n", "b = 2", "code", "python") == []
