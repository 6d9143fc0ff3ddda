"""Text recognition for pages without a text layer, with the models that RapidOCR's package holds."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ctxpipe.extras import installed
from ctxpipe.pipeline.readers.pdf.rows import Page, Row
from ctxpipe.pipeline.readers.pdf.scattered import told_by_place

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pypdfium2 import PdfPage

_LONGEST_SIDE = 2000
"""Pixels of a rendered page's longer side: an A4 page at 170 dots an inch, the most that the models take."""
_LARGEST_SCALE = 4.0
_SIZE, _DESCENT = 0.72, 0.2
"""Size of the letters and depth below the baseline, in heights of the box around a line."""
_ODD = 1.4
"""A size is that of the page unless it differs by this factor."""
_FAINTEST = 16
"""Least difference of grey values on a page that may have text; recognising nothing on a blank one takes seconds."""
_LOCK = threading.Lock()


def can_recognise() -> bool:
    """Whether the extra ``ocr`` is installed."""
    return installed("rapidocr")


def render(page: PdfPage) -> tuple[NDArray[np.uint8], float]:
    """A grey image of a page, of shape (height, width), and its pixels per point."""
    scale = min(_LARGEST_SCALE, _LONGEST_SIDE / max(1.0, *page.get_size()))
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        image = np.array(bitmap.to_numpy(), dtype=np.uint8)
    finally:
        bitmap.close()
    return image.reshape(image.shape[0], image.shape[1], -1)[:, :, 0], scale


def recognise(image: NDArray[np.uint8], scale: float) -> Page:
    """The lines of an image as rows.

    Args:
        image: Grey, of shape (height, width).
        scale: Pixels per point.
    """
    height, width = image.shape
    if not image.size or int(image.max()) - int(image.min()) < _FAINTEST:
        return Page(rows=[], box=(0.0, 0.0, width / scale, height / scale))
    with _LOCK:
        recognised = _engine()(np.repeat(image[:, :, None], 3, axis=2))
    rows = []
    for box, text in zip(recognised.boxes if recognised.boxes is not None else (), recognised.txts or (), strict=True):
        (left, top), (right, bottom) = np.min(box, axis=0), np.max(box, axis=0)
        if text.strip():
            tall = float(bottom - top) / scale
            base = (height - float(bottom)) / scale + _DESCENT * tall
            rows.append(Row(text.strip(), float(left) / scale, float(right) / scale, base, _SIZE * tall))
    _even(rows)
    return Page(rows=told_by_place(rows), box=(0.0, 0.0, width / scale, height / scale))


def _even(rows: Sequence[Row]) -> None:
    """Boxes of lines with and without long letters differ; most lines of a page have one size."""
    if rows:
        usual = float(np.median([row.size for row in rows]))
        for row in rows:
            if usual / _ODD < row.size < usual * _ODD:
                row.size = usual


@functools.cache
def _engine() -> Any:
    """The engine, with the models named one by one, so that none is looked for on the network."""
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Det.model_path": str(next(models.glob("*_det_*.onnx"))),
            "Rec.model_path": str(next(models.glob("*_rec_*.onnx"))),
        }
    )
