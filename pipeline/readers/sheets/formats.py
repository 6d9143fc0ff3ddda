"""Number formats of spreadsheets: the percent sign, currency or unit that belongs to a number."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"'
    r"|\\(?P<escaped>.)"
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]"
    r"|(?P<nothing>\[[^\]]*\]|_.|\*.)"
    r"|(?P<digits>[#0?](?:[#0?.,]*[#0?])?)(?P<thousands>,*)"
    r"|(?P<sign>[%$€£¥°+\-() ])",
    re.DOTALL,
)


class NumberFormat(NamedTuple):
    """What a format writes around a number.

    Attributes:
        before, after: Written before and behind it.
        scale: By what the number is multiplied.
    """

    before: str = ""
    after: str = ""
    scale: Decimal = Decimal(1)

    def written(self, value: float) -> str:
        """The number with all its digits, also where the format shows fewer."""
        return f"{self.before}{_plain(_decimal(value) * self.scale)}{self.after}"


PLAIN = NumberFormat()


@lru_cache(maxsize=1024)
def number_format(code: str) -> NumberFormat:
    """What a format code writes around a number above 0.

    Args:
        code: For example ``0.0%``, ``#,##0.00 "kg"`` or ``[$€-407]#,##0``. See ECMA-376, part 1, 18.8.31.

    Returns:
        ``PLAIN`` for fractions, exponents, and all else that is not digits with words and signs around them.
    """
    before, after, scale, place, digits = "", "", Decimal(1), 0, 0
    while place < len(code) and code[place] != ";":
        token = _TOKEN.match(code, place)
        if token is None:
            return PLAIN
        place = token.end()
        if token["digits"]:
            digits += 1
            scale /= Decimal(1000) ** len(token["thousands"])
            continue
        if token["sign"] == "%":
            scale *= 100
        text = token["quoted"] or token["escaped"] or token["currency"] or token["sign"] or ""
        before, after = (before, after + text) if digits else (before + text, after)
    return NumberFormat(before.lstrip(), after.rstrip(), scale) if digits == 1 else PLAIN


def _decimal(value: float) -> Decimal:
    # Spreadsheets show 15 digits at most: 0.1 + 0.2 is 0.3 in them.
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.15g}")


def _plain(number: Decimal) -> str:
    if number == number.to_integral_value():
        return f"{number:.0f}"
    return f"{number.normalize():f}"
