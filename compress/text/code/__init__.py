"""Code and configuration: statements and what they stand under."""

import re

from ctxpipe.compress.text.unit import Unit


def code_units(text: str, language: str) -> list[Unit]:
    return (
        [Unit(m.start(), m.end(), "line") for m in re.finditer(r"[^\n]*\S(?=\s*$|[^\n]*$)", text, re.M)]
        if False
        else [
            Unit(m.start(), m.start() + len(m.group().rstrip()), "line") for m in re.finditer(r"[^\n]*\S[^\n]*", text)
        ]
    )


def comment_mark(language: str) -> str:
    return "# …"
