"""The cost of a query: tokens read and written by the target, and time of the compressing machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import computed_field

from ctxpipe.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices in any one currency; without prices, a query costs the tokens of its prompt.

    Attributes:
        prompt: Price of a million prompt tokens.
        completion: Price of a million answer tokens.
        hour: Price of an hour of the compressing machine.

    Raises:
        UsageError: for a price that is below 0 or not finite.
    """

    prompt: float = 0.0
    completion: float = 0.0
    hour: float = 0.0

    def __post_init__(self) -> None:
        for name, price in (("prompt", self.prompt), ("completion", self.completion), ("hour", self.hour)):
            if not math.isfinite(price) or price < 0:
                raise UsageError(f"the price of a {name} must be at least 0, not {price:g}")

    @property
    def known(self) -> bool:
        """Whether any price was given."""
        return bool(self.prompt or self.completion or self.hour)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unit(self) -> str:
        """The unit of costs."""
        return "price of 1,000 queries" if self.known else "tokens of the prompt"

    def cost(self, tokens: Mapping[str, float], seconds: Mapping[str, float]) -> float | None:
        """Cost of an item: the price of 1,000 queries, or without prices its prompt tokens.

        Args:
            tokens: Mean tokens: ``prompt`` (or ``context``, if no target was asked) and ``completion``.
            seconds: Mean seconds: ``compress``.

        Returns:
            None if the tokens are not known.
        """
        prompt = tokens.get("prompt", tokens.get("context"))
        if prompt is None:
            return None
        if not self.known:
            return prompt
        of_tokens = (prompt * self.prompt + tokens.get("completion", 0.0) * self.completion) / 1e6
        return 1000 * (of_tokens + seconds.get("compress", 0.0) / 3600 * self.hour)
