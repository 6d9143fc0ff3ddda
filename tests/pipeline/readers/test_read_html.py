"""HTML: what is visible, and how it is laid out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from units_support import above

from ctxpipe.pipeline.readers.html.html import html_page
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.read import read


def text(markup: str) -> str:
    return html_page(markup).text


PAGE = """<!doctype html><html><head><title> My
 page </title><style>p {color: red}</style></head><body>
<nav><a href=/>Home</a></nav><script>var noise = 1;</script>
<h1>Hello <b>world</b><a href="#x">¶</a></h1>
<p>One&nbsp;two
   three<br>four &lt;tag&gt; &amp; <i>so</i> on</p>
<h2>List</h2>
<ul><li>first</li><li>second<ul><li>inner</li></ul></li><li>third</li></ul>
<ol start="3"><li>three</li><li>four</li></ol>
<pre>
  def f():
      # no <b>heading</b>
      return 1
</pre>
<blockquote><p>said</p><p>twice</p></blockquote>
<table><tr><th>Name</th><th>Price | net</th></tr><tr><td>A</td><td>1.50</td></tr><tr><td>B <p>C</p></td><td></td></tr>
</table><footer>End</footer></body></html>"""

LAID_OUT = """# Hello world

One two three
four <tag> & so on

## List

- first
- second
  - inner
- third

3. three
4. four

```
  def f():
      # no heading
      return 1
```

> said

> twice

| Name | Price \\| net |
| --- | --- |
| A | 1.50 |
| B C |  |

End"""


def test_a_page_is_laid_out_as_readable_lines(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    result = read([path])
    assert result.failures == ()
    document = result.documents[0]
    assert document.text == LAID_OUT
    assert (document.kind, document.title, document.source) == ("html", "My page", str(path))


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("plain <b>text</b>", "plain text"),
        ("a<b>b</b>c <i> d</i>e", "abc de"),
        ("<div>a<div>b</div>c</div>", "a\nb\nc"),
        ("<p>a<p>b", "a\n\nb"),
        ("a<br><br>b<br><br><br>c", "a\n\nb\n\nc"),
        ("<h3>x<br>y<div>z</div></h3>t", "### x y z\n\nt"),
        ("<h1></h1><p>only</p>", "only"),
        ("<li>loose</li>", "- loose"),
        ("<ul><li><ul><li>x</ul></ul>", "- - x"),
        ("<ol><li>a<ol><li>b</ol><li>c</ol>", "1. a\n  1. b\n2. c"),
        ("<dl><dt>Term<dd>Meaning</dl>", "Term\n  Meaning"),
        ("10<sup>6</sup> and 10<sup>-3</sup>, first<sup>st</sup>", "10^6 and 10^-3, firstst"),
        ("<p>large: <s>54</s> 108 <del> <b>net</b> </del><strike></strike></p>", "large: ~~54~~ 108 ~~net~~"),
        (
            "<figure><table><tr><td>a<td>b</table><figcaption>In cents</figcaption></figure>",
            "In cents\n\n| a | b |\n| --- | --- |",
        ),
        ("<ruby>漢<rt>かん</rt></ruby>字", "漢字"),
        ("hy&shy;phen", "hyphen"),
        ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
        ("<pre>a<br>b</pre>", "```\na\nb\n```"),
        ("<pre>  \n </pre>x", "x"),
        ("<p>a<!-- note -->b</p>", "ab"),
        ("<p hidden>no</p><p style='DISPLAY: none'>no</p><div role=navigation>no</div>yes", "yes"),
        (
            "<select><option>no</select><noscript>no</noscript><svg><text>no</text></svg><template>no</template>yes",
            "yes",
        ),
        ("<details><summary>Sum</summary>body</details>End", "Sum\n  body\n\nEnd"),
        ("<details><summary><h3>Sum</h3></summary><p>body</p></details><p>End", "### Sum\n\n  body\n\nEnd"),
        ("<details>body<details><summary>In</summary>side</details></details>End", "body\n\nIn\n  side\n\nEnd"),
        ("<h2>Fees</h2><span class=mw-editsection>[<a>edit</a>]</span>text", "## Fees\n\ntext"),
        ("<h2><button>Question?</button></h2>answer", "## Question?\n\nanswer"),
        ("&#128512; &eacute; &nosuch;", "😀 é &nosuch;"),
        ("say <|im_start|>", "say <|im_start|>"),
        ("", ""),
    ],
)
def test_pieces(markup: str, expected: str) -> None:
    assert text(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (
            "<table><tr><th>y<th colspan=2>z</tr><tr><td rowspan=2>r<td>1<td>2</tr><tr><td>3<td>4</tr>"
            "<tr><td>s<td>5</tr></table>",
            "| y | z | z |\n| --- | --- | --- |\n| r | 1 | 2 |\n| r | 3 | 4 |\n| s | 5 |",
        ),
        (
            "<table><caption>Cap</caption><thead><tr><td>a<td>b</thead><tbody><tr><td>1<td>2</tbody></table>t",
            "Cap\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nt",
        ),
        (
            "<table><tr><td>a<td>b</tr><tr><td><td></tr><tr><td rowspan=9>1<td>2</table>",
            "| a | b |\n| --- | --- |\n| 1 | 2 |",
        ),
        ("<table><tr><td>only</tr><tr><td>column</table>", "only\ncolumn"),
        ("<table><tr><td><h2>Head</h2>left<td>right</table>", "## Head\n\nleft\nright"),
        (
            "<table><tr><td>menu<td><table><tr><td>a<td>b</table></table>",
            "menu\n\n| a | b |\n| --- | --- |",
        ),
        ("<ul><li><table><tr><td>a<td>b</table></ul>", "- | a | b |\n  | --- | --- |"),
        ("<table><tr><td>a<br>b<ul><li>c</ul><td>d<pre></pre></table>", "a\nb\n\n- c\n\nd"),
        ("<table><tr><td>a<br>b<ul><li>c<li>d</ul><td>e</table>", "| a b c d | e |\n| --- | --- |"),
        ("<table></table>x", "x"),
        (
            "<table><thead><tr><th rowspan=2>Port<th colspan=2>2024<th colspan=2>2025</tr><tr><th>low<th>high<th>low"
            "<th>high</thead><tr><td>Faro<td>1<td>2<td>3<td>4</table>",
            "| Port | 2024 low | 2024 high | 2025 low | 2025 high |\n| --- | --- | --- | --- | --- |\n"
            "| Faro | 1 | 2 | 3 | 4 |",
        ),
        (
            "<table><tr><td>Port<td colspan=2>Boats</tr><tr><td><td>2024<td>2025</tr><tr><td>Faro<td>54<td>55</table>",
            "| Port | Boats 2024 | Boats 2025 |\n| --- | --- | --- |\n| Faro | 54 | 55 |",
        ),
        (
            "<table><tr><th colspan=2>Fees in cents</tr><tr><th>Port<th>Fee</tr><tr><td>Faro<td>54</table>",
            "Fees in cents\n\n| Port | Fee |\n| --- | --- |\n| Faro | 54 |",
        ),
        (
            "<table><tr><th>Item<th>Fee</tr><tr><th colspan=2>Faro</tr><tr><td>Boat<td>54</table>",
            "| Item | Fee |\n| --- | --- |\n| Faro |  |\n| Boat | 54 |",
        ),
        (
            "<table><tr><th><th>Free<th>Team</tr><tr><td>Crane<td><i class='icon fa-times'></i><td><img alt=included>"
            "</tr><tr><td>Pier<td><span aria-label='not yet'></span><td><i class=check-icon></i></table>",
            "|  | Free | Team |\n| --- | --- | --- |\n| Crane | ✗ | included |\n| Pier | not yet | ✓ |",
        ),
    ],
)
def test_tables(markup: str, expected: str) -> None:
    assert text(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<div><button>May I?</button></div><div hidden>No.</div>", "May I?\nNo."),
        ("<a data-bs-target='#x'>May I?</a><p>or</p><div id=x style='display:none'>No.</div>", "May I?\n\nor\n\nNo."),
        ("<p>May I?</p><div hidden=until-found>No.</div>", "May I?\n\nNo."),
        ("<button>Menu</button><ul hidden><li>Home</ul><p hidden>no</p>", "Menu"),
    ],
)
def test_what_a_button_unfolds_is_read(markup: str, expected: str) -> None:
    assert text(markup) == expected


def test_what_was_entered_into_a_form_is_read_beside_its_label() -> None:
    markup = (
        "<form><label>Boat</label><input value='MS Faro'><input type=hidden value=t><br><label><input type=checkbox "
        "checked> insured</label><label><input type=radio>night</label><br><select><option>sail<option selected>motor"
        "</select><textarea>17 m\ndeep</textarea><input type=submit value=Send></form>"
    )
    assert text(markup) == "Boat MS Faro\n☒ insured ☐ night\nmotor 17 m deep"


def test_a_question_for_consent_is_noise_with_its_numbers() -> None:
    banner = "<div class='cookie-consent'><p>We and 37 partners use cookies.</p><button>Accept</button></div>"
    page = html_page(f"<body>{banner}<p>A mooring costs 54 euros.</p></body>")
    assert [page.text[a:b].strip() for a, b in page.noise] == ["We and 37 partners use cookies.\n\nAccept"]
    assert not html_page("<div class=cookie-recipe><p>Bake for 12 minutes.</p></div>").noise


def test_a_cell_that_claims_a_million_columns_makes_no_million_cells() -> None:
    hostile = "<table>" + "<tr><td colspan=1000000 rowspan=1000000>a<td>b</tr>" * 50 + "</table>"
    assert len(text(hostile)) < 100_000


@pytest.mark.parametrize(
    "opening", ["<div>", "<ul><li>", "<table><tr><td>", "<b>", "<blockquote>", "<table><tr><td>x<td>"]
)
def test_deep_nesting_neither_fails_nor_stalls(opening: str) -> None:
    start = time.process_time()
    assert "deep" in text(opening * 3000 + "deep")
    assert time.process_time() - start < 3


def test_many_blocks_side_by_side_take_linear_time() -> None:
    piece = "<h2>Head</h2><p>words <a href=x>here</a></p><table><tr><th>A<th>B<tr><td>1<td>2</table>"
    start = time.process_time()
    assert text(piece * 5000).count("| 1 | 2 |") == 5000
    assert time.process_time() - start < 3


def test_titles() -> None:
    assert html_page("<svg><title>icon</title></svg><h1>First ¶</h1><h1>Second</h1>").title == "First"
    assert html_page("<title></title><p>x").title == ""
    assert html_page("<title>A &amp; B</title><h1>other</h1>").title == "A & B"


def test_a_page_without_text_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "blank.html"
    path.write_text("<html><head><title>Redirect</title></head><body><script>go()</script></body></html>")
    assert [failure.reason for failure in read([path]).failures] == ["empty: no text in it"]


@given(
    st.lists(
        st.sampled_from("<p> <b> </b> <td> <tr> <table> </table> <ul> <li> </ul> <pre> </pre> <h1> </h1> x y".split())
    )
)
def test_any_tag_soup_keeps_its_words_in_order(pieces: list[str]) -> None:
    words = "".join(piece for piece in pieces if piece in ("x", "y"))
    # Text between a table's rows is moved before the table, as every browser does.
    found = [char for char in text("".join(pieces)) if char in "xy"]
    assert sorted(found) == sorted(words)
    if "<table>" not in pieces:
        assert "".join(found) == words


def test_the_head_and_foot_of_a_page_are_noise_but_for_what_tells_something() -> None:
    page = (
        "<body><header><a href=/>Home</a></header><main><h1>Faro</h1><p>It costs 54.</p><footer>By Ann</footer></main>"
        "<div><footer>© 2026 · <a>Imprint</a></footer></div>{}</body>"
    )
    plain = html_page(page.format(""))
    assert [plain.text[a:b].strip() for a, b in plain.noise] == ["Home", "© 2026 · Imprint"]
    telling = html_page(page.format("<footer>Call 31 54 2</footer>"))
    assert [telling.text[a:b].strip() for a, b in telling.noise] == ["Home", "© 2026 · Imprint"]
    headed = html_page("<header><h1>Faro</h1></header><p>It costs 54.</p>")
    assert headed.noise == ()


def test_the_number_of_a_note_is_told_from_the_text() -> None:
    call = '<a class="footnote-reference brackets" href="#id6">6</a>'
    assert text(f"<p>It costs 54. {call} Boats pay at noon.</p>") == "It costs 54. [6] Boats pay at noon."
    assert text('<p>It costs 54.<a role="doc-noteref" href="#n">7</a></p>') == "It costs 54.[7]"
    assert text('<p>See page <a href="#p7">7</a>, 10<sup>6</sup>.</p>') == "See page 7, 10^6."


@pytest.mark.parametrize(
    "opening", ["<div>", "<span>", "<ul><li>", "<b>", "<table><tr><td>", "<div/>", "<!--", "<custom-part>"]
)
def test_elements_nested_without_end_are_read_in_little_time(opening: str) -> None:
    scripts = "<script>var a = '<div>';</script>" * 2_000
    ends = opening.replace("<", "</") * 40_000 if opening in ("<div>", "<b>") else ""
    start = time.process_time()
    text = html_page(f"<h1>Fees</h1>{scripts}<h2>North</h2>{opening * 40_000}The fee is 54.{ends}<h2>South</h2>").text
    assert time.process_time() - start < 5
    assert text.startswith("# Fees\n\n## North")
    assert ("The fee is 54." in text) == (opening != "<!--")
    if ends:
        assert text.endswith("## South")


@pytest.mark.parametrize(
    ("box", "text"),
    [
        ("<div><span>Mains voltage</span><span>737 V</span></div>", "Mains voltage 737 V"),
        ("<div><b>Keeper:</b><span>Ada</span><span>(1901)</span></div>", "Keeper: Ada (1901)"),
        ("<ul><li><a href=x>Fees</a><a href=y>Hours</a></li></ul>", "- Fees Hours"),
        ("<div><span>O</span><span>nce there was</span></div>", "Once there was"),
        ("<p><b>Java</b><i>Script</i></p>", "JavaScript"),
        ("<div>in <b>Java</b><i>Script</i></div>", "in JavaScript"),
        ("<div><b>Java</b><i>Script</i> runs</div>", "JavaScript runs"),
        ("<pre><span>set</span><span>fee</span></pre>", "```\nsetfee\n```"),
    ],
)
def test_names_beside_values_do_not_run_into_one_another(box: str, text: str) -> None:
    assert html_page(box).text == text


def test_entries_of_a_list_of_boxes_stand_apart() -> None:
    entry = "<div class=card><div>{}</div><div>{} V</div></div>"
    boxes = "".join(entry.format(name, volts) for name, volts in (("Alder", 1), ("Birch", 2)))
    assert html_page(f"<div>{boxes}</div>").text == "Alder\n1 V\n\nBirch\n2 V"
    assert html_page(boxes.replace("card", "b", 1)).text == "Alder\n1 V\nBirch\n2 V"
    assert html_page("<div class=a><div>Alder</div></div>" * 2).text == "Alder\nAlder"


@pytest.mark.parametrize("mark", ["<b>{}</b>", "<span><strong>{}</strong></span>", "<b><span>{}</span></b>"])
def test_paragraphs_in_bold_that_are_no_sentences_are_titles(mark: str) -> None:
    page = "".join(
        f"<p class=MsoNormal>{mark.format(name)}</p><p>It was built by the town.</p><p>· Depth: {depth} cm</p>"
        for name, depth in (("Amber Quay", 31), ("Basalt Quay", 42))
    )
    shown = text(page)
    assert "**Basalt Quay**\n\nIt was built by the town." in shown
    assert above(shown, "42 cm", "html") == ["**Basalt Quay**"]


@pytest.mark.parametrize(
    "page",
    [
        "<p><b>One alone</b></p><p>It is old.</p>",
        "<p><b>Do not enter.</b></p><p><b>Do not leave.</b></p>",
        "<p><b>Note</b> it.</p><p><b>Note</b> that.</p>",
        "<table><tr><td><p><b>A b</b></p></td><td>1</td></tr><tr><td><p><b>C d</b></p></td><td>2</td></tr></table>",
    ],
)
def test_other_words_in_bold_are_no_titles(page: str) -> None:
    assert "**" not in text(page)


def test_a_table_in_a_row_of_another_one_stands_under_what_is_beside_it() -> None:
    inner = "<table><tr><th>Licence</th><th>Euro</th></tr><tr><td>Pro</td><td>{}</td></tr></table>"
    rows = "".join(f"<tr><td>S{n}</td><td>{inner.format(n * 170)}</td></tr>" for n in (1, 2, 3))
    page = f"<body><h1>Prices</h1><table><tr><th>Model</th><th>Options</th></tr>{rows}</table></body>"
    text = load(page.encode(), source="a.html", name="a.html").text
    assert above(text, "340", "html") == ["# Prices", "S2", "| Licence | Euro |"]
    assert above(text, "170", "html") == ["# Prices", "S1", "| Licence | Euro |"]
