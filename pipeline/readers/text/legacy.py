"""Detects the legacy encoding of a text, or reports too little evidence.

The choice is by alphabet: the encoding in which nearly all non-ASCII characters are letters of one language that uses
    it. Measured on manual pages of 22 languages, charset-normalizer's best guess silently misreads a sixth of them
    (Portuguese as cp1250, Turkish as cp1252, short Chinese as Korean); this rule misreads fewer than one in a hundred
    from 1,000 bytes on, and refuses as few. Below some 200 bytes it is wrong about once in twenty times.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter

import regex

_SAMPLE = 65536
_LINE = 4096
_LEAST_EVIDENCE = 3
_LEAST_SHARE = 0.9

_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_LATIN_1 = "äöüßé àâæçéèêëîïôœùûüÿ áéíñóúüªº àáâãçéêíóôõúü àèéìíîòóù åäöé æøåé ëéïöüèêóá áéíóúýþæöð"
_LATIN_2 = "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíľňóôšťúýž áéíóöőúüű ăâîşţ čćđšž"
_ALPHABETS = {
    "cp1252": _LATIN_1,
    "cp1250": _LATIN_2,
    "cp1254": "çğıöşüâîûİ",
    "cp1257": "ąčęėįšųūž āčēģīķļņšūž äõöüšž",
    # Before Cyrillic, because Hebrew could be read as small Cyrillic letters, but not the reverse.
    "cp1255": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "cp1251": f"{_CYRILLIC}ё {_CYRILLIC}іїєґ {_CYRILLIC}іў {_CYRILLIC}ђјљњћџ",
    "koi8_r": f"{_CYRILLIC}ё",
    "koi8_u": f"{_CYRILLIC}іїєґ",
    "cp866": f"{_CYRILLIC}ё",
    "iso8859_2": _LATIN_2,
    "cp1253": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "cp1256": "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگک،؛؟ًٌٍَُِّْـ",
    "cp874": "".join(map(chr, chain(range(0x0E01, 0x0E3B), range(0x0E3F, 0x0E5C)))),
}
_EAST_ASIAN = ("cp949", "cp932", "euc_jp", "gb18030", "cp950")
_CODECS = (*_ALPHABETS, *_EAST_ASIAN)
_LETTERS = {
    codec: [frozenset(alphabet) | frozenset(alphabet.upper()) for alphabet in alphabets.split()]
    for codec, alphabets in _ALPHABETS.items()
}
_SIGNS = frozenset("“”„‘’‚–—…«»‹›€£¥§©®°·•¿¡²³½¼±×†™№\u00a0") | frozenset(
    map(chr, chain(range(0x3001, 0x3020), range(0xFF01, 0xFF5F)))
)
# What no regular text has: a capital after a small letter, two scripts in one word, a sign inside a word, a Thai vowel
# or tone mark without its consonant, one ideograph or Hangul syllable inside a Latin word.
_DISORDER = regex.compile(
    r"\p{Ll}[\p{Lu}--[A-Z]]|[a-zA-Z][\p{L}--\p{Latin}]|[\p{L}--\p{Latin}][a-zA-Z]|\p{L}[„“”‚‹›«»†€£¥©®§¿¡±²³×]\p{L}"
    r"|(?<![ก-ฮ\p{Mn}])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]|[เ-ไ](?![ก-ฮ])|[a-zA-Z][\p{Han}\p{Hangul}][a-zA-Z]",
    regex.VERSION1,
)
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_SAME = {"latin_1": "cp1252", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950"} | {
    "euc_kr": "cp949"
}
_DECLARED_ONLY = (
    "iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_10 iso8859_13 iso8859_14 iso8859_15 "
    "iso8859_16 koi8_u mac_roman mac_cyrillic mac_latin2 cp437 cp850 cp852 cp855 cp862 cp866 cp1258 tis_620 iso2022_jp "
    "euc_jisx0213 big5hkscs johab"
).split()
"""Encodings that are too like others to be recognised, or too rare."""
_KNOWN = {codecs.lookup(codec).name: codec for codec in (*_DECLARED_ONLY, *_CODECS)} | {
    codecs.lookup(codec).name: same for codec, same in _SAME.items()
}


def known_codec(name: str) -> str:
    """The codec of a declared encoding, extended as in browsers; empty if unknown."""
    try:
        return _KNOWN.get(codecs.lookup(name).name, "")
    except (LookupError, ValueError):
        return ""


def legacy_codec(data: bytes, bad: int) -> str:
    """The legacy encoding of a text; empty for damaged UTF-8 and for too little evidence.

    It is damaged UTF-8 if at least half of the non-ASCII sequences are valid UTF-8, which is very rare in a legacy
    encoding. The evidence is too little if there are fewer than three non-ASCII characters, or if fewer than 90% of
    them are letters of one language or common signs.

    Args:
        data: The whole file, which is not valid UTF-8.
        bad: Offset of the first byte that is not.
    """
    sample = b"".join(_sample(data, bad))
    decoded = sample.decode("utf-8", "replace")
    broken = decoded.count("\ufffd") - sample.count(b"\xef\xbf\xbd")
    valid = sum(not char.isascii() for char in decoded) - broken
    if valid >= broken:
        return ""
    share, codec = max(((_share(codec, sample), codec) for codec in _CODECS), key=itemgetter(0))
    if share < _LEAST_SHARE:
        return ""
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return ""
    return codec


def _sample(data: bytes, bad: int) -> Iterator[bytes]:
    """The non-ASCII lines, from the first bad byte on and from the start, up to a limit each."""
    if len(data) <= _SAMPLE:
        yield data
        return
    line = data.rfind(b"\n", max(0, bad - _LINE), bad)
    yield from _lines(data, line + 1 if line >= 0 else bad, _SAMPLE // 2)
    yield from _lines(data, 0, _SAMPLE // 2)


def _lines(data: bytes, start: int, most: int) -> Iterator[bytes]:
    while most > 0 and (match := _BEYOND_ASCII.search(data, start)):
        at = match.start()
        first = max(start, data.rfind(b"\n", start, at) + 1, at - _LINE)
        stop = min(at + _LINE, len(data))
        last = data.find(b"\n", at, stop)
        if last < 0:
            # A byte below "0" is never the second half of a character, so a long line is cut there.
            last = next((i for i in range(stop - 1, at, -1) if data[i] < 0x30), stop - 1)
        start = last + 1
        most -= start - first
        yield data[first:start]


def _share(codec: str, sample: bytes) -> float:
    """The share of non-ASCII characters that fit one language of ``codec``; 0 if there are too few."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    counts = Counter(char for char in text if not char.isascii())
    if counts.total() < _LEAST_EVIDENCE:
        return 0.0
    fit: float = sum(n for char, n in counts.items() if char in _SIGNS)
    if codec in _EAST_ASIAN:
        fit += _east_asian(codec, counts)
    else:
        # Capitals count a little less: small Cyrillic letters in one encoding are capitals in another.
        weights = {c: n * (0.95 if c.isupper() else 1.0) for c, n in counts.items() if c not in _SIGNS}
        fit += max(sum(n for c, n in weights.items() if c in alphabet) for alphabet in _LETTERS[codec])
    return (fit - len(_DISORDER.findall(text))) / counts.total()


def _east_asian(codec: str, counts: Counter[str]) -> float:
    """Number of characters that are Hangul (Korean), kana and ideographs (Japanese), or common ideographs (Chinese)."""
    if codec == "cp949":
        hangul = sum(n for char, n in counts.items() if _is_everyday(char, "euc_kr", 0xB0, 0xC8))
        # Korean read as Chinese is everyday Chinese, but not the other way round; so Korean goes first.
        return 1.05 * hangul
    kana = sum(n for char, n in counts.items() if "\u3041" <= char <= "\u30ff")
    ideographs = {char: n for char, n in counts.items() if "\u4e00" <= char <= "\u9fff"}
    if codec in ("cp932", "euc_jp"):
        return kana + sum(ideographs.values()) if kana * 10 >= counts.total() else 0
    everyday = ("gb2312", 0xB0, 0xD7) if codec == "gb18030" else ("big5", 0xA4, 0xC6)
    return sum(n for char, n in ideographs.items() if _is_everyday(char, *everyday))


def _is_everyday(char: str, codec: str, first: int, last: int) -> bool:
    """Whether an ideograph is on the first level of a character set, that of common characters."""
    code = char.encode(codec, "ignore")
    return bool(code) and first <= code[0] <= last
