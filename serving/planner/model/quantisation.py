"""Bytes of a weight under the quantisation that a config's ``quantization_config`` describes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ctxpipe.serving.planner.model.shape import Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How the numbers of a matrix are stored.

    Attributes:
        bits: Bits per number.
        group: Numbers of a row that share a scale; 0 for the whole row, None for the whole matrix.
        block: Rows and columns that share a scale, instead of a group.
        scale_bytes: Bytes of a scale.
        zero_bits: Bits of a zero point beside each scale.
        index_bytes: Bytes per column for the index of its group.
    """

    bits: float
    group: int | None = 0
    block: tuple[int, int] | None = None
    scale_bytes: float = 2.0
    zero_bits: float = 0.0
    index_bytes: int = 0

    def bytes(self, rows: int, columns: int) -> float:
        """Bytes of a matrix: numbers, scales, zero points."""
        scales = self.scales(rows, columns)
        extra = scales * (self.scale_bytes + self.zero_bits / 8) + columns * self.index_bytes
        return rows * columns * self.bits / 8 + extra

    def scales(self, rows: int, columns: int) -> int:
        """Number of scales of a matrix; the last group of a row can be short."""
        if self.block is not None:
            return -(-rows // self.block[0]) * -(-columns // self.block[1])
        if self.group is None:
            return 1
        return rows * (-(-columns // self.group) if self.group else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A scheme and the modules it applies to.

    Attributes:
        targets: Names, ``re:`` patterns, or ``Linear`` for every linear layer.
        scheme: How these are stored.
    """

    targets: tuple[str, ...]
    scheme: Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """The quantisation of a model.

    Attributes:
        label: A short description.
        rules: The first rule that names a module applies; a rule for a kind of module (``Linear``) applies last.
        ignore: Modules that are not quantised.
        parts: Whether a name in ``ignore`` matches any part of a module's name, as in ``modules_to_not_convert``,
            instead of the whole name.
        bytes_per_parameter: A flat figure for all parameters instead of rules, as calculators use.
        scale: Source of the bytes of a scale.
    """

    label: str
    rules: tuple[Rule, ...] = ()
    ignore: tuple[str, ...] = ()
    parts: bool = False
    bytes_per_parameter: float | None = None
    scale: str = ""

    def scheme(self, weight: Weight) -> Scheme | None:
        """The scheme of a weight; None if it is not quantised."""
        if not weight.linear or any(self._ignores(pattern, weight.name) for pattern in self.ignore):
            return None
        for rule in self.rules:
            if any(target != "Linear" and matches(target, weight.name) for target in rule.targets):
                return rule.scheme
        return next((rule.scheme for rule in self.rules if "Linear" in rule.targets), None)

    def bytes(self, weight: Weight, dtype_bytes: int) -> float:
        """Bytes of a weight.

        Args:
            weight: The weight.
            dtype_bytes: Bytes of a number that is not quantised.
        """
        if self.bytes_per_parameter is not None:
            return weight.elements * self.bytes_per_parameter
        scheme = self.scheme(weight)
        if scheme is None:
            return float(weight.elements * dtype_bytes)
        return scheme.bytes(weight.rows, weight.columns) * weight.copies

    def weigh(self, weights: Sequence[Weight], dtype_bytes: int) -> float:
        """Bytes of some weights."""
        return sum(self.bytes(weight, dtype_bytes) for weight in weights)

    def _ignores(self, pattern: str, name: str) -> bool:
        if matches(pattern, name):
            return True
        return self.parts and (pattern in name or fnmatch.fnmatch(name, f"*{pattern}*"))


NONE = Quantisation(label="none")


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern of a quantisation config names a module.

    ``re:`` patterns match from the beginning of the name, as in compressed-tensors. Other patterns are the whole name,
    or its end after a dot: the same layer is called ``lm_head`` in a text model and ``language_model.lm_head`` in a
    multimodal one. An expert's name stands for all experts of its layer.
    """
    if pattern.startswith("re:"):
        try:
            return re.match(pattern[3:], name) is not None
        except re.error:
            return False
    return name == pattern or name.endswith(f".{pattern}")
