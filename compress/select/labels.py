"""What documents are called where their text is shown: names that no two share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from ctxpipe.compress.types import Document


def labels(documents: Sequence[Document], *, short: bool = False) -> list[str]:
    """A name for each document.

    A path is given from the folder that all documents share; a short name is only as long as it takes to tell it from
    the others (``report.pdf``, or ``2024/report.pdf`` beside another one). Equal names are numbered.
    """
    sources = [" ".join(document.source.split()) or "text" for document in documents]
    parts = [path_parts(source) for source in sources]
    names = [_shortest(mine, parts) for mine in parts] if short else _below_shared(parts)
    return _numbered(names)


def path_parts(label: str) -> tuple[str, ...]:
    """The folders of a label and its last part; a label that is no path is one part."""
    return PurePath(label).parts if _is_path(label) else (label,)


def _is_path(source: str) -> bool:
    return "/" in source and "://" not in source and " / " not in source


def _below_shared(parts: Sequence[tuple[str, ...]]) -> list[str]:
    shared = 0
    while len(parts) > 1 and all(len(p) > shared + 1 and p[shared] == parts[0][shared] for p in parts):
        shared += 1
    if len(parts) == 1:
        shared = len(parts[0]) - 1
    return [str(PurePath(*p[shared:])) if len(p) > 1 else p[0] for p in parts]


def _shortest(mine: tuple[str, ...], all_parts: Sequence[tuple[str, ...]]) -> str:
    for size in range(1, len(mine) + 1):
        if sum(other[-size:] == mine[-size:] for other in all_parts) == 1:
            return "/".join(mine[-size:])
    return "/".join(mine)


def _numbered(names: Sequence[str]) -> list[str]:
    total, seen = Counter(names), Counter[str]()
    taken = set(names)
    result = []
    for name in names:
        if total[name] > 1:
            seen[name] += 1
            numbered = f"{name} ({seen[name]})"
            while numbered in taken:
                seen[name] += 1
                numbered = f"{name} ({seen[name]})"
            name = numbered
        result.append(name)
    return result
