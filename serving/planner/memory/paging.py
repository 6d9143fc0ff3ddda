"""Blocks of vLLM's KV cache: groups of layers that share a block table, and the context that fits.

Follows ``vllm/v1/core/kv_cache_utils.py`` and ``vllm/v1/kv_cache_interface.py`` of vLLM 0.32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ctxpipe.serving.planner.model.shape import Kind, Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPage:
    """One layer's part of a block.

    Attributes:
        kind, span: Those of the layer, or full attention if hybrid caches are off.
        block: Tokens of a block.
        bytes: Bytes of a block.
    """

    kind: Kind
    span: int
    block: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerGroup:
    """Layers that share a block table.

    Attributes:
        page: Their common kind, span and block.
        layers: Their indices.
    """

    page: LayerPage
    layers: tuple[int, ...]

    def blocks(self, tokens: int, in_flight: int) -> int:
        """Most blocks that a request of this many tokens holds at once.

        Args:
            tokens: Tokens of prompt and answer.
            in_flight: Tokens that are scheduled and not yet finished; their blocks are held in addition to window or
                chunk.
        """
        page = self.page
        if page.kind == "full":
            return -(-tokens // page.block)
        if page.kind == "chunk":
            return -(-min(page.span + in_flight, tokens) // page.block)
        # One more, because a window can begin inside a block.
        return -(-min(page.span - 1 + in_flight, tokens) // page.block) + 1


def pages(layers: Sequence[Layer], tensor: int, block: int, dtype_bytes: int) -> list[LayerPage]:
    """Each layer's part of a block on one GPU."""
    return [
        LayerPage(kind=layer.kind, span=layer.span, block=block, bytes=block * layer.elements(tensor) * dtype_bytes)
        for layer in layers
    ]


def grouped(pages: Sequence[LayerPage], *, hybrid: bool) -> list[LayerGroup]:
    """Group layers as vLLM does.

    If all layers are of one kind, they are one group. Otherwise each group has as many layers as the rarest kind, or as
    the most common kind if that has less than half as many more; the layers of a kind are distributed in turn.

    Args:
        pages: Each layer's part of a block.
        hybrid: Let layers with a window or a chunk cache only that. Otherwise they cache everything as soon as one
            layer does.
    """
    if not hybrid and any(page.kind == "full" for page in pages):
        pages = [LayerPage(kind="full", span=0, block=page.block, bytes=page.bytes) for page in pages]
    if len({(page.kind, page.span) for page in pages}) == 1:
        return [LayerGroup(page=pages[0], layers=tuple(range(len(pages))))]
    pages = _of_one_size(pages)
    buckets: dict[LayerPage, list[int]] = {}
    for index, page in enumerate(pages):
        buckets.setdefault(page, []).append(index)
    least, most = min(map(len, buckets.values())), max(map(len, buckets.values()))
    size = most if most < least * 1.5 else least
    groups = []
    for page, indices in buckets.items():
        count = -(-len(indices) // size)
        groups += [LayerGroup(page=page, layers=tuple(indices[start::count])) for start in range(count)]
    return groups


def _of_one_size(pages: Sequence[LayerPage]) -> list[LayerPage]:
    """Make blocks equally large: by more tokens if that divides evenly, else by padding."""
    largest = max(page.bytes for page in pages)
    made = []
    for page in pages:
        block = page.block * (largest // page.bytes) if largest % page.bytes == 0 else page.block
        made.append(LayerPage(kind=page.kind, span=page.span, block=block, bytes=largest))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPool:
    """The blocks of one GPU, or of each GPU of a pipeline stage.

    Attributes:
        groups: All groups of the model; a stage holds blocks of each, even if it has few of its layers.
        block_bytes: Bytes of a block over the layers of the stage: those of the group with most layers there.
        memory: Bytes for all blocks.
    """

    groups: tuple[LayerGroup, ...]
    block_bytes: int
    memory: int

    def needed(self, tokens: int, in_flight: int, batch: int) -> int:
        """Most bytes that ``batch`` requests of this many tokens hold."""
        return batch * sum(group.blocks(tokens, in_flight) for group in self.groups) * self.block_bytes

    def longest(self, most: int, in_flight: int, batch: int = 1) -> int:
        """Longest context that fits, at most ``most`` tokens; 0 if not even one token fits.

        vLLM reserves one block.
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
        """Bytes per further token on one GPU, once windows and chunks are full."""
        full = [group.page.block for group in self.groups if group.page.kind == "full"]
        return math.ceil(sum(self.block_bytes / block for block in full))


def pool(groups: Sequence[LayerGroup], pages: Sequence[LayerPage], stage: range, memory: int) -> BlockPool:
    """The pool of one stage.

    Args:
        groups: Of the whole model.
        pages: Each layer's part of a block, made equally large if there are several groups.
        stage: Layers of the stage.
        memory: Bytes for blocks.
    """
    sizes = pages if len(groups) == 1 else _of_one_size(pages)
    taken = [sum(sizes[index].bytes for index in group.layers if index in stage) for group in groups]
    return BlockPool(groups=tuple(groups), block_bytes=max(taken), memory=memory)
