"""PDFium's answers about many characters of a page at once.

pypdfium2 checks and converts the arguments of each call, which costs more than the call. Here functions are declared
with plain addresses, and write their answers one after the other into one array.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

_DOUBLE, _FLOAT = ctypes.sizeof(ctypes.c_double), ctypes.sizeof(ctypes.c_float)


class PdfiumCalls:
    """Bulk calls on one text page after the other. Indices count its characters; no index is checked."""

    def __init__(self) -> None:
        import pypdfium2.raw as pdfium

        self._pdfium: Any = pdfium
        self._origin = _declared(pdfium.FPDFText_GetCharOrigin, 2)
        self._box = _declared(pdfium.FPDFText_GetCharBox, 4)
        self._rect = _declared(pdfium.FPDFText_GetRect, 4)
        self._matrix = _declared(pdfium.FPDFText_GetMatrix, 1)
        self._size = _declared(pdfium.FPDFText_GetFontSize, 0, ctypes.c_double)
        self._name = ctypes.create_string_buffer(64)
        self._flags = ctypes.c_int()

    def text(self, page: Any) -> str:
        """A page's characters, one for each of PDFium's."""
        pdfium = self._pdfium
        count = max(0, pdfium.FPDFText_CountChars(page))
        buffer = (ctypes.c_ushort * (2 * count + 2))()
        written = pdfium.FPDFText_GetText(page, 0, count, buffer)
        text = bytes(memoryview(buffer)[: max(0, written - 1)]).decode("utf-16-le", "replace")
        if len(text) != count:  # a character beyond 16 bits, or one that PDFium leaves out
            codes = (pdfium.FPDFText_GetUnicode(page, index) for index in range(count))
            text = "".join(chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " " for code in codes)
        return text

    def origins(self, page: Any, indices: Sequence[int]) -> tuple[list[float], list[float]]:
        """Left ends of the baselines of characters: x and y in points."""
        xs, ys = _doubles(len(indices)), _doubles(len(indices))
        call, address, x, y = self._origin, _address(page), ctypes.addressof(xs), ctypes.addressof(ys)
        for index in indices:
            call(address, index, x, y)
            x += _DOUBLE
            y += _DOUBLE
        return xs[:], ys[:]

    def lefts(self, page: Any, indices: Sequence[int]) -> list[float]:
        """Left edges of the shapes of characters in points."""
        return self._edges(page, indices, 0)

    def rights(self, page: Any, indices: Sequence[int]) -> list[float]:
        """Right edges of the shapes of characters in points."""
        return self._edges(page, indices, 1)

    def bottoms(self, page: Any, indices: Sequence[int]) -> list[float]:
        """Lower edges of the shapes of characters in points."""
        return self._edges(page, indices, 2)

    def count_rects(self, page: Any) -> int:
        """Number of pieces of text on a page, each on one line; to be asked before ``rects``."""
        return max(0, int(self._pdfium.FPDFText_CountRects(page, 0, -1)))

    def rects(self, page: Any, count: int) -> list[list[float]]:
        """Edges of the first pieces of text, in the order of the characters: lefts, tops, rights, bottoms."""
        numbers = _doubles(4 * count)
        call, address, to = self._rect, _address(page), ctypes.addressof(numbers)
        for index in range(count):
            call(address, index, to, to + _DOUBLE, to + 2 * _DOUBLE, to + 3 * _DOUBLE)
            to += 4 * _DOUBLE
        return [numbers[edge::4] for edge in range(4)]

    def sizes(self, page: Any, indices: Sequence[int]) -> tuple[list[float], list[bool]]:
        """Sizes of characters on the page in points, and whether they stand upright."""
        numbers = (ctypes.c_float * (6 * len(indices)))()
        call, address, to = self._matrix, _address(page), ctypes.addressof(numbers)
        for index in indices:
            call(address, index, to)
            to += 6 * _FLOAT
        down, up = numbers[2::6], numbers[3::6]
        heights = [(d * d + u * u) ** 0.5 for d, u in zip(down, up, strict=True)]
        size = self._size
        sizes = [size(address, index) * (height or 1.0) for index, height in zip(indices, heights, strict=True)]
        return sizes, [u >= abs(d) for d, u in zip(down, up, strict=True)]

    def font(self, page: Any, index: int) -> str:
        """Name of a character's font; empty if there is none."""
        self._name.value = b""
        self._pdfium.FPDFText_GetFontInfo(page, index, self._name, 64, ctypes.byref(self._flags))
        return self._name.value.decode("utf-8", "replace")

    def _edges(self, page: Any, indices: Sequence[int], edge: int) -> list[float]:
        """One edge of each character's box; the others are all written to one place, where nobody reads them."""
        numbers = _doubles(len(indices) + 1)
        call, address, to = self._box, _address(page), ctypes.addressof(numbers)
        at = [to + len(indices) * _DOUBLE] * 4
        for index in indices:
            at[edge] = to
            call(address, index, *at)
            to += _DOUBLE
        edges: list[float] = numbers[:-1]
        return edges


def annotation_kinds(pdfium: Any, page: Any, most: int) -> list[int]:
    """Kinds of the first annotations of a page, in its order; -1 for one that is damaged."""
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(_address(pdfium.FPDFPage_GetAnnot))
    kind = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_address(pdfium.FPDFAnnot_GetSubtype))
    close = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(_address(pdfium.FPDFPage_CloseAnnot))
    address, kinds = _address(page), []
    for index in range(min(most, pdfium.FPDFPage_GetAnnotCount(page))):
        annotation = get(address, index)
        kinds.append(kind(annotation) if annotation else -1)
        if annotation:
            close(annotation)
    return kinds


def _doubles(count: int) -> Any:
    return (ctypes.c_double * count)()


def _declared(function: Any, answers: int, result: Any = ctypes.c_int) -> Any:
    """A function of PDFium's that takes a page, an index and addresses to write its answers to."""
    arguments = [ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * answers]
    return ctypes.PYFUNCTYPE(result, *arguments)(_address(function))


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0
