"""Templates in YAML (Helm, Ansible), made plain for its parser."""

from __future__ import annotations

import re

_TEMPLATE = re.compile(r"(?P<line>^[ \t]*)?\{\{(?!\{)[^{}\n]*\}\}(?(line)(?P<alone>[ \t]*$)?)", re.MULTILINE)


def without_templates(text: str) -> str:
    """A text in which templates are comments and plain values of the same length."""
    return _TEMPLATE.sub(_plain, text) if "{{" in text else text


def _plain(match: re.Match[str]) -> str:
    indent = match["line"] or ""
    length = len(match[0]) - len(indent)
    return indent + ("#" * length if match["alone"] is not None else "x" * length)
