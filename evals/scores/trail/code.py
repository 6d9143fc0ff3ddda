"""What lines of code and configuration stand under: classes, functions, sections, keys by indentation."""

from __future__ import annotations

import ast
import re
import warnings

from ctxpipe.evals.scores.trail.element import Element, Open, closed

_LINE = re.compile(r"^.*$", re.MULTILINE)
_SECTION = re.compile(r"[ \t]*\[\[?[ \t]*([^\[\]]+?)[ \t]*\]?\][ \t]*(?:[#;].*)?$")
_KEY = re.compile(r"(?:-[ \t]+)*(?:[^\s#\"'&*!|>%@`{}\[\],][^#]*?|\"[^\"]*\"|'[^']*')[ \t]*:(?:[ \t]|$)|-(?:[ \t]|$)")


def section_elements(text: str) -> list[Element]:
    """Sections of TOML and INI: each holds until the next."""
    opened = [
        Open(match.start(), match.end(), 1, section.group(1))
        for match in _LINE.finditer(text)
        if (section := _SECTION.match(match.group()))
    ]
    return closed(opened, len(text))


def yaml_elements(text: str) -> list[Element]:
    """Keys and list items of YAML with deeper lines under them; each holds until a line as deep as itself."""
    lines: list[tuple[int, int, int, str]] = []
    for match in _LINE.finditer(text):
        line = match.group()
        bare = line.strip()
        if not bare or bare.startswith(("#", "---", "...", "%")):
            continue
        lines.append((match.start(), match.end(), len(line) - len(line.lstrip(" ")), bare))
    elements: list[Element] = []
    for i, (start, end, depth, bare) in enumerate(lines):
        if not _KEY.match(bare):
            continue
        until = next((lines[j - 1][1] for j in range(i + 1, len(lines)) if _is_over(lines[j], depth, bare)), len(text))
        if until > end:
            elements.append(Element(start + depth, end, until, depth + 1, bare.lstrip("- ")))
    return elements


def _is_over(line: tuple[int, int, int, str], depth: int, above: str) -> bool:
    """Whether a line ends what stands under one above it; the items of a list may stand as deep as its key."""
    item_of_it = line[2] == depth and line[3].startswith("-") and not above.startswith("-")
    return line[2] <= depth and not item_of_it


def python_elements(text: str) -> list[Element]:
    """Classes and functions of Python, by its own parser; none where it cannot read the text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the text that is read
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    ends = [*(start - 1 for start in starts[1:]), len(text)]
    elements: list[Element] = []

    def walk(node: ast.AST, level: int) -> None:
        for child in ast.iter_child_nodes(node):
            deeper = level
            if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                kind = "class" if isinstance(child, ast.ClassDef) else "def"
                head, last = child.lineno - 1, (child.end_lineno or child.lineno) - 1
                elements.append(Element(starts[head], ends[head], ends[last], level, f"{kind} {child.name}"))
                deeper += 1
            walk(child, deeper)

    walk(tree, 1)
    return sorted(elements)
