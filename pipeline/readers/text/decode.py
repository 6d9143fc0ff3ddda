"""Decodes text exactly, or fails with one line that says where.

The rules, in order:

1. A byte-order mark decides (UTF-8, UTF-16, UTF-32) and is not part of the text.
2. UTF-16 without a mark is recognised by zero bytes in one half of its byte pairs, ISO-2022-JP by its escape sequences.
3. A zero byte in any other file is an error: the file is binary or damaged.
4. Bytes that decode as UTF-8 are UTF-8.
5. An encoding that the file declares (``<meta charset>``, an XML or coding line) is used if it decodes.
6. :func:`~ctxpipe.pipeline.readers.text.legacy.legacy_codec` looks for a legacy encoding.
7. A few bytes that give too little evidence, but are letters and signs of Western languages where such characters stand
   (:func:`~ctxpipe.pipeline.readers.text.western.western_codec`), are Windows-1252 or ISO 8859-15.
8. Anything else is an error that names the first bad byte.

What is read by rule 6 or 7 has a note that names the encoding.

Carriage returns in a text without line feeds become line feeds: they end its lines.

With ``errors="replace"``, undecodable bytes and zero bytes become U+FFFD.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter

from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.reader import Errors
from ctxpipe.pipeline.readers.text.legacy import known_codec, legacy_codec
from ctxpipe.pipeline.readers.text.western import western_codec

HEAD = 8192
"""Bytes at the start of a file that decide whether it is binary."""

# UTF-32 before UTF-16: the little-endian mark of the one begins with that of the other.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF container"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a Java class or macOS program"),
    (b"\0asm", "WebAssembly"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office file"),
    (b"%PDF-", "a PDF; give it the ending .pdf"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ID3", "MP3 audio"),
    (b"OggS", "Ogg media"),
    (b"PAR1", "a Parquet file"),
)
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1b")
_FLAG = "pass --decode-errors replace to read the rest"
_DECLARED = re.compile(rb"""(?:charset|encoding|coding)\s*[=:]\s*["']?([\w.:-]+)""", re.IGNORECASE)


def binary_reason(head: bytes) -> str:
    """Why a file that begins with ``head`` is binary; empty for text in any encoding.

    A single zero byte does not make a text binary. Binary means a known signature, or at least eight control bytes that
    are 30% of the head, or 5% of a head that is not UTF-8.

    Args:
        head: The first :data:`HEAD` bytes of the file, or all of a shorter one.
    """
    if any(head.startswith(mark) for mark, _ in _MARKS) or _unmarked_utf16(head):
        return ""
    utf8 = _is_utf8(head)
    if utf8 and b"\0" not in head:
        return ""
    named = next((name for magic, name in _MAGIC if head.startswith(magic)), "")
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if named or (controls >= 8 and controls > len(head) * (0.3 if utf8 else 0.05)):
        return f"a binary file ({named or 'unknown data'}), not text"
    return ""


def decode(data: bytes, *, source: str, errors: Errors = "strict", declares: bool = False) -> str:
    """Decode a text file as :func:`decode_noted` does, without the note."""
    return decode_noted(data, source=source, errors=errors, declares=declares)[0]


def decode_noted(data: bytes, *, source: str, errors: Errors = "strict", declares: bool = False) -> tuple[str, str]:
    """Decode a text file by the rules above.

    Args:
        data: The whole file.
        source: Its name, for the error.
        errors: ``"replace"`` replaces undecodable bytes by U+FFFD.
        declares: Whether files of this format can declare their encoding.

    Returns:
        The text, and a note for the user that names an encoding which was guessed; empty for none.

    Raises:
        ReadError: naming the offset of the first byte that cannot be decoded.
    """
    if reason := binary_reason(data[:HEAD]):
        raise ReadError(source, reason)
    mark, codec = next(((mark, codec) for mark, codec in _MARKS if data.startswith(mark)), (b"", ""))
    jis = "iso2022_jp" if not mark and _is_jis(data) else ""
    codec = codec or _unmarked_utf16(data[:HEAD]) or jis or "utf-8"
    body, note = data[len(mark) :], "read as ISO-2022-JP, by its escape sequences" if codec == jis else ""
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as exc:
        other = ""
        if codec == "utf-8" and not mark:
            other = _declared(data) if declares else ""
            if not other:
                other = legacy_codec(data, exc.start) or western_codec(data)
                note = f"read as {_shown(other)}, because it is not UTF-8" if other else ""
        if not other and errors == "strict":
            raise ReadError(source, _bad_byte(data, exc.start + len(mark), codec)) from exc
        codec = other or codec
        text = body.decode(codec, errors)
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")  # as classic Mac OS and hospitals end lines
    zero = text.find("\0")
    if zero < 0:
        return text, note
    if errors == "replace":
        return text.replace("\0", "\ufffd"), note
    at = len(mark) + len(text[:zero].encode(codec))
    raise ReadError(source, f"zero byte at byte {at:,}: a binary file, or a damaged text; {_FLAG}")


def _is_jis(data: bytes) -> bool:
    """Whether a text switches between ASCII and Japanese by escape sequences."""
    if b"\x1b$B" not in data and b"\x1b$@" not in data:
        return False
    try:
        data.decode("iso2022_jp")
    except UnicodeDecodeError:
        return False
    return True


def _shown(codec: str) -> str:
    return codec.replace("cp125", "Windows-125") if codec.startswith("cp125") else codec.replace("_", "-").upper()


def _bad_byte(data: bytes, at: int, codec: str) -> str:
    where = f"byte {at:,} (0x{data[at]:02x}) is not {codec.upper()}"
    if codec != "utf-8":
        return f"{where}; the file is damaged; {_FLAG}"
    return f"{where} and no other encoding fits well enough; save it as UTF-8, or {_FLAG}"


def _is_utf8(head: bytes) -> bool:
    try:
        # Not final: a character cut by the end of the head is not an error.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _unmarked_utf16(head: bytes) -> str:
    """The byte order of UTF-16 without a mark, or empty.

    Zeros, at least four, fill 30% of one half of the byte pairs, and the other half has no zero and no control byte; or
    all zeros are in one half, whose other bytes are nearly all the same, and the pairs are printable.
    """
    if b"\0" not in head:
        return ""
    for high, low, codec in ((head[1::2], head[::2], "utf-16-le"), (head[::2], head[1::2], "utf-16-be")):
        zeros = high.count(0)
        if zeros >= max(4, 0.3 * len(high)) and len(low) == len(low.translate(None, _CONTROLS)):
            return codec
        if zeros >= 4 and 0 not in low and _is_one_script(high) and _is_printable(head, codec):
            return codec
    return ""


def _is_one_script(high: bytes) -> bool:
    """Whether the upper bytes of pairs are zero or, nearly all, those of one script from Greek to Arabic or Thai."""
    other, count = Counter(high.replace(b"\0", b"")).most_common(1)[0] if any(high) else (0, 0)
    return other in (*range(1, 8), 0x0E) and high.count(0) + count >= 0.95 * len(high)


def _is_printable(head: bytes, codec: str) -> bool:
    try:
        text = head[: len(head) & ~1].decode(codec)
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char in "\t\n\r\f\u200e\u200f" for char in text)


def _declared(data: bytes) -> str:
    """The declared encoding, if it is known and decodes the whole file; else empty."""
    match = _DECLARED.search(data, 0, 2048)
    codec = known_codec(match[1].decode("ascii", "replace")) if match else ""
    try:
        data.decode(codec or "utf-8")
    except UnicodeDecodeError:
        return ""
    return codec
