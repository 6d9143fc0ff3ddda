"""Readers by name."""

from __future__ import annotations

from ctxpipe.pipeline.readers.reader import Reader
from ctxpipe.registry import Registry

READERS: Registry[Reader] = Registry("reader", "ctxpipe.readers", "read")
"""Readers by name. A reader of another package is named like the extension of its files, without the dot."""


@READERS.register("pdf")
def _pdf() -> Reader:
    from ctxpipe.pipeline.readers.pdf.reader import PdfReader

    return PdfReader()


@READERS.register("docx")
def _docx() -> Reader:
    from ctxpipe.pipeline.readers.office.docx import DocxReader

    return DocxReader()


@READERS.register("pptx")
def _pptx() -> Reader:
    from ctxpipe.pipeline.readers.office.pptx import PptxReader

    return PptxReader()


@READERS.register("xlsx")
def _xlsx() -> Reader:
    from ctxpipe.pipeline.readers.office.xlsx import XlsxReader

    return XlsxReader()


@READERS.register("mail")
def _mail() -> Reader:
    from ctxpipe.pipeline.readers.mail.mail import MailReader

    return MailReader()


@READERS.register("ipynb")
def _notebook() -> Reader:
    from ctxpipe.pipeline.readers.notebook import NotebookReader

    return NotebookReader()


@READERS.register("epub")
def _epub() -> Reader:
    from ctxpipe.pipeline.readers.epub import EpubReader

    return EpubReader()


@READERS.register("rtf")
def _rtf() -> Reader:
    from ctxpipe.pipeline.readers.rtf import RtfReader

    return RtfReader()


@READERS.register("odt")
def _odt() -> Reader:
    from ctxpipe.pipeline.readers.odf.odf import OdfReader

    return OdfReader("odt")


@READERS.register("ods")
def _ods() -> Reader:
    from ctxpipe.pipeline.readers.odf.odf import OdfReader

    return OdfReader("ods")


@READERS.register("odp")
def _odp() -> Reader:
    from ctxpipe.pipeline.readers.odf.odf import OdfReader

    return OdfReader("odp")


@READERS.register("srt")
def _srt() -> Reader:
    from ctxpipe.pipeline.readers.subtitles import SubtitleReader

    return SubtitleReader("srt")


@READERS.register("vtt")
def _vtt() -> Reader:
    from ctxpipe.pipeline.readers.subtitles import SubtitleReader

    return SubtitleReader("vtt")


@READERS.register("msg")
def _msg() -> Reader:
    from ctxpipe.pipeline.readers.mail.outlook import OutlookReader

    return OutlookReader()
