"""The map in CONTRIBUTING.md names every folder."""

from __future__ import annotations

from pathlib import Path

TOPS = ("compress", "serving", "pipeline", "evals", "training", "benchmarks", "scripts", "examples", "docker")


def folders(root: Path) -> list[Path]:
    """Folders with Python files, below the root."""
    tops = [root / top for top in (*TOPS, "ctxpipe/models", "ctxpipe/remote", "ctxpipe/integrations")]
    found = {path.parent for top in tops for path in top.rglob("*.py")} | {root / "docker"}
    return sorted(path.relative_to(root) for path in found)


def test_every_folder_is_named_in_the_map(repository: Path) -> None:
    text = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for folder in folders(repository):
        row = next((row for row in rows if f"`{folder.as_posix()}/`" in row.split("|")[1]), None)
        above = next((row for row in rows if f"`{folder.parent.as_posix()}/`" in row.split("|")[1]), None)
        named = above is not None and f"{folder.name}/`" in above
        assert row or named, f"{folder} is not in the map"
