"""Budgets in which nothing fits whole: what stands above is shortened before what is said is cut."""

from __future__ import annotations

import pytest

from ctxpipe import Document, Pipeline

MAIL = """From: Bo Nau <bo@north.example>
Date: Mon, 03 Jun 2024 16:40:00 +0200
Subject: Crane offers of the year
To: Ann Brandt <ann@quay.example>, Cy Lund <cy@quay.example>

Delivery of the crane takes nine weeks.
"""


@pytest.mark.parametrize(("budget", "head"), [(100, 4), (50, 1), (40, 1)])
def test_a_long_head_is_cut_to_its_first_line(budget: int, head: int) -> None:
    kept = Pipeline(rank="bm25").compress(
        Document(text=MAIL, source="x"), question="How long does delivery take?", budget=budget
    )
    above, _, below = kept.text.partition("\n\n" if head == 4 else "\n…\n")
    assert above.split("\n") == MAIL.split("\n")[:head]
    assert below.strip() == "Delivery of the crane takes nine weeks."


def test_a_record_is_cut_around_the_words_of_the_question() -> None:
    line = '10.0.0.{} - ann [01/May/2024:10:00:0{} +0200] "{} /berths HTTP/1.1" {} 31 "-" "curl/8"\n'
    text = "".join(line.format(n, n, verb, 400 + n) for n, verb in enumerate(("GET", "POST", "DELETE")))
    kept = Pipeline(rank="bm25").compress(
        Document(text=text, source="x.log"), question="Which status had DELETE?", budget=40
    )
    assert "DELETE /berths HTTP/1.1" in kept.text
    assert " 402" in kept.text
    assert kept.text.startswith("… ")


PUMPS = """<?xml version="1.0"?>
<article xmlns="http://docbook.org/ns/docbook" version="5.0">
<title>Pump handbook</title>
<section><title>Bilge pump</title>
<section><title>Fuses</title><para>It is protected by a fuse of 10 A.</para></section>
</section>
<section><title>Fire pump</title>
<section><title>Fuses</title><para>It is protected by a fuse of 25 A.</para></section>
</section>
</article>
"""


@pytest.mark.parametrize("budget", [45, 60, 75])
def test_a_declaration_alone_is_not_kept_where_an_answer_can_be_shortened_to_fit(budget: int) -> None:
    document = Document(text=PUMPS, source="pumps.xml", kind="code", language="xml")
    kept = Pipeline(rank="bm25").compress(document, question="Which fuse protects the fire pump?", budget=budget)
    assert "<?xml" not in kept.text
    assert "<para>" in kept.text
    assert kept.kept_tokens <= budget
    assert any("cut and marked" in note for note in kept.notes)
