"""Stops that end no sentence."""

from __future__ import annotations

import pytest

from ctxpipe.compress.text.sentences import sentences


def split(text: str) -> list[str]:
    return [text[a:b] for a, b in sentences(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "It lies near St. Mary's Rd. No. 3 in town.",
        "It costs approx. $54.50 a night (incl. 2.5% tax. Dogs are free) and is cheap.",
        "Dr. J. P. Smith wrote it.",
        "Er kostet 54 Euro, d. h. inkl. Strom und MwSt. gem. § 4 Abs. 2 des Gesetzes.",
        "Am 3. Mai und im 19. Jahrhundert war es so.",
        "Siehe Art. 12 und Nr. 3 der Liste.",
        "Il coûte 54 euros (cf. Art. 4 du contrat), selon Mme. Dupont.",
        "Los EE. UU. pagan según la pág. 3 del libro de la Sra. López.",
        "Стоянка стоит 54 евро, вкл. НДС 20 % и т. п. услуги А. С. Пушкина.",
        "「係留料は一泊54ユーロです。」と係員は言った。",
        "Kosztuje 54 zł, tj. ok. 12 euro, przy ul. Długiej.",
    ],
)
def test_abbreviations_end_no_sentence(sentence: str) -> None:
    assert split(sentence) == [sentence]
    assert split(f"{sentence} {sentence}") in ([sentence, sentence], [f"{sentence} {sentence}"])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It is 3. May we go? Yes.", 3),
        ("Modern art. The museum is open.", 2),
        ("It ends (here). Then it begins.", 2),
        ("(It ends here. Then it begins.)", 2),
        ("كم تكلف الليلة؟ تكلف الليلة 54 يورو.", 2),
        ("यह 54 यूरो है। बच्चे आधा देते हैं।", 2),
        ("彼は「はい。」と言った。彼女は来た。", 2),
        ("¿Cuánto cuesta? ¿Dónde está? ¡Bien!", 3),
    ],
)
def test_sentences_still_end(text: str, count: int) -> None:
    assert len(split(text)) == count
