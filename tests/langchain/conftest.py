"""LangChain's own tests of a retriever, run by ``make test-langchain`` in an environment of their own.

They bring plugins of pytest that the other tests must not load. Where they are missing, pytest does not look into this
folder.
"""

from __future__ import annotations

from importlib.util import find_spec

if not find_spec("langchain_tests"):
    collect_ignore_glob = ["test_*.py"]
