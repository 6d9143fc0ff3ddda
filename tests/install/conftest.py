"""The wheel in an environment of its own. It takes minutes, so these tests run with ``make test-install`` alone.

Which sets CTXPIPE_TEST_INSTALL=1: without it pytest does not look into this folder.
"""

from __future__ import annotations

import os

import pytest
from install_support import Installed, install

if not os.environ.get("CTXPIPE_TEST_INSTALL"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An environment with nothing but what ``pip install ctxpipe`` brings."""
    return install(tmp_path_factory.mktemp("install"))
