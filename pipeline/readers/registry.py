"""Readers by name."""

from __future__ import annotations

from ctxpipe.pipeline.readers.reader import Reader
from ctxpipe.registry import Registry

READERS: Registry[Reader] = Registry("reader", "ctxpipe.readers", "read")
"""Readers by name. A reader of another package is named like the extension of its files, without the dot."""

READERS.register_places(
    pdf="ctxpipe.pipeline.readers.pdf.reader:PdfReader",
    docx="ctxpipe.pipeline.readers.office.docx:DocxReader",
    pptx="ctxpipe.pipeline.readers.office.pptx:PptxReader",
    xlsx="ctxpipe.pipeline.readers.office.xlsx:XlsxReader",
    mail="ctxpipe.pipeline.readers.mail.mail:MailReader",
    msg="ctxpipe.pipeline.readers.mail.outlook:OutlookReader",
    ipynb="ctxpipe.pipeline.readers.notebook:NotebookReader",
    epub="ctxpipe.pipeline.readers.epub:EpubReader",
    rtf="ctxpipe.pipeline.readers.rtf:RtfReader",
    odt="ctxpipe.pipeline.readers.odf.odf:odt",
    ods="ctxpipe.pipeline.readers.odf.odf:ods",
    odp="ctxpipe.pipeline.readers.odf.odf:odp",
    srt="ctxpipe.pipeline.readers.subtitles:srt",
    vtt="ctxpipe.pipeline.readers.subtitles:vtt",
)
