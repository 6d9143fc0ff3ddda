"""ZIP archives, which office files and e-books are."""

from __future__ import annotations

import io
import struct
import zipfile


def zip_parts(data: bytes) -> dict[str, int]:
    """The parts of a ZIP archive with their unpacked sizes in bytes; none for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {part.filename: part.file_size for part in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, EOFError, OverflowError, struct.error):
        # Besides its own error, a damaged table of contents makes zipfile raise any of the others.
        return {}
