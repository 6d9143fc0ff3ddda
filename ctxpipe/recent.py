"""What was used most recently."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key; beyond ``most`` of them, the least recently used is dropped.

    Args:
        most: Most values.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value of a key; None for none."""
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key)

    def put(self, key: K, value: V) -> V | None:
        """Keep a value, and give the one that is dropped for it; None for none."""
        self._known[key] = value
        self._known.move_to_end(key)
        return self._known.popitem(last=False)[1] if len(self._known) > self._most else None
