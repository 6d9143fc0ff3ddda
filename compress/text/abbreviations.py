"""Stops that end no sentence: those of abbreviations, initials and ordinal numbers, in the languages that have them."""

from __future__ import annotations

import regex

_WORDS = (
    # English
    "mr mrs ms dr prof sr jr st vs etc eg ie e.g i.e cf al no nos vol vols fig figs eq eqs sec ch pp ed eds inc ltd co "
    "corp gen col lt sgt capt rev hon pres gov sen rep dept est approx jan feb mar apr jun jul aug sep sept oct nov "
    "dec mt ft ca a.m p.m u.s u.k u.n ph.d rd ave blvd hwy bldg incl excl esp resp viz ibid messrs bros assn "
    # German
    "bzw evtl ggf inkl exkl zzgl abzgl einschl vgl usw sog gem str tel hrsg aufl jh mio mrd tsd geb gest verh bspw "
    "insb mwst dipl ing hr frl z.b d.h u.a o.ä i.d.r u.u s.o s.u z.t "
    # French
    "mme mmes mlle c.-à-d p.ex env éd chap réf tél janv févr avr juil déc av "
    # Spanish, Portuguese, Italian
    "sra srta ud uds ee uu ee.uu p.ej pág págs núm avda aprox exmo exma sig dott dott.ssa avv pag pagg ecc cfr "
    # Dutch, Swedish, Danish, Norwegian
    "bijv blz enz mevr dhr d.w.z o.a i.p.v m.b.t t.ex bl.a dvs osv m.fl f.eks bl mv "
    # Polish, Czech
    "np tj itd itp ul tzw tys mln zł godz např tzv atd apod "
    # Russian, Ukrainian
    "г гг вв им ул корп стр рис табл см ср напр тыс млн млрд руб коп вкл проф акад т.е т.к т.д т.п др пр"
).split()
_BEFORE_NUMBERS = (
    "art nr abs ziff kap abb tab bd jg rn rz anm lit s p par cap num n.º nº no. poz str. č ст п пп ч max min máx mín "
    "tel ref ok"
).split()
_ORDINAL = (
    "januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|jahrhundert|jahrhunderts|"
    "stock|etage|auflage|klasse|platz|mal|tag|runde|kapitel|weltkrieg|weltkriegs|lebensjahr|geburtstag|"
    "januari|februari|mars|maj|marts|desember|ledna|února|března|dubna|května|června|července|srpna|září|října|"
    "listopadu|prosince|tammikuuta|helmikuuta|maaliskuuta|huhtikuuta|toukokuuta|kesäkuuta|heinäkuuta|elokuuta|"
    "syyskuuta|lokakuuta|marraskuuta|joulukuuta"
)
_WINDOW = 14
"""Characters before a stop that are looked at."""
_KNOWN, _KNOWN_BEFORE_NUMBERS = frozenset(_WORDS), frozenset(_BEFORE_NUMBERS)
_LAST_WORD = regex.compile(r"(?r)[^\s(\[\"'«„“/]*")
_ENDS_IN_WORD = regex.compile(
    rf"(?:^|[\s(\[\"'«„“/])(?:(?:{'|'.join(map(regex.escape, _WORDS))})|[A-Za-z\p{{Lu}}])\.$", regex.IGNORECASE
)
_ENDS_IN_NUMBERED = regex.compile(
    rf"(?:^|[\s(\[\"'«„“/])(?:{'|'.join(map(regex.escape, _BEFORE_NUMBERS))})\.$", regex.IGNORECASE
)
_NUMBER = regex.compile(r"[§№]?\s?(?:\p{N}|[IVXLC]+\b)")
_ENDS_IN_DAY = regex.compile(r"(?:^|[\s(\[/–-])\d{1,2}\.$")
_AFTER_DAY = regex.compile(rf"(?:{_ORDINAL})\b", regex.IGNORECASE)


def is_abbreviated(text: str, begin: int, stop: int, after: int) -> bool:
    """Whether a stop belongs to an abbreviation, an initial or an ordinal number.

    Args:
        text: The text.
        begin: Where the sentence begins.
        stop: Just behind the stop.
        after: Where what follows begins.
    """
    if text[stop - 1] != ".":
        return False
    low = max(begin - 1, stop - _WINDOW, 0)
    if _may_be_short(text, low, stop):
        if _ENDS_IN_WORD.search(text, low, stop):
            return True
        if _ENDS_IN_NUMBERED.search(text, low, stop) and _NUMBER.match(text, after):
            return True
    if not text[stop - 2 : stop - 1].isdecimal():
        return False
    return bool(_ENDS_IN_DAY.search(text, low, stop) and _AFTER_DAY.match(text, after))


def _may_be_short(text: str, low: int, stop: int) -> bool:
    """Whether the word before a stop may be an abbreviation: the patterns take much longer to say that it is none."""
    match = _LAST_WORD.match(text, low, stop - 1)
    word = match.group().lower() if match else ""
    return len(word) < 2 or not word.isascii() or word in _KNOWN or word in _KNOWN_BEFORE_NUMBERS
