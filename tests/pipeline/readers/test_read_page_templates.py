"""Sources of pages are read as they are, with the conditions between their tags; pages as what they show."""

from __future__ import annotations

from ctxpipe.pipeline.readers.load import load

TEMPLATE = "<div>\n{% if late %}\n<p>Pay 9 euros.</p>\n{% else %}\n<p>Pay 5 euros.</p>\n{% endif %}\n</div>\n"


def test_a_template_is_code_and_a_page_is_text() -> None:
    template = load(TEMPLATE.encode(), source="fees.html", name="fees.html")
    assert (template.kind, template.language, template.text) == ("code", "html", TEMPLATE)
    for page in (f"<pre>{TEMPLATE.replace('<', '&lt;')}</pre>", "<p>Pay {{ fee }} euros.</p>"):
        assert load(page.encode(), source="fees.html", name="fees.html").kind == "html"
