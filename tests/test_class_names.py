"""A class name says which: no public one is defined in two modules of the product."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

TOPS = ("compress", "serving", "pipeline", "evals", "ctxpipe")


def defined_twice(root: Path) -> dict[str, list[str]]:
    """Public class names that several modules define, with these modules."""
    modules = defaultdict(list)
    for path in sorted(path for top in TOPS for path in (root / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].append(path.relative_to(root).as_posix())
    return {name: paths for name, paths in modules.items() if len(paths) > 1}


def test_no_class_name_is_defined_twice(repository: Path) -> None:
    assert not defined_twice(repository)


def test_a_second_one_is_found(tmp_path: Path) -> None:
    for name in ("compress/select/pages.py", "pipeline/readers/pages.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("class Page: ...\n\n\nclass _Row: ...\n", encoding="utf-8")
    assert defined_twice(tmp_path) == {"Page": ["compress/select/pages.py", "pipeline/readers/pages.py"]}
