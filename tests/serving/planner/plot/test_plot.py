"""The plot: what is drawn, in both formats, the same every time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ctxpipe.errors import UsageError
from ctxpipe.serving import Memory, Parallelism, plan
from ctxpipe.serving.planner.plot.compare import curves
from ctxpipe.serving.planner.plot.files import suffix_of
from ctxpipe.serving.planner.plot.plot import draw


def drawn(**options: Any) -> list[str]:
    """Labels of the curves of a plan."""
    options = {"model": "scout", "gpus": None, **options}
    return [curve.label for curve in curves(plan(**options), options)]


def test_a_plan_is_drawn_with_its_like() -> None:
    assert drawn() == [
        "vLLM, hybrid cache, bfloat16",
        "vLLM, hybrid cache, fp8",
        "vLLM, full cache, bfloat16",
        "vLLM, full cache, fp8",
        "llama-models, computed",
    ]
    assert drawn(kv_dtype="fp8", memory=Memory(hybrid=False))[0] == "vLLM, full cache, fp8"
    assert drawn(profile="reference") == ["llama-models, computed", "vLLM, hybrid cache, bfloat16"]
    assert drawn(model="qwen2.5-14b-1m") == ["vLLM, hybrid cache, bfloat16", "vLLM, hybrid cache, fp8"]


def test_one_number_of_gpus_is_drawn_among_others() -> None:
    options = {"model": "scout", "gpus": [16]}
    found = curves(plan(**options), options)
    assert [row.gpus for row in found[0].plan.rows] == [1, 2, 4, 8, 16]
    fixed = {"model": "scout", "gpus": [16], "parallelism": Parallelism(tensor=8)}
    assert [row.gpus for row in curves(plan(**fixed), fixed)[0].plan.rows] == [16]


def test_an_svg_holds_every_curve_and_bracket_and_is_the_same_every_time() -> None:
    options = {"model": "scout", "gpus": None, "tokens": 1_000_000}
    found = curves(plan(**options), options)
    first, second = draw(found, ".svg"), draw(found, ".svg")
    assert first == second
    root = ElementTree.fromstring(first)
    assert root.tag.endswith("svg")
    text = first.decode()
    assert len(set(re.findall(r'id="(LineCollection_\d+)"', text))) == 4  # measured and advice, each in the legend too
    assert text.count("Date") == 0
    other = draw(curves(plan("llama-3.1-8b"), {"model": "llama-3.1-8b"}), ".svg").decode()
    assert "LineCollection" not in other


def test_a_png_is_a_picture_of_many_colours(tmp_path: Path) -> None:
    import io

    from PIL import Image

    options = {"model": "scout", "gpus": None}
    picture = Image.open(io.BytesIO(draw(curves(plan(**options), options), ".png"))).convert("RGB")
    assert picture.size == (1344, 832)
    found = {colour for _, colour in picture.getcolors(1 << 20) or []}
    assert {(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73), (0xCC, 0x79, 0xA7)} <= found


def test_other_files_are_refused() -> None:
    assert suffix_of("a/b.PNG") == ".png"
    for name in ("plan.pdf", "plan", ".svg"):
        with pytest.raises(UsageError, match=r"a plot must be an \.svg or \.png file"):
            suffix_of(name)


def test_without_matplotlib_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from ctxpipe.cli import main; sys.exit(main(['plan', '--plot', 'x.svg']))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == 'error: drawing a plot needs an optional dependency: pip install "ctxpipe[plot]"\n'
