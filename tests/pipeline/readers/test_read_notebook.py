"""Notebooks: cells in order, outputs as text, no image data, and files that are no notebooks."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctxpipe import Pipeline
from ctxpipe.compress.types import Document
from ctxpipe.errors import ReadError
from ctxpipe.pipeline.readers.load import load
from ctxpipe.pipeline.readers.notebook import NotebookReader

IMAGE = "iVBORw0KGgoAAAANSUhEUg" * 200


def code(source: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "execution_count": None, "outputs": list(outputs)}


def markdown(source: str | list[str]) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def notebook(*cells: object, language: str = "python") -> bytes:
    book = {"cells": cells, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book).encode()


def loaded(data: bytes, name: str = "a.ipynb") -> Document:
    return load(data, source=name, name=name)


FLEET = notebook(
    markdown(["# Harbour model\n", "\n", "Fees are in crowns. ![map](attachment:map.png)"]),
    code(
        "df.head()",
        {"output_type": "execute_result", "data": {"text/html": "<p>x", "text/plain": ["ship fee\n", "tern 61"]}},
    ),
    markdown("## Export"),
    code(
        ["write('fees.csv')\n", "plot()"],
        {"output_type": "stream", "name": "stdout", "text": "10%\r50%\r100%\n"},
        {"output_type": "stream", "name": "stderr", "text": "done\n"},
        {"output_type": "display_data", "data": {"image/png": IMAGE, "text/plain": "<Figure>"}},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[0;31mPermissionError\x1b[0m: denied"]},
    ),
)


def test_cells_in_order_with_their_outputs() -> None:
    found = loaded(FLEET)
    assert (found.kind, found.title) == ("markdown", "Harbour model")
    assert found.text == (
        "# Harbour model\n\nFees are in crowns. [image left out: map]\n\n[cell 2]\n\n```python\ndf.head()\n```\n\n"
        "Output:\n\n```text\nship fee\ntern 61\n```\n\n"
        "## Export\n\n[cell 4]\n\n```python\nwrite('fees.csv')\nplot()\n```\n\n"
        "Output:\n\n```text\n100%\ndone\n```\n\n[image left out]\n\n```text\nPermissionError: denied\n```"
    )
    assert [found.text[start:end] for start, end, _ in found.headings] == ["[cell 2]", "Output:", "[cell 4]", "Output:"]


def test_text_after_a_cell_of_code_does_not_stand_under_it() -> None:
    found = loaded(notebook(markdown("# T"), code("1"), markdown("Plain words."), markdown("Title\n=====\n\nMore.")))
    assert found.text.endswith("1\n```\n\n[cell 3]\n\nPlain words.\n\nTitle\n=====\n\nMore.")


def test_an_output_stands_under_its_cell_and_heading() -> None:
    context = Pipeline(rank="bm25").compress(loaded(FLEET), question="PermissionError denied", budget=60)
    places = [context.text.index(part) for part in ("# Harbour", "## Export", "[cell 4]", "Output:", "PermissionError")]
    assert places == sorted(places)


def test_format_3() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Old"]},
        {
            "cell_type": "code",
            "input": ["1 + 1"],
            "language": "python",
            "outputs": [{"output_type": "pyout", "text": ["2"]}],
        },
        {"cell_type": "code", "input": "plot()", "outputs": [{"output_type": "display_data", "png": IMAGE}]},
    ]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}], "metadata": {}}).encode()
    found = loaded(data)
    assert "## Old\n\n[cell 2]\n\n```python\n1 + 1\n```\n\nOutput:\n\n```text\n2\n```" in found.text
    assert found.text.endswith("Output:\n\n[image left out]")


def shown(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/plain": f"<IPython.core.display.{kind} object>", **data}}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (code("%%bash\nls"), "```bash\n%%bash\nls\n```"),
        (code("print('```')"), "````python\nprint('```')\n````"),
        (code("x", {"output_type": "execute_result", "data": {"text/html": "<b>7</b> tons"}}), "7 tons"),
        (code("x", {"output_type": "execute_result", "data": {"application/json": {"a": 1}}}), '{"a": 1}'),
        (
            code(
                "x",
                {"output_type": "execute_result", "data": {"text/markdown": f"![p](data:image/png;base64,{IMAGE})"}},
            ),
            "[image left out: p]",
        ),
        (markdown(f"a <img src='data:image/png;base64,{IMAGE}'> b"), "a [image left out] b"),
        (code("x", shown("Math", {"text/latex": "$m = 3.43$"})), "```text\n$m = 3.43$\n```"),
        (code("x", shown("JSON", {"application/json": {"median": 412}})), '{"median": 412}'),
        (code("x", shown("HTML", {"text/html": "<b>7</b> tons"})), "Output:\n\n7 tons"),
        (code("x", shown("Javascript", {"application/javascript": "run()"})), "core.display.Javascript object"),
        ({"cell_type": "raw", "source": "as it is"}, "```\nas it is\n```"),
    ],
)
def test_cells(cell: dict[str, Any], expected: str) -> None:
    text = loaded(notebook(markdown("# T"), cell)).text
    assert expected in text
    assert "iVBOR" not in text


def test_language_of_the_kernel_and_a_hostile_one() -> None:
    assert "```julia\n" in loaded(notebook(code("x"), language="Julia")).text
    assert "```python\nx" in loaded(notebook(code("x"), language="a\n```\nb")).text


def test_a_notebook_is_known_by_its_content() -> None:
    assert loaded(FLEET, "").text == loaded(FLEET).text
    assert loaded(b'{"nbformat": "none", "cells": 3}', "").kind == "json"


@pytest.mark.parametrize("data", [FLEET[:-20], b"{}", b"[1]", b'{"cells": 1}', b"[" * 200_000, b"plain"])
def test_what_is_no_notebook_is_one_line(data: bytes) -> None:
    with pytest.raises(ReadError, match="not a notebook") as caught:
        loaded(data)
    assert "\n" not in str(caught.value)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cell_type", "source", "outputs", "output_type", "data", "text/plain", "text", "level"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JUNK, max_size=4))
def test_any_cells_give_a_document(cells: list[object]) -> None:
    assert isinstance(NotebookReader().read(notebook(*cells), source="x").text, str)


def test_what_is_said_beside_an_image_is_kept() -> None:
    def shown(words: str) -> str:
        data = {"image/png": IMAGE, "text/plain": words}
        return loaded(notebook(code("fit", {"output_type": "execute_result", "data": data}))).text

    assert shown("Fit(fee=54)").endswith("```text\nFit(fee=54)\n```\n\n[image left out]")
    assert shown("<Figure size 640x480>").endswith("Output:\n\n[image left out]")


@pytest.mark.parametrize("printed", ["QUJD" * 250_000, "![" * 200_000, "<img " * 200_000, "<img src=data:" * 100_000])
def test_long_lines_of_output_take_little_time(printed: str) -> None:
    start = time.process_time()
    shown = {"output_type": "display_data", "data": {"text/markdown": printed}}
    text = loaded(notebook(code("show()", {"output_type": "stream", "text": printed}, shown))).text
    assert time.process_time() - start < 3
    assert text.count(printed.strip()) == 2
