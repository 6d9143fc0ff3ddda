"""Numbers in text: signs, separators, per cent, thousands and millions, units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import regex

SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
PERCENT = "percent"


def _aliases(table: dict[str, str]) -> dict[str, str]:
    return {alias: name for name, aliases in table.items() for alias in aliases.split()}


_SCALE_WORDS = _aliases(
    {
        "thousand": "thousand thousands",
        "million": "million millions mn mln",
        "billion": "billion billions bn",
        "trillion": "trillion trillions tn",
        PERCENT: "% percent",
    }
)
_MONEY_SCALES = {"k": "thousand", "m": "million", "mm": "million", "b": "billion"}
"""Scales only after a currency sign: 5 m is a length, $5m is not."""

_CURRENCY_SIGNS = {"$": "dollar", "€": "euro", "£": "sterling", "¥": "yen"}
_UNITS = _aliases(
    {
        "dollar": "$ dollar dollars usd us$",
        "euro": "€ euro euros eur",
        "sterling": "£ gbp sterling",
        "yen": "¥ yen jpy",
        "cent": "¢ cent cents",
        "kg": "kg kilogram kilograms kilo kilos",
        "g": "g gram grams",
        "mg": "mg milligram milligrams",
        "t": "t ton tons tonne tonnes",
        "lb": "lb lbs pound pounds",
        "oz": "oz ounce ounces",
        "km": "km kilometre kilometres kilometer kilometers",
        "m": "m metre metres meter meters",
        "cm": "cm centimetre centimetres centimeter centimeters",
        "mm": "mm millimetre millimetres millimeter millimeters",
        "nm": "nm nanometre nanometres nanometer nanometers",
        "mi": "mi mile miles",
        "yd": "yd yard yards",
        "ft": "ft foot feet",
        "inch": "inch inches",
        "ha": "ha hectare hectares",
        "acre": "acre acres",
        "l": "l litre litres liter liters",
        "ml": "ml millilitre millilitres milliliter milliliters",
        "gal": "gal gallon gallons",
        "°C": "°c celsius",
        "°F": "°f fahrenheit",
        "K": "kelvin",
        "°": "° degree degrees",
        "s": "s sec secs second seconds",
        "ms": "ms millisecond milliseconds",
        "min": "min mins minute minutes",
        "h": "h hr hrs hour hours",
        "day": "day days",
        "week": "week weeks",
        "month": "month months",
        "year": "year years yr yrs",
        "Hz": "hz hertz",
        "kHz": "khz kilohertz",
        "MHz": "mhz megahertz",
        "GHz": "ghz gigahertz",
        "W": "w watt watts",
        "kW": "kw kilowatt kilowatts",
        "MW": "mw megawatt megawatts",
        "kWh": "kwh",
        "V": "v volt volts",
        "B": "byte bytes",
        "KB": "kb kilobyte kilobytes",
        "MB": "mb megabyte megabytes",
        "GB": "gb gigabyte gigabytes",
        "TB": "tb terabyte terabytes",
        "mph": "mph",
        "km/h": "km/h kph kmh",
    }
)

_NUMBER = regex.compile(
    r"""
    (?<![\p{L}\p{N}_.,/:#])                    # not within an identifier, a date or a longer number
    (?<!\p{L}\p{N}{0,20}[-−–])                # nor its tail: COVID-19, but not the end of 2018-2019
    (?P<open>\()? \s?
    (?P<minus>[-−–])? (?P<currency>US\$|[$€£¥])? \s? (?P<late>[-−–])?
    (?P<digits>(?>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)) (?![/:]\d)
    (?P<close>\s?\))?
    """,
    regex.VERBOSE,
)
_TAIL = regex.compile(r"(?P<gap>[\s-]?)(?:(?P<word>%|per\scent|US\$|km/h|°[CFcf]?|[$€£¥¢]|\p{L}+)(?![\p{L}\p{N}]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number in a text.

    Attributes:
        value: As written, with its sign; (19) in accounting is -19.
        scale: ``thousand``, ``million``, ``billion``, ``trillion``, ``percent`` or empty.
        unit: Canonical unit or currency, or empty.
        start, end: Offsets, unit included.
    """

    value: Decimal
    scale: str
    unit: str
    start: int
    end: int

    @property
    def base(self) -> Decimal:
        """The value times its scale; a percentage is unchanged."""
        return self.value * SCALES.get(self.scale, 1)


def quantities(text: str) -> Iterator[Quantity]:
    """Yield the numbers of a text with their scale and unit, in order.

    Digits that are part of an identifier, of a date with slashes or of an ordinal are not quantities.
    """
    position = 0
    while match := _NUMBER.search(text, position):
        position = match.end("digits")
        quantity = _quantity(text, match)
        if quantity:
            position = max(position, quantity.end)
            yield quantity


def _quantity(text: str, match: regex.Match[str]) -> Quantity | None:
    end = match.end("digits")
    account = bool(match["open"] and match["close"])
    sign = match["currency"]
    unit = _CURRENCY_SIGNS.get(sign[-1], "") if sign else ""
    scale = ""
    for _ in range(2):
        tail = _TAIL.match(text, end)
        if not tail:
            break
        word = "percent" if regex.fullmatch(r"per\scent", tail["word"]) else tail["word"].casefold()
        if not scale and (word in _SCALE_WORDS or (unit and word in _MONEY_SCALES)):
            scale = _SCALE_WORDS.get(word) or _MONEY_SCALES[word]
        elif not unit and word in _UNITS:
            unit = _UNITS[word]
        else:
            break
        end = tail.end()
    if end < len(text) and regex.match(r"[\p{L}\p{N}_]", text[end]):
        return None
    value = Decimal(match["digits"].replace(",", ""))
    negative = match["minus"] or match["late"] or account
    start = match.start() if account else match.start("minus" if match["minus"] else "digits")
    if sign and not account:
        start = min(start, match.start("currency"))
    return Quantity(
        value=-value if negative else value,
        scale=scale,
        unit=unit,
        start=start,
        end=max(end, match.end()) if account else end,
    )


def whole_quantity(text: str, scale: str = "") -> Quantity | None:
    """The quantity that a text consists of; None if it contains anything else.

    Args:
        text: For example an answer: ``"$25.7 million"``, ``"(19)"``.
        scale: Its scale, if it does not name one.
    """
    stripped = text.strip().rstrip(".")
    quantity = next(quantities(stripped), None)
    if quantity is None or stripped[: quantity.start].strip() or stripped[quantity.end :].strip():
        return None
    return quantity if quantity.scale or not scale else replace(quantity, scale=scale)


def same_quantity(answer: Quantity, gold: Quantity) -> bool:
    """Whether an answer states the right quantity.

    They must be equal after scaling: 3,677 = 3677 = 3.677 thousand. The answer may omit a scale or unit but not
    contradict it; 12.02 % may be written as 0.1202.
    """
    if answer.unit and gold.unit and answer.unit != gold.unit:
        return False
    if PERCENT in (answer.scale, gold.scale):
        if answer.scale == gold.scale:
            return answer.value == gold.value
        return not answer.scale and gold.value in (answer.value, answer.value * 100)
    if not answer.scale and answer.value == gold.value:
        return True
    return answer.base == gold.base
