"""``make demo``: both answers are right, each with its source, and it says what to type next."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ctxpipe.errors import ModelError
from ctxpipe.models.resolve import resolve


@pytest.mark.timeout(1800)
def test_both_questions_are_answered_rightly_from_their_sources(checkout: Path) -> None:
    script = checkout / "examples" / "demo.py"
    if not script.exists():
        pytest.skip("the examples are not beside the tests")
    try:
        resolve("qwen2.5-coder-0.5b")
    except ModelError as exc:
        pytest.skip(str(exc))
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=1700,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second, after = re.split(r"[\d,]+ tokens read, [\d,]+ sent, [\d.]+ s\n", done.stdout)
    for part, words in ((first, ("enclosing",)), (second, ("coroutine", "awaitable"))):
        assert all(word in " ".join(part.split()) for word in words), part
        sources = part.split("\n\n  ")[1:]
        assert sources, part
        assert all(re.search(r"python-reference\.md, characters [\d,]+ to [\d,]+", source) for source in sources)
        assert any(word in " ".join(source.split()) for source in sources for word in words), part
    assert "What to type next" in after
