"""PDFium's answers about many characters of a page at once.

pypdfium2 checks and converts the arguments of each call, which costs more than the call. Here functions are declared
with plain addresses, and write their answers one after the other into one array. ``array`` is used, as ctypes makes a
class for each length of its own arrays.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from typing import Any

_INT, _ADDRESS = ctypes.c_int, ctypes.c_void_p
_BYTES = {code: array(code).itemsize for code in "Hfd"}
_LONGEST_NAME = 64


class PdfiumCalls:
    """Bulk calls on one page after the other.

    Pages and text pages are given by ``address``. Indices count the characters of a text page; no index is checked.
    """

    def __init__(self) -> None:
        import pypdfium2.raw as pdfium

        self._count = _declared(pdfium.FPDFText_CountChars)
        self._text = _declared(pdfium.FPDFText_GetText, _INT, _INT, _ADDRESS)
        self._unicode = _declared(pdfium.FPDFText_GetUnicode, _INT, result=ctypes.c_uint)
        self._origin = _declared(pdfium.FPDFText_GetCharOrigin, _INT, *[_ADDRESS] * 2)
        self._box = _declared(pdfium.FPDFText_GetCharBox, _INT, *[_ADDRESS] * 4)
        self._count_rects = _declared(pdfium.FPDFText_CountRects, _INT, _INT)
        self._rect = _declared(pdfium.FPDFText_GetRect, _INT, *[_ADDRESS] * 4)
        self._matrix = _declared(pdfium.FPDFText_GetMatrix, _INT, _ADDRESS)
        self._size = _declared(pdfium.FPDFText_GetFontSize, _INT, result=ctypes.c_double)
        self._font = _declared(pdfium.FPDFText_GetFontInfo, _INT, _ADDRESS, ctypes.c_ulong, _ADDRESS)
        self._count_annotations = _declared(pdfium.FPDFPage_GetAnnotCount)
        self._annotation = _declared(pdfium.FPDFPage_GetAnnot, _INT, result=_ADDRESS)
        self._kind = _declared(pdfium.FPDFAnnot_GetSubtype)
        self._close = _declared(pdfium.FPDFPage_CloseAnnot, result=None)
        self._name = ctypes.create_string_buffer(_LONGEST_NAME)
        self._flags = ctypes.c_int()

    def text(self, page: int) -> str:
        """A page's characters, one for each of PDFium's."""
        count = max(0, self._count(page))
        units, to = _numbers("H", 2 * count + 2)  # a character beyond 16 bits takes two
        written = self._text(page, 0, count, to)
        text = units[: max(0, written - 1)].tobytes().decode("utf-16-le", "replace")
        if len(text) != count:  # a character beyond 16 bits, or one that PDFium leaves out
            codes = (self._unicode(page, index) for index in range(count))
            text = "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)
        return text

    def origins(self, page: int, indices: Sequence[int]) -> tuple[list[float], list[float]]:
        """Left ends of the baselines of characters: x and y in points."""
        places, to = _numbers("d", 2 * len(indices))
        call, step = self._origin, _BYTES["d"]
        for index in indices:
            call(page, index, to, to + step)
            to += 2 * step
        numbers = places.tolist()
        return numbers[::2], numbers[1::2]

    def lefts(self, page: int, indices: Sequence[int]) -> list[float]:
        """Left edges of the shapes of characters in points."""
        return self._edges(page, indices, 0)

    def rights(self, page: int, indices: Sequence[int]) -> list[float]:
        """Right edges of the shapes of characters in points."""
        return self._edges(page, indices, 1)

    def bottoms(self, page: int, indices: Sequence[int]) -> list[float]:
        """Lower edges of the shapes of characters in points."""
        return self._edges(page, indices, 2)

    def count_rects(self, page: int) -> int:
        """Number of pieces of text on a page, each on one line; to be asked before ``rects``."""
        return max(0, int(self._count_rects(page, 0, -1)))

    def rects(self, page: int, count: int) -> list[list[float]]:
        """Edges of the first pieces of text, in the order of the characters: lefts, tops, rights, bottoms."""
        places, to = _numbers("d", 4 * count)
        call, step = self._rect, _BYTES["d"]
        for index in range(count):
            call(page, index, to, to + step, to + 2 * step, to + 3 * step)
            to += 4 * step
        numbers = places.tolist()
        return [numbers[edge::4] for edge in range(4)]

    def sizes(self, page: int, indices: Sequence[int]) -> tuple[list[float], list[bool]]:
        """Sizes of characters on the page in points, and whether they stand upright."""
        places, to = _numbers("f", 6 * len(indices))
        call, step = self._matrix, 6 * _BYTES["f"]
        for index in indices:
            call(page, index, to)
            to += step
        numbers = places.tolist()
        down, up = numbers[2::6], numbers[3::6]
        heights = [(d * d + u * u) ** 0.5 for d, u in zip(down, up, strict=True)]
        size = self._size
        sizes = [size(page, index) * (height or 1.0) for index, height in zip(indices, heights, strict=True)]
        return sizes, [u >= abs(d) for d, u in zip(down, up, strict=True)]

    def font(self, page: int, index: int) -> str:
        """Name of a character's font; empty if there is none."""
        self._name.value = b""
        self._font(page, index, ctypes.addressof(self._name), _LONGEST_NAME, ctypes.addressof(self._flags))
        return self._name.value.decode("utf-8", "replace")

    def annotation_kinds(self, page: int, most: int) -> list[int]:
        """Kinds of the first annotations of a page, in its order; -1 for one that is damaged."""
        kinds = []
        for index in range(min(most, self._count_annotations(page))):
            annotation = self._annotation(page, index)
            kinds.append(self._kind(annotation) if annotation else -1)
            if annotation:
                self._close(annotation)
        return kinds

    def _edges(self, page: int, indices: Sequence[int], edge: int) -> list[float]:
        """One edge of each character's box; the others are all written to one place, where nobody reads them."""
        places, to = _numbers("d", len(indices) + 1)
        call, step = self._box, _BYTES["d"]
        at = [to + len(indices) * step] * 4
        for index in indices:
            at[edge] = to
            call(page, index, *at)
            to += step
        edges: list[float] = places.tolist()[:-1]
        return edges


def address(pointer: Any) -> int:
    """Where an object of PDFium's, or a function, is."""
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


def _numbers(code: str, count: int) -> tuple[array[Any], int]:
    """An array of zeros of a type of ``array``, and its address."""
    numbers = array(code, bytes(_BYTES[code] * count))
    return numbers, numbers.buffer_info()[0]


def _declared(function: Any, *arguments: Any, result: Any = _INT) -> Any:
    """A function of PDFium's that takes the address of an object, and further arguments."""
    return ctypes.PYFUNCTYPE(result, _ADDRESS, *arguments)(address(function))
