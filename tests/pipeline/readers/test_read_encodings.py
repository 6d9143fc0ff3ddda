"""Bytes to text: byte-order marks, legacy encodings, damage that is named by its offset, and files that are no text."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.read import read
from ctxpipe.pipeline.readers.text.decode import decode, decode_noted
from ctxpipe.pipeline.readers.text.legacy import legacy_codec
from ctxpipe.pipeline.readers.text.western import western_codec

GERMAN = "Die Größe der Straße überraschte die Gäste; natürlich ärgerten sich einige Anwohner über die Baustelle.\n"
TEXTS = {
    "cp1252 german": GERMAN,
    "cp1252 short": "Schöne Grüße aus Köln",
    "cp1252 french": "L'été dernier, les enfants étaient très heureux de découvrir les forêts où coulait une rivière.",
    "cp1252 portuguese": "A reunião começará amanhã às três horas; não há dúvida de que a decisão será difícil.",
    "cp1252 swedish": "Företaget redovisade ett överskott på två miljoner; åren därefter gick det sämre.",
    "cp1252 quotes": "The committee didn’t agree. “We’ve seen this,” said the chair – twice.",
    "latin_1 spanish": "El año pasado la compañía publicó su informe. ¿Cuántos señores asistieron a la reunión?",
    "cp1250 polish": "Źródła w ministerstwie twierdzą, iż środki będą niewystarczające, a część projektów wstrzymana.",
    "iso8859_2 czech": "Příliš žluťoučký kůň úpěl ďábelské ódy, přestože část vedení nesouhlasila.",
    "cp1250 hungarian": "A társaság úgy döntött, hogy növeli az összeget; később kiderült, hogy fölösleges volt.",
    "cp1254 turkish": "Geçen yıl şirket araştırma harcamalarını artıracağını açıkladı; bazı projeler durduruldu.",
    "cp1251 russian": "В прошлом году компания объявила о намерении увеличить расходы на исследования.",
    "koi8_r russian": "В прошлом году компания объявила о намерении увеличить расходы на исследования.",
    "cp866 russian": "В прошлом году компания объявила о намерении увеличить расходы на исследования.",
    "koi8_u ukrainian": "Минулого року компанія оголосила про намір збільшити видатки на дослідження.",
    "cp1253 greek": "Πέρυσι η εταιρεία ανακοίνωσε ότι θα αυξήσει τις δαπάνες για την έρευνα.",
    "cp1255 hebrew": "בשנה שעברה הודיעה החברה על כוונתה להגדיל את ההוצאות על מחקר.",
    "cp1256 arabic": "أعلنت الشركة في العام الماضي أنها ستزيد الإنفاق على البحوث، ومع ذلك لن تكون الأموال كافية.",
    "cp874 thai": "เมื่อปีที่แล้วบริษัทประกาศว่าจะเพิ่มค่าใช้จ่ายในการวิจัย อย่างไรก็ตามเงินทุนจะไม่เพียงพอ",
    "shift_jis japanese": "昨年、会社は研究への支出を増やすと発表した。カタカナも混ざる。",
    "euc_jp japanese": "昨年、会社は研究への支出を増やすと発表した。カタカナも混ざる。",
    "gb18030 chinese": "去年，该公司宣布将增加研究支出。然而，该部的代表认为资金不足，部分项目将被迫停止。",
    "gbk chinese": "你好，世界。今天天气很好，我们去公园散步。",
    "big5 chinese": "去年，該公司宣布將增加研究支出。然而，該部的代表認為資金不足，部分項目將被迫停止。",
    "euc_kr korean": "지난해 회사는 연구 지출을 늘리겠다고 발표했다. 그러나 자금이 부족하여 일부 사업이 중단될 것이다.",
}


FLAG = "pass --decode-errors replace to read the rest"


def only(path: Path, errors: str = "strict") -> str:
    """The text of a file, or the one line that says why it has none."""
    result = read([path], errors=errors)  # type: ignore[arg-type]
    assert len(result.documents) + len(result.failures) == 1
    return result.documents[0].text if result.documents else result.failures[0].reason


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.txt"


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("times", [1, 40, 4000])
def test_legacy_encodings_are_read(path: Path, name: str, times: int) -> None:
    text = "\n".join([TEXTS[name]] * times)
    path.write_bytes(text.encode(name.split()[0]))
    assert only(path) == text


@pytest.mark.parametrize(
    "data",
    [
        b"plain line\n" * 1000 + b"one stray \xff byte\n" + b"plain line\n" * 1000,
        b"three strays \xff in \xfe ascii \x81",
        "Größe, Straße, Köln, früh, später, schön, größer, öfter, über, Tür".encode() + b" \xe4 end",
        "naïve caf".encode() + b"\xe9",
        ("今天天气很好。" * 50).encode()[:-1],
        ("今天天气很好。" * 20000).encode() + b"\xff" + ("今天天气很好。" * 20000).encode(),
        b"ascii " * 100_000 + "cut 中".encode()[:-1],
        "Größe ".encode() * 10 + "Größe ".encode("cp1252") * 8,
    ],
)
def test_damaged_utf8_names_its_first_bad_byte(path: Path, data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        data.decode()
    at = caught.value.start
    path.write_bytes(data)
    assert only(path).startswith(f"byte {at:,} (0x{data[at]:02x}) is not UTF-8")
    assert only(path, "replace") == data.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_no_text(path: Path, mark: bytes, codec: str) -> None:
    text = "Größe 今天 😀\r\nline"
    path.write_bytes(mark + text.encode(codec))
    assert only(path) == text
    path.with_suffix(".json").write_bytes(mark + '["ü"]'.encode(codec))
    document = read([path.with_suffix(".json")]).documents[0]
    assert (document.kind, document.text) == ("json", '["ü"]')


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(path: Path, codec: str) -> None:
    for text in (
        "Привет, мир. Как дела сегодня?",
        "Γειά σου κόσμε, τι κάνεις;",
        "שלום עולם, מה שלומך היום?",
        "Name;City\r\n",
        "plain words, " * 5000,
        "Größe und Straße 今 " * 10,
    ):
        path.write_bytes(text.encode(codec))
        assert only(path) == text


@pytest.mark.parametrize(
    "text",
    [
        "café",
        "It’s late",
        "item,price\nrope,£12\nlamp,£40\n",
        "It rained. " * 2000 + "The “Gull” left – at noon." + "It rained. " * 2000,
        "Die naïve Frage kam vom Café. Gäste zahlen zwölf Kronen.",
        "Prix à la carte",
        "NÃO, 20 m² à 5 °C",
    ],
)
def test_a_few_bytes_of_windows_1252_are_read_with_a_note(path: Path, text: str) -> None:
    path.write_bytes(text.encode("cp1252"))
    (document,) = read([path]).documents
    assert document.text == text
    assert document.notes == ("read as Windows-1252, because it is not UTF-8",)
    path.write_bytes(text.encode())
    assert read([path]).documents[0].notes == ()


@pytest.mark.parametrize(
    "data",
    [
        "Žluťoučký kůň".encode("cp1250"),
        "zażółć gęślą".encode("cp1250"),
        "Привет".encode("cp1251"),
        b"x\xa3y",
        b"a \xe9 b",
        b"Gr\xc3",
        b"cut \xe2\x80",
        b"bell \x07 caf\xe9",
        b"undefined \x81",
    ],
)
def test_what_western_text_has_not_is_not_taken_for_it(data: bytes) -> None:
    assert western_codec(data) == ""


def test_damaged_utf16(path: Path) -> None:
    path.write_bytes(codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"\x00\xd8c\x00")
    assert only(path) == f"byte 6 (0x00) is not UTF-16-LE; the file is damaged; {FLAG}"
    assert only(path, "replace") == "ab\ufffdc"


@pytest.mark.parametrize(
    ("name", "head", "codec"),
    [
        ("a.html", '<html><head><meta charset="{}"></head><body>é</body></html>', "windows-1252"),
        ("a.html", "<meta http-equiv=Content-Type content='text/html; charset={}'><p>é", "ISO-8859-1"),
        ("a.html", '<meta charset="{}"><p>é', "iso-8859-15"),
        ("a.xml", '<?xml version="1.0" encoding="{}"?><a>é</a>', "iso-8859-1"),
        ("a.py", "# -*- coding: {} -*-\nname = 'é'\n", "latin-1"),
        ("a.html", "<meta charset={}><p>é", "utf-8, says who"),
    ],
)
def test_a_declared_encoding_is_believed_where_utf8_fails(tmp_path: Path, name: str, head: str, codec: str) -> None:
    path = tmp_path / name
    path.write_bytes(head.format(codec).encode("cp1252"))
    if "says who" in codec:
        assert "is not UTF-8" in only(path)
    else:
        assert "é" in only(path)
    path.write_bytes(head.format(codec).encode())
    assert "é" in only(path)


def test_a_stray_zero_byte_is_named(path: Path) -> None:
    for data, at in (
        (b"hello\0world", 5),
        (b"x" * 50_000 + b"\0" + b"y" * 100, 50_000),
        ("Größe".encode() + b"\0 ok", 7),
    ):
        path.write_bytes(data)
        assert only(path) == f"zero byte at byte {at:,}: a binary file, or a damaged text; {FLAG}"
        assert only(path, "replace") == data.decode().replace("\0", "\ufffd")
    path.write_bytes(codecs.BOM_UTF16_BE + "ab\0".encode("utf-16-be"))
    assert only(path).startswith("zero byte at byte 6")


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "text")
    return buffer.getvalue()


BINARY = {
    "a PNG image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
    "an ELF program": b"\x7fELF\x02\x01\x01" + b"\0" * 500,
    "gzip data": gzip.compress(b"text"),
    "a ZIP archive": _archive(),
    "an SQLite database": b"SQLite format 3\0" + b"\0" * 100,
    "unknown data": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("what", BINARY)
@pytest.mark.parametrize("name", ["file.txt", "file", "file.md"])
@pytest.mark.parametrize("errors", ["strict", "replace"])
def test_binary_files_are_told_apart(tmp_path: Path, what: str, name: str, errors: str) -> None:
    path = tmp_path / name
    path.write_bytes(BINARY[what])
    assert only(path, errors) == f"a binary file ({what}), not text"
    piped = read(["-"], stdin=io.BytesIO(BINARY[what]), errors=errors)  # type: ignore[arg-type]
    assert [failure.reason for failure in piped.failures] == [f"a binary file ({what}), not text"]


def test_text_that_begins_like_a_signature_is_text(path: Path) -> None:
    for text in ("GIF89a is a format", "BZh, MZ and PK\x03\x04", "RIFF raff", "%PDF-1.7 begins a PDF"):
        path.write_text(text)
        assert only(path) == text


def test_a_head_that_ends_inside_a_character_is_no_damage(path: Path) -> None:
    for shift in range(4):
        text = "x" * shift + "今😀" * 3000
        path.write_bytes(text.encode())
        assert only(path) == text


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\ufeff"), min_size=1), st.data())
def test_one_bad_byte_in_any_text_is_found_where_it_is(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    with pytest.raises(ReadError) as caught:
        decode(text[:at].encode() + b"\xff" + text[at:].encode(), source="x")
    where = f"byte {len(text[:at].encode()):,} (0xff) is not UTF-8"
    assert caught.value.reason.startswith((where, "a binary file"))


def outcome(data: bytes, errors: Literal["strict", "replace"]) -> str:
    """Nothing for a text that was read strictly, the text for one that was mended, else the error."""
    try:
        text = decode(data, source="x", errors=errors, declares=True)
    except ReadError as error:
        return str(error)
    return text if errors == "replace" else ""


@given(st.binary(max_size=300))
def test_any_bytes_give_a_text_or_one_line(data: bytes) -> None:
    assert "\n" not in outcome(data, "strict")
    replaced = outcome(data, "replace")
    assert "\0" not in replaced
    assert "damaged" not in replaced


def test_little_evidence_is_no_evidence() -> None:
    assert legacy_codec(b"caf\xe9 cr\xe8me", 3) == ""
    assert legacy_codec(b"caf\xe9 cr\xe8me br\xfbl\xe9e", 3) == "cp1252"
    assert legacy_codec(bytes(range(128, 256)), 0) == ""


def test_lines_that_end_in_carriage_returns_alone(tmp_path: Path) -> None:
    path = tmp_path / "fees.csv"
    path.write_bytes(b"port,fee\rFaro,54\rBraga,61\r")
    assert read([path]).documents[0].text == "port,fee\nFaro,54\nBraga,61\n"


@pytest.mark.parametrize(
    ("text", "codec", "shown"),
    [
        ("Le câble bleu coûte 54 €. Il est près du château.\n", "iso8859_15", "ISO8859-15"),
        ("Kaffee 3 € und Kuchen 4 €\n", "iso8859_15", "ISO8859-15"),
        ("価格表\n青いケーブルは五十四円です。\n", "iso2022_jp", "ISO-2022-JP"),
    ],
)
def test_euro_signs_of_iso_8859_15_and_escape_sequences_of_japanese(text: str, codec: str, shown: str) -> None:
    decoded, note = decode_noted(text.encode(codec), source="x")
    assert decoded == text
    assert note.startswith(f"read as {shown}")


def test_letters_inside_words_are_no_euro_signs() -> None:
    with pytest.raises(ReadError):
        decode("ma\xa4ana y la ni\xa4a\n".encode("latin_1"), source="x")


def test_colours_of_a_terminal_are_no_japanese() -> None:
    assert decode(b"\x1b[31mred\x1b[0m costs $B\n", source="x") == "\x1b[31mred\x1b[0m costs $B\n"
