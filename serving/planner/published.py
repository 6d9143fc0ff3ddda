"""Published measurements and estimates, with their sources. They are never used to compute a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FIXSTARS = "blog.us.fixstars.com/running-llama-4-scout-on-a-single-nvidia-h100-using-int4-quantization"
APXML = "apxml.com/posts/llama-4-system-requirements"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A context that works and one that does not.

    Attributes:
        gpus: H100 80 GB.
        works: Tokens that were allocated.
        fails: Tokens that were not.
        kind: Measured, or advice.
        source: Where it was published.
    """

    gpus: int
    works: int
    fails: int
    kind: Literal["measured", "advice"]
    source: str

    def holds(self, tokens: int) -> bool:
        """Whether a longest context lies in the bracket: at least what worked, below what failed."""
        return self.works <= tokens < self.fails


SCOUT_REFERENCE: tuple[Bracket, ...] = (
    Bracket(gpus=1, works=35_000, fails=40_000, kind="measured", source=FIXSTARS),
    Bracket(gpus=2, works=400_000, fails=600_000, kind="measured", source=FIXSTARS),
    Bracket(gpus=4, works=1_000_000, fails=1_200_000, kind="measured", source=FIXSTARS),
    Bracket(gpus=8, works=2_500_000, fails=3_000_000, kind="measured", source=FIXSTARS),
)
"""Scout with int4_mixed weights in the scripts of llama-models: longest sequence that could be allocated, by binary
search. No prompt of that length was answered."""

SCOUT_ADVICE: tuple[Bracket, ...] = (Bracket(gpus=1, works=4_096, fails=16_384, kind="advice", source=APXML),)
"""Advice for Scout on one H100 at batch 1: contexts of 4K to 16K are feasible."""
