"""Refuse to build from a checkout that lost its links; all else stands in pyproject.toml.

A checkout with core.symlinks=false, as on Windows, has small text files where the links to the four folders should be.
What is built from it installs without complaint and lacks most of the package.
"""

import sys
from pathlib import Path

LINKS = ("compress", "evals", "pipeline", "serving")

if lost := [f"ctxpipe/{name}" for name in LINKS if not Path(__file__).with_name("ctxpipe").joinpath(name).is_dir()]:
    sys.exit(
        f"error: {', '.join(lost)}: not a folder; this checkout lost its symbolic links. "
        "Clone again with: git clone -c core.symlinks=true (on Windows, with Developer Mode on)"
    )
if "--check-links" in sys.argv:
    sys.exit()

from setuptools import setup  # noqa: E402 - the check comes first, and needs nothing installed

setup()
