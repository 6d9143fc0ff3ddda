"""The four public packages: what they offer, how it is imported, and that no example reaches below them."""

from __future__ import annotations

import ast
import importlib
import inspect
import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import blocks, pages

import ctxpipe
from ctxpipe import Pipeline
from ctxpipe.old_names import OldNameWarning

PACKAGES = ("ctxpipe", "ctxpipe.compress", "ctxpipe.serving", "ctxpipe.evals")
CODE = ("compress", "ctxpipe", "evals", "pipeline", "serving")
DEEPER = re.compile(r"^\s*(?:>>> )?(?:from|import) (ctxpipe(?:\.\w+){2,})", re.MULTILINE)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_shows_its_public_names_and_nothing_else(package: str) -> None:
    module = importlib.import_module(package)
    assert dir(module) == sorted(module.__all__)
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_the_same_names(package: str) -> None:
    module = importlib.import_module(package)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    (checked,) = [one for one in tree.body if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING"]
    imported = [(one.module, name.name) for one in checked.body for name in getattr(one, "names", ())]
    assert sorted(name for _, name in imported) == sorted(module.__all__)
    for home, name in imported:
        if name != "compress":
            assert getattr(importlib.import_module(str(home)), name) is getattr(module, name)


def test_public_packages_are_imported_without_anything_heavy() -> None:
    code = (
        f"import {', '.join(PACKAGES)}, sys\n"
        "heavy = {'numpy', 'torch', 'transformers', 'scipy', 'onnxruntime', 'openai', 'regex', 'tqdm'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_compress_is_a_function_and_a_package() -> None:
    from ctxpipe.compress.types import Chunk
    from ctxpipe.pipeline.functions import compress

    assert callable(ctxpipe.compress)
    assert ctxpipe.compress.types.Chunk is Chunk
    assert inspect.signature(ctxpipe.compress) == inspect.signature(compress)
    told = pydoc.plain(pydoc.render_doc(ctxpipe.compress))
    assert "Text in, fewer tokens out" in told
    assert f"compress{inspect.signature(compress)}" in told
    assert "rate: Share of the source's tokens" in told


def test_functions_name_every_option_that_they_hand_on() -> None:
    options = inspect.signature(Pipeline).parameters
    for function, method in ((ctxpipe.compress, Pipeline.compress), (ctxpipe.query, Pipeline.query)):
        own = inspect.signature(function).parameters
        assert set(inspect.signature(method).parameters) - {"self"} <= set(own)
        assert {name: own[name].default for name in options} == {name: one.default for name, one in options.items()}


def test_names_of_the_last_release_are_noted() -> None:
    import ctxpipe.evals

    with pytest.warns(OldNameWarning, match=r"ctxpipe\.evals\.Plan is now ctxpipe\.evals\.RunPlan; the old name works"):
        assert ctxpipe.evals.Plan is ctxpipe.evals.RunPlan
    with pytest.warns(OldNameWarning, match=r"ctxpipe\.evals\.load is now ctxpipe\.evals\.load_records") as caught:
        from ctxpipe.evals import load  # type: ignore[attr-defined]
    assert {one.filename for one in caught} == {__file__}
    assert load is ctxpipe.evals.load_records


def test_no_documented_example_imports_from_deeper(repository: Path) -> None:
    deeper = {(block.page, found) for page in pages() for block in blocks(page) for found in DEEPER.findall(block.text)}
    for folder in CODE:
        for path in sorted((repository / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    deeper |= {(path.name, found) for found in DEEPER.findall(ast.get_docstring(node) or "")}
    assert deeper == set()
