"""Headings of text without markup that begin with a word or sign for a part: ``Article 3``, ``§ 7``, ``第三条``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import regex

from ctxpipe.compress.text.prose.heading import is_stopped
from ctxpipe.compress.text.prose.lines import first_words
from ctxpipe.compress.text.sentences import trim

_WORDS = (
    "Part Chapter Section Article Clause Slide Book Title Lesson Rule Regulation Step "
    "Teil Kapitel Abschnitt Artikel Paragraf Partie Chapitre Titre Parte Capítulo Sección Artículo Cláusula Título "
    "Artigo Secção Seção Parte Capitolo Sezione Articolo Titolo Hoofdstuk Afdeling Deel Kapittel Avsnitt Del Luku "
    "Rozdział Artykuł Część Oddział Kapitola Článek Oddíl Madde Bölüm Kısım Fejezet Cikk "
    "Часть Глава Раздел Статья Пункт Частина Розділ Стаття Член Άρθρο Κεφάλαιο Μέρος "
    "المادة الفصل الباب القسم الجزء ماده فصل بخش סעיף פרק חלק अनुच्छेद अध्याय धारा भाग"
).split()
_STAGED = "Act Scene Akt Szene Acte Scène Acto Escena Atto Cena Akte Scen Действие Сцена Явление".split()
"""Words for the parts of a play, whose titles end in a stop."""
_ANNEXES = (
    "Appendix Annex Schedule Exhibit Attachment Anhang Anlage Annexe Anexo Apéndice Apêndice Allegato Bijlage Bilaga "
    "Załącznik Příloha Приложение Додаток Παράρτημα"
).split()
_ENTRIES = (
    "Item Topic Motion Resolution Decision Invoice Receipt Order Offer Quote Ticket Case Claim Complaint "
    "Applicant Applicants Patient Participant Candidate Tenant Customer Member Lot Room Session Lecture Unit Module "
    "Exercise Problem Question Phase Stage Episode Day Week Round Experiment Record Entry "
    "TOP Tagesordnungspunkt Beschluss Antrag Rechnung Auftrag Angebot Bestellung Vorgang Fall Frage Aufgabe Sitzung "
    "Tag Woche Facture Commande Devis Dossier Question Point Séance Factura Pedido Caso Pregunta Punto Fattura Ordine"
).split()
"""Words for things of one kind after one another, each with its number on the first line of a paragraph."""
_SERIES = (
    "Route Line Tour Zone Building House Site Station Group Team Ward Plot Batch Sample Trial Linie Gruppe Haus".split()
)
"""The same, where a text has several: one alone is the title of what is right below it, and no more."""
_NUMBER = r"(?:\d{1,4}(?:[.-]\d{1,3}){0,4}[a-z]?|[IVXLC]{1,7}|[A-HА-Е]|[٠-٩۰-۹०-९]{1,4})\b"
_IN_WORDS = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twenty|thirty|forty|fifty)(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?)\b"
)
_SIDE = rf"[ \t]{{4,}}[(\[]?(?:{'|'.join(_WORDS)}|§)[^\n]{{1,40}}"
"""At the other end of the line, what a part belongs to."""
_LINE = regex.compile(
    rf"""^[ \t]{{0,3}}(?P<title>
      (?P<word>{"|".join((*_WORDS, *_STAGED, *_ANNEXES))}|Art\.)[ \t]+
      (?:{_NUMBER}\.?(?:{_SIDE}|(?P<rest>[^\n]{{0,70}}?))|{_IN_WORDS}(?P<rest>(?:[.:–—-][^\n]{{0,70}})?))
    | (?P<entry>(?P<word>{"|".join((*_ENTRIES, *_SERIES))})[ \t]+(?:(?:No|Nr)\.?[ \t]?|[#№])?{_NUMBER}
      (?:[ \t]*[:.–—-][ \t]+(?P<rest>[^\n]{{1,70}}?))?)
    | (?P<word>§{{1,2}})[ \t]*{_NUMBER}\.?(?P<rest>[^\n]{{0,90}}?)
    | 第[ \t]?[\d０-９一二三四五六七八九十百千零〇两]{{1,6}}[ \t]?(?P<word>[条條章节節编編款部回課课讲講])
      (?P<rest>[^\n。]{{0,60}}?)
    | 제[ \t]?\d{{1,4}}[ \t]?(?P<word>[조장절편부])(?P<rest>[^\n.]{{0,60}}?)
    | (?P<word>附件|附录|附錄|別紙|별첨)[ \t]?[\d０-９一二三四五六七八九十A-Z]{{0,3}}(?P<rest>[^\n。]{{0,40}}?)
    | [一二三四五六七八九十]{{1,3}}(?P<word>、)(?P<rest>[^\n。，；]{{1,40}}?)
    | [（(][一二三四五六七八九十]{{1,3}}(?P<word>[)）])(?P<rest>[^\n。，；]{{1,40}}?)
    )[ \t]*$""",
    regex.MULTILINE | regex.VERBOSE | regex.IGNORECASE,
)
_BEGINNINGS = frozenset(word.casefold() for word in (*_WORDS, *_STAGED, *_ANNEXES, *_ENTRIES, *_SERIES, "Art."))
_SIGNS = frozenset("§第제附別별一二三四五六七八九十（(")
_NUMERALS = frozenset("一二三四五六七八九十")
_NEXT = regex.compile(r"[ \t\r]*\n[ \t]*([\p{Lu}\p{Lo}][^\n]{1,70}?)[ \t\r]*(?=\n[ \t\r]*(?:\n|\Z))")
_PAGE_REFERENCE = regex.compile(r"(?:\s|\.)\d{1,4}$")
_ASIDE = regex.compile(r"[\[\](),]")
_BLANK_BELOW = regex.compile(r"[ \t\r]*(?:\Z|\n[ \t\r]*(?:\n|\Z))")
_DIGITS = re.compile(r"[0-9]+")
_LEVELS = 5


class Named(NamedTuple):
    """A heading: offsets, depth below the outermost such heading, and its words."""

    start: int
    end: int
    depth: int
    title: str


def named_headings(text: str) -> Iterator[Named]:
    """Lines that begin with a word or sign for a part and its number, in order.

    The word that comes first in a text is the outermost: ``Section`` stands under ``Article`` where that comes first.
    A title on a line of its own right below belongs to the heading. What stands below an annex with a number that does
    not go on with those before the annexes stands under it.
    """
    depths: dict[str, int] = {}
    numbers: dict[str, int] = {}
    in_annex = False
    annexes = frozenset(word.lower() for word in _ANNEXES)
    staged = frozenset(word.lower() for word in _STAGED)
    matches = [match for start in _candidates(text) if (match := _LINE.match(text, start))]
    series = Counter(match["word"].lower() for match in matches if match["word"].capitalize() in _SERIES)
    for match in matches:
        if series[match["word"].lower()] == 1:
            continue
        rest, word = (match["rest"] or "").strip(), match["word"].lower()
        start, end = trim(text, *match.span())
        alone = _begins_paragraph(text, start) and _BLANK_BELOW.match(text, end) is not None
        aside = _ASIDE.search(rest) is not None and not rest.startswith(("（", "(", "【", "[")) and not alone
        stopped = not rest and text[end - 1] == "." and not alone
        ends = is_stopped(rest) and not (word in staged and rest.endswith("."))
        counted = rest and not match["entry"] and _PAGE_REFERENCE.search(rest)
        amid = match["entry"] and not _begins_paragraph(text, start)
        if stopped or aside or ends or counted or amid:
            continue
        if not rest and (below := _NEXT.match(text, end)) and not is_stopped(below[1]) and not _LINE.match(below[1]):
            end = below.end(1)
        if word in annexes:
            depth, in_annex = 0, True
        else:
            number = int(digits[0]) if (digits := _DIGITS.search(match["title"])) else -1
            in_annex = in_annex and not 0 <= numbers.get(word, -2) + 1 == number
            if not in_annex:
                numbers[word] = number
            depth = min(depths.setdefault(word, len(depths)) + in_annex, _LEVELS - 1)
        yield Named(start, end, depth, " ".join(text[start:end].split()))


def _candidates(text: str) -> Iterator[int]:
    """Where lines begin whose first word or sign may name a part: a look at one word is quicker than the pattern."""
    for start, word in first_words(text):
        if word[0] in _SIGNS:
            if word[0] not in "(（" or word[1:2] in _NUMERALS:
                yield start
        elif word.casefold() in _BEGINNINGS:
            yield start


def _begins_paragraph(text: str, start: int) -> bool:
    before = text[max(0, start - 80) : start].replace("\r", "").replace(" ", "").replace("\t", "")
    return not before.strip("\n") or before.endswith("\n\n")
