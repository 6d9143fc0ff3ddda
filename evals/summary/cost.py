"""What a query costs: tokens that the target reads and writes, and the time of the machine that compresses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import computed_field

from ctxpipe.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices in one currency, whichever that is; without any, a query's cost is the tokens of its prompt.

    Attributes:
        prompt: Of a million tokens of prompt.
        completion: Of a million tokens of answer.
        hour: Of an hour of the machine that compresses.

    Raises:
        UsageError: for a price that is below 0 or no finite number.
    """

    prompt: float = 0.0
    completion: float = 0.0
    hour: float = 0.0

    def __post_init__(self) -> None:
        for name, price in (("prompt", self.prompt), ("completion", self.completion), ("hour", self.hour)):
            if not math.isfinite(price) or price < 0:
                raise UsageError(f"the price of a {name} is a number from 0 on, not {price:g}")

    @property
    def known(self) -> bool:
        """Whether any price was given."""
        return bool(self.prompt or self.completion or self.hour)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unit(self) -> str:
        """What costs are counted in."""
        return "price of 1,000 queries" if self.known else "tokens of the prompt"

    def cost(self, tokens: Mapping[str, float], seconds: Mapping[str, float]) -> float | None:
        """Cost of an item: of 1,000 queries where there are prices, else its prompt tokens.

        Args:
            tokens: Mean tokens: ``prompt`` (or ``context``, where no target was asked) and ``completion``.
            seconds: Mean seconds: ``compress``.

        Returns:
            None where the tokens are not known.
        """
        prompt = tokens.get("prompt", tokens.get("context"))
        if prompt is None:
            return None
        if not self.known:
            return prompt
        of_tokens = (prompt * self.prompt + tokens.get("completion", 0.0) * self.completion) / 1e6
        return 1000 * (of_tokens + seconds.get("compress", 0.0) / 3600 * self.hour)
