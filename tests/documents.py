"""Code blocks of the README and of docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\w*)[^\n`]*\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block.

    Attributes:
        page: Path below docs/, or README.md.
        line: Number of its first line in the page.
        language: What stands behind the fence; empty for none.
        text: What is in it.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """README.md, and the pages of docs/ that are written by hand."""
    docs = ROOT / "docs"
    return [ROOT / "README.md", *sorted(set(docs.rglob("*.md")) - set(docs.glob("reference/*")))]


def name_of(page: Path) -> str:
    """Path of a page below docs/; README.md stands beside it."""
    return page.name if page.parent == ROOT else page.relative_to(ROOT / "docs").as_posix()


def block_of(name: str, language: str) -> Block:
    """The only block of a page in a language; the page is named by its path below docs/."""
    (found,) = (block for block in blocks(ROOT / "docs" / name) if block.language == language)
    return found


def blocks(page: Path) -> Iterator[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start("text")) + 1
        yield Block(page=name_of(page), line=line, language=match["language"], text=match["text"])
