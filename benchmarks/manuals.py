"""Three manuals as PDF, from Debian's packages, and questions about them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ctxpipe.evals.types import Passage, Sample
from ctxpipe.pipeline.readers.load import load


class Manual(NamedTuple):
    """A PDF in a Debian package, and what is asked of it."""

    package: str
    path: str
    questions: tuple[str, ...]


MANUALS = (
    Manual(
        "r-doc-pdf",
        "usr/share/R/doc/manual/R-data.pdf",
        (
            "How do I read a fixed-width file?",
            "What does fileEncoding do?",
            "How can a large matrix be read quickly?",
            "Which function reads SPSS files?",
            "How does one connect to a database with ODBC?",
            "What is a connection and how is it opened?",
        ),
    ),
    Manual(
        "gnuplot-doc",
        "usr/share/doc/gnuplot/gnuplot.pdf",
        (
            "How do I enable a logarithmic scale on the y axis?",
            "How are parameters fitted to data?",
            "What does set pm3d do?",
            "How is the legend placed outside of the plot?",
            "Which fonts does the png terminal use?",
            "How do I plot several graphs on one page?",
        ),
    ),
    Manual(
        "bash-doc",
        "usr/share/doc/bash/bashref.pdf",
        (
            "How does history expansion select words?",
            "What does the option errexit do?",
            "In which order are expansions performed?",
            "How does one declare an associative array?",
            "What is the exit status of a pipeline?",
            "How does job control suspend a process?",
        ),
    ),
)


def samples(cache: Path) -> Iterator[Sample]:
    """One sample for each question; the manuals are downloaded and unpacked once.

    Args:
        cache: Where packages are kept.

    Raises:
        FileNotFoundError: where there is no ``apt-get`` or ``dpkg-deb``.
        subprocess.CalledProcessError: if a package cannot be had.
    """
    for manual in MANUALS:
        path = unpacked(manual, cache)
        document = load(path.read_bytes(), source=path.name, name=path.name)
        passage = Passage(text=document.text, title=document.title, source=path.name, page_starts=document.page_starts)
        for number, question in enumerate(manual.questions):
            yield Sample(
                id=f"{path.stem}/{number}",
                dataset=path.stem,
                cluster=path.stem,
                documents=(passage,),
                question=question,
                answers=("",),
                stratum=path.stem,
            )


def unpacked(manual: Manual, cache: Path) -> Path:
    """The manual's file, downloaded if it is not there."""
    folder = cache / manual.package
    path = folder / manual.path
    if not path.exists():
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise FileNotFoundError(f"{tool}: the manuals come from Debian's packages")
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", manual.package], cwd=folder, check=True, capture_output=True)
        package = next(folder.glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", package.name, "."], cwd=folder, check=True)
    return path


def versions(cache: Path) -> list[str]:
    """The packages in the cache."""
    return sorted(path.name for path in cache.glob("*/*.deb"))
