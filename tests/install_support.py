"""Builds the wheel and installs it into an empty environment, from the package index or pip's cache."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from checkout_support import ROOT, copy_checkout

_BLOCK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """An environment into which nothing but ctxpipe was installed, pip not either.

    Attributes:
        python: Its interpreter.
        packages: Names of the distributions.
        megabytes: Of all their files, each in whole blocks of 4 KiB, as a file system keeps them.
        seconds: That pip took.
    """

    python: Path
    packages: tuple[str, ...]
    megabytes: float
    seconds: float

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """The interpreter with arguments, with an empty cache, and with nothing to be fetched from anywhere."""
        environment = {
            "HOME": str(cwd),
            "PATH": str(self.python.parent),
            "CTXPIPE_CACHE": str(cwd / "cache"),
            "HF_HUB_OFFLINE": "1",
            "PIP_NO_INDEX": "1",
        }
        command = [str(self.python), *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def install(folder: Path) -> Installed:
    """Install ctxpipe without extras, at the versions of constraints.txt."""
    source = copy_checkout(folder / "source")
    _run("build", "--no-isolation", "--wheel", "--outdir", str(folder / "dist"), str(source))
    (wheel,) = (folder / "dist").iterdir()
    _run("venv", "--without-pip", str(folder / "environment"))
    paths = sysconfig.get_paths("venv", {"base": str(folder / "environment")})
    python = Path(paths["scripts"]) / ("python.exe" if sys.platform == "win32" else "python")
    started = time.perf_counter()
    pip = ("--python", str(python), "--disable-pip-version-check", "-q", "install")
    _run("pip", *pip, "-c", str(ROOT / "constraints.txt"), str(wheel))
    seconds = time.perf_counter() - started
    site = Path(paths["purelib"])
    sizes = [path.stat().st_size for path in site.rglob("*") if path.is_file()]
    return Installed(
        python=python,
        packages=tuple(sorted(found.name for found in distributions(path=[str(site)]))),
        megabytes=sum(-(-size // _BLOCK) * _BLOCK for size in sizes) / 1e6,
        seconds=seconds,
    )


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
