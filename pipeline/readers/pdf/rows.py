"""The lines of a page and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

CELL = "  "
"""What stands between the cells of a row."""
HYPHEN = "\x02"
"""The last character of a row that ends in a hyphen."""


@dataclass(slots=True)
class Row:
    """A line of text on a page.

    Attributes:
        text: Its characters. ``HYPHEN`` at the end stands for a hyphen.
        left, right, base: Its first and last edge and its baseline, in points from the lower left of the page.
        size: Size of its first character in points.
        bold: Whether it may be a heading and its first character is bold.
        upright: Whether it runs from left to right.
        level: Level of a heading, counted from 1; 0 for any other row.
        column: Column that it was cut out of, counted from 1; 0 for a row as it is in the file.
        listed: Whether it stands on a contents or index page.
        margin: Left and right edge of the column that it belongs to.
        parted: Whether there is more than a space between two of its pieces, so that it may be a row of cells.
        closes: Whether it ends a row of a table whose cells have several lines.
        second, last: Left edges of its second and its last cell; 0 for a row of one cell.
        wrapped: Whether it goes on with the last cell of the row above it.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool = False
    upright: bool = True
    level: int = 0
    column: int = 0
    listed: bool = False
    margin: tuple[float, float] = (0.0, 0.0)
    parted: bool = False
    closes: bool = False
    second: float = 0.0
    last: float = 0.0
    wrapped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page.

    Attributes:
        rows: Its rows in the order of the file.
        box: Left, bottom, right and top in points.
        picture: Whether it has no text but an image.
    """

    rows: list[Row]
    box: tuple[float, float, float, float] = (0.0, 0.0, 612.0, 792.0)
    picture: bool = False
