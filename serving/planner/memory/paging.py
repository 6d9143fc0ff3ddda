"""Blocks of vLLM's KV cache: groups of layers that share a block table, and the context that fits.

Follows what ``vllm/v1/core/kv_cache_utils.py`` and ``vllm/v1/kv_cache_interface.py`` of vLLM 0.32 compute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctxpipe.serving.planner.model.shape import Kind, Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one layer keeps in a block.

    Attributes:
        kind, span: As of the layer, or full where hybrid caches are off.
        block: Tokens of a block.
        bytes: Bytes of a block.
    """

    kind: Kind
    span: int
    block: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Layers that share a block table.

    Attributes:
        page: Kind, span and block of all of them.
        layers: Their indices.
    """

    page: Page
    layers: tuple[int, ...]

    def blocks(self, tokens: int, in_flight: int) -> int:
        """Most blocks that a request of so many tokens holds at once.

        Args:
            tokens: Of prompt and answer.
            in_flight: Tokens that are scheduled and not yet settled, whose blocks are kept beside window or chunk.
        """
        page = self.page
        if page.kind == "full":
            return -(-tokens // page.block)
        if page.kind == "chunk":
            return -(-min(page.span + in_flight, tokens) // page.block)
        # One more, since a window need not begin where a block does.
        return -(-min(page.span - 1 + in_flight, tokens) // page.block) + 1


def pages(layers: Sequence[Layer], tensor: int, block: int, dtype_bytes: int) -> list[Page]:
    """What each layer keeps in a block on one GPU."""
    return [
        Page(kind=layer.kind, span=layer.span, block=block, bytes=block * layer.elements(tensor) * dtype_bytes)
        for layer in layers
    ]


def grouped(found: Sequence[Page], *, hybrid: bool) -> list[Group]:
    """Layers put into groups as vLLM puts them.

    Layers of one kind are one group. Otherwise each group has as many layers as the kind with fewest, or as the one
    with most where that is less than half as many more; layers of a kind are dealt out in turn.

    Args:
        found: What each layer keeps.
        hybrid: Let layers with a window or a chunk keep no more than that. Without, they keep everything as soon as
            one layer does.
    """
    if not hybrid and any(page.kind == "full" for page in found):
        found = [Page(kind="full", span=0, block=page.block, bytes=page.bytes) for page in found]
    if len({(page.kind, page.span) for page in found}) == 1:
        return [Group(page=found[0], layers=tuple(range(len(found))))]
    found = _of_one_size(found)
    buckets: dict[Page, list[int]] = {}
    for index, page in enumerate(found):
        buckets.setdefault(page, []).append(index)
    least, most = min(map(len, buckets.values())), max(map(len, buckets.values()))
    size = most if most < least * 1.5 else least
    groups = []
    for page, indices in buckets.items():
        count = -(-len(indices) // size)
        groups += [Group(page=page, layers=tuple(indices[start::count])) for start in range(count)]
    return groups


def _of_one_size(found: Sequence[Page]) -> list[Page]:
    """Blocks made equally large, by more tokens where that comes out even and by padding where not."""
    largest = max(page.bytes for page in found)
    made = []
    for page in found:
        block = page.block * (largest // page.bytes) if largest % page.bytes == 0 else page.block
        made.append(Page(kind=page.kind, span=page.span, block=block, bytes=largest))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The blocks of one GPU, or of each GPU of a pipeline stage.

    Attributes:
        groups: All groups of the model; a stage holds blocks of each, whatever layers of it stand there.
        block_bytes: Bytes of a block over the layers of the stage: as many as the group with most of them takes.
        memory: Bytes for all blocks.
    """

    groups: tuple[Group, ...]
    block_bytes: int
    memory: int

    def needed(self, tokens: int, in_flight: int, batch: int) -> int:
        """Bytes that ``batch`` requests of so many tokens hold at most."""
        return batch * sum(group.blocks(tokens, in_flight) for group in self.groups) * self.block_bytes

    def longest(self, most: int, in_flight: int, batch: int = 1) -> int:
        """Longest context that fits, at most ``most`` tokens; 0 where not one token does.

        One block is vLLM's own and holds nothing.
        """
        room = self.memory - self.block_bytes
        low, high = 0, most
        while low < high:
            middle = (low + high + 1) // 2
            if self.needed(middle, in_flight, batch) <= room:
                low = middle
            else:
                high = middle - 1
        return low

    @property
    def slope(self) -> int:
        """Bytes that one more token takes, once windows and chunks are full; of one GPU."""
        full = [group.page.block for group in self.groups if group.page.kind == "full"]
        return math.ceil(sum(self.block_bytes / block for block in full))


def pool(groups: Sequence[Group], found: Sequence[Page], stage: range, memory: int) -> Pool:
    """The blocks of one stage.

    Args:
        groups: Of the whole model.
        found: What each layer keeps, made equally large where there are several groups.
        stage: Layers that stand there.
        memory: Bytes for blocks.
    """
    sizes = found if len(groups) == 1 else _of_one_size(found)
    taken = [sum(sizes[index].bytes for index in group.layers if index in stage) for group in groups]
    return Pool(groups=tuple(groups), block_bytes=max(taken), memory=memory)
