"""Parts training from development data by document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from training.schema import Item, fraction
from training.sources import document_name

LARGEST = 200
"""Items of the largest group that may become development data; larger ones always train."""


class _Groups:
    """Union-find over names; a group goes by its first name in alphabetical order."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        root = name
        while (above := self._parent.setdefault(root, root)) != root:
            root = above
        while self._parent[name] != root:
            self._parent[name], name = root, self._parent[name]
        return root

    def join(self, names: Sequence[str]) -> None:
        roots = sorted({self.find(name) for name in names})
        for root in roots[1:]:
            self._parent[root] = roots[0]


def own_documents(item: Item) -> list[str]:
    """The documents that an item is about: those of its evidence, or of all its passages when it has none."""
    held = sorted({span.passage for span in item.evidence}) or range(len(item.passages))
    return sorted({document_name(item, item.passages[index]) for index in held})


def split(items: Iterable[Item], share: float) -> tuple[list[Item], list[Item], set[str]]:
    """Part items so that no document holds evidence of both sides.

    Documents that one question joins stay together.

    Args:
        items: All items.
        share: Part of the groups of documents that becomes development data.

    Returns:
        Items for training, items for development, names of the documents of the latter.
    """
    kept = list(items)
    groups = _Groups()
    for item in kept:
        groups.join(own_documents(item))
    group = [groups.find(own_documents(item)[0]) for item in kept]
    sizes = Counter(group)
    chosen = {name for name, size in sizes.items() if size <= LARGEST and fraction(f"split:{name}") < share}
    train = [item for item, name in zip(kept, group, strict=True) if name not in chosen]
    dev = [item for item, name in zip(kept, group, strict=True) if name in chosen]
    return train, dev, {name for item in dev for name in own_documents(item)}
