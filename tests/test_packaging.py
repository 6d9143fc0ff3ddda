"""What is built holds the whole package, under its own name alone."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

FOLDERS = ("compress", "evals", "pipeline", "serving")


def build(source: Path, target: Path, *kinds: str) -> Path:
    """Build in this environment, so that no network is needed, and return the one file built."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), *kinds, str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    (made,) = target.iterdir()
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    """Path to bytes; RECORD only repeats the others."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


def test_wheel_and_sdist_hold_the_four_folders(checkout: Path, tmp_path: Path) -> None:
    expected = {f"ctxpipe/{path.relative_to(checkout)}" for name in FOLDERS for path in files(checkout / name)}
    expected |= {str(path.relative_to(checkout)) for path in files(checkout / "ctxpipe")}
    assert {f"ctxpipe/{name}/__init__.py" for name in FOLDERS} < expected

    sdist = build(checkout, tmp_path / "sdist", "--sdist")
    wheel = contents(build(checkout, tmp_path / "wheel", "--wheel"))
    code = {name for name in wheel if ".dist-info/" not in name}
    assert code == expected
    assert "ctxpipe/py.typed" in code
    assert {name.partition("/")[2] for name in wheel if name not in code} >= {"licenses/LICENSE", "entry_points.txt"}

    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert contents(build(unpacked, tmp_path / "again", "--wheel")) == wheel


def files(folder: Path) -> list[Path]:
    """Tracked files below a folder that are part of the package; links to folders are not followed."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


@pytest.mark.parametrize("lost", FOLDERS)
def test_a_checkout_without_its_links_is_refused(checkout: Path, tmp_path: Path, lost: str) -> None:
    link = checkout / "ctxpipe" / lost
    link.unlink()
    link.write_text(f"../{lost}")
    for command in (["setup.py", "--check-links"], ["-m", "build", "--no-isolation", "--wheel", "."]):
        result = subprocess.run([sys.executable, *command], cwd=checkout, capture_output=True, text=True, check=False)
        assert result.returncode == 1
        assert f"error: ctxpipe/{lost}: not a folder; this checkout lost its symbolic links" in (
            result.stdout + result.stderr
        )
