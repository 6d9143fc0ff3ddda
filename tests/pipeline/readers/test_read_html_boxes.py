"""HTML: what stands below the title of a card, an entry or a panel stands under it, and ends with it."""

from __future__ import annotations

import time

import pytest

from ctxpipe.compress.text.outline import outline
from ctxpipe.pipeline.readers.html.html import html_page
from ctxpipe.pipeline.readers.load import load


def chain(page: str, words: str) -> list[str]:
    """What the unit with some words stands under, outermost first."""
    document = load(page.encode(), source="page.html", name="page.html")
    made = outline(document)
    units = made.units(0, len(document.text))
    unit = next(unit for unit in units if words in document.text[unit.start : unit.end])
    return [document.text[above.start : above.end] for above in made.chain(unit)][::-1]


def units(page: str) -> list[str]:
    document = load(page.encode(), source="page.html", name="page.html")
    return [document.text[unit.start : unit.end] for unit in outline(document).units(0, len(document.text))]


BOATS = (("Tern", "Hired out until June"), ("Curlew", "On the slip"), ("Plover", "Free from Monday"))
CARD = (
    "<{tag} class='boat{more}'><span><img alt=photo></span><div class=in><div class=name>{name}</div>"
    "<div class=berths>4 berths</div><ul><li>Teak deck</li><li>Sails of {name}</li></ul>"
    "<div>{state}</div></div></{tag}>"
)


@pytest.mark.parametrize("tag", ["div", "section", "article", "a"])
def test_the_first_line_of_a_card_stands_above_the_rest_of_it_alone(tag: str) -> None:
    cards = "\n".join(
        CARD.format(tag=tag, name=name, state=state, more=" new" if name == "Tern" else "") for name, state in BOATS
    )
    page = f"<h1>Boats</h1><div>{cards}</div><p>Ask at the office.</p>"
    for name, state in BOATS:
        assert chain(page, state) == ["# Boats", name]
        assert chain(page, f"Sails of {name}") == ["# Boats", name, "4 berths"]
    assert chain(page, "Ask at") == ["# Boats"]
    assert "Hired out until June" in units(page)


def test_cards_in_a_list_are_whole_items() -> None:
    cards = "".join(CARD.format(tag="li", name=name, state=state, more="") for name, state in BOATS)
    assert chain(f"<h1>Boats</h1><ul>{cards}</ul>", "Sails of Curlew")[:2] == ["# Boats", "- Curlew\n  4 berths"]


@pytest.mark.parametrize(
    "entries",
    [
        "<div class=s><h2>Fees</h2><p>Due in May.</p></div><div class=s><p>Paid by card.</p><p>Or cash.</p></div>",
        "<div class=s><div><h2>Fees</h2></div></div><div class=s><p>Due in May.</p><div>Paid by card.</div></div>",
        "<div class=s><p>Fees are due.</p><div>Pay.</div></div><div class=s><p>Keys are here.</p><div>Go.</div></div>",
        "<div class=s><i>Ada</i><h2>Fees</h2><p>Due.</p></div><div class=s><i>Ada</i><h2>Keys</h2><p>Here.</p></div>",
        "<div class=s><a>View</a><h2>Fees</h2><p>Due.</p></div><div class=s><a>Go</a><h2>Keys</h2><p>Here.</p></div>",
        "<div class=s><b>1</b><h2>Fees</h2><h3>Due</h3></div><div class=s><b>2</b><h2>Keys</h2><p>Here.</p></div>",
        "<div class=s><div>Amber</div><div>5 cm</div></div><div class=s><div>Beryl</div><div>6 cm</div></div>",
        f"<div class=s><div>{'Long ' * 30}</div><p>x</p></div><div class=s><div>Short</div><p>y</p></div>",
        "<div class=s>Fees<p>Due in May.</p></div><div class=s>Keys<p>Here.</p></div>",
        "<div class=s><b>Fees</b><p>Due.</p></div><div class=t><b>Keys</b><p>Here.</p></div>",
        "<div class=mw-heading><h2>Fees</h2></div><p>Due in May.</p><div class=mw-heading><h2>Keys</h2></div><p>Here.",
    ],
)
def test_other_boxes_are_written_as_ever(entries: str) -> None:
    assert not any(line.startswith(" ") for line in html_page(entries).text.split("\n"))


TICKER = (
    "<h1>Regatta</h1>"
    "<{0} class=entry><time>16:42</time><h3>Race three is off</h3><p>The wind has dropped.</p><p>Go home.</p></{0}>"
    "<{0} class=entry><time>16:10</time><p>Curlew leads by two lengths.</p></{0}>"
    "<{0} class=entry><time>15:31</time><h3>Protest</h3><p>Tern was over the line.</p></{0}>"
)


@pytest.mark.parametrize("tag", ["div", "article", "li"])
def test_a_heading_in_an_entry_ends_with_it(tag: str) -> None:
    page = TICKER.format(tag)
    mark = "- " if tag == "li" else ""
    assert chain(page, "Go home") == ["# Regatta", f"{mark}16:42", "Race three is off"]
    assert chain(page, "Curlew leads") == ["# Regatta", f"{mark}16:10"]
    assert chain(page, "over the line") == ["# Regatta", f"{mark}15:31", "Protest"]


def test_boxes_without_words_between_entries_change_nothing() -> None:
    entry = "<div class=boat><b>{}</b><p>{}</p></div>"
    boats = "<div class='boat ad'></div>".join(entry.format(name, state) for name, state in BOATS)
    assert chain(boats, "On the slip") == ["Curlew"]
    line = "<div class='boat wide'>See all boats</div>"
    assert chain(boats.replace("<div class='boat ad'></div>", "") + line, "See all") == []


def test_several_headings_may_stand_in_an_entry_beside_one_without() -> None:
    page = TICKER.format("div").replace("<p>Go home.", "<h4>Buses</h4><p>Go home.")
    assert chain(page, "Go home") == ["# Regatta", "16:42", "Race three is off", "Buses"]
    assert chain(page, "Curlew leads") == ["# Regatta", "16:10"]


@pytest.mark.parametrize(
    "panel", ["<div role=tabpanel>{}</div>", "<div class='tab-pane fade'>{}</div>", "<article>{}</article>"]
)
def test_headings_in_a_panel_end_with_it_if_another_panel_has_none(panel: str) -> None:
    sizes = "<h2>Sizes</h2><p>In feet.</p><h3>Hull</h3><p>24 long.</p><h3>Mast</h3><p>30 high.</p>"
    page = "<h1>Tern</h1>" + panel.format(sizes) + panel.format("<p>Built in 1962.</p>")
    assert chain(page, "30 high") == ["# Tern", "Sizes", "Mast"]
    assert chain(page, "1962") == ["# Tern"]
    headed = panel.format(sizes) + panel.format("") + panel.format("<div><h2>History</h2><p>Built in 1962.</p></div>")
    assert "### Mast" in html_page(headed).text
    assert chain(headed, "1962") == ["## History"]


@pytest.mark.parametrize(
    ("box", "title", "body"),
    [
        ("panel", "panelHeader", "panelContent"),
        ("expand-container", "expand-control", "expand-content"),
        ("card", "card-header", "card-body show"),
        ("macro", "title", "macro-body"),
    ],
)
def test_a_class_may_say_that_a_box_has_a_title(box: str, title: str, body: str) -> None:
    inside = f"<div class={title}><b>Limits</b></div><i class=icon></i><div class='{body}'><p>At most 40.</p></div>"
    page = f"<h2>Hall</h2><div class={box}>{inside}</div><p>Closed on Monday.</p>"
    assert chain(page, "At most") == ["## Hall", "Limits"]
    assert chain(page, "Closed") == ["## Hall"]
    site = "<div class=site-header>Harbour</div><div class=site-content><h1>Fees</h1><p>Due.</p></div>"
    assert html_page(site).text == "Harbour\n\n# Fees\n\nDue."


def test_lines_after_an_answer_belong_to_its_question() -> None:
    page = "<h2>Questions</h2>" + "".join(
        f"<div class=qa><div>Q: {asked}?</div><div>A: {told}.</div><div class=by>Answered by {name}</div></div>"
        for asked, told, name in (("Is it dry", "Yes, it is", "Ada"), ("Is it old", "From 1962", "Bo"))
    )
    assert chain(page, "From 1962") == ["## Questions", "Q: Is it old?"]
    assert chain(page, "Answered by Ada") == ["## Questions", "Q: Is it dry?"]


def test_where_in_its_site_a_page_stands_is_noise() -> None:
    trail = (
        "<div id=breadcrumb-section><ol class=breadcrumbs><li><a>Harbour</a></li><li><a>Fees 2025</a></li></ol></div>"
    )
    page = html_page(f"<body><div class=head>{trail}<h1>Moorings</h1></div><p>54 euros.</p></body>")
    assert [page.text[a:b].strip() for a, b in page.noise] == ["1. Harbour\n2. Fees 2025"]
    assert not html_page("<div class=with-breadcrumbs><h1>Moorings</h1><p>54 euros.</p></div>").noise


@pytest.mark.parametrize(
    "page",
    [
        "<div class=a><b>x</b>" * 900 + "</div><div class=a><b>y</b><p>z</p></div>" * 900,
        "<div class=a><b>x</b><p>y</p></div>" * 10_000,
        "<ul>" + "<li class=a><b></b>" * 10_000,
        "<div class=a-title></div><i class=a-body></i>" * 10_000,
        "<div>" + "<hr>" * 20_000 + "<h2>x</h2>" * 1_000,
    ],
)
def test_boxes_in_great_number_are_found_in_little_time(page: str) -> None:
    before = time.perf_counter()
    html_page(page)
    assert time.perf_counter() - before < 10
