"""Tests of LiteLLM, run by ``make test-litellm``.

Which sets CTXPIPE_TEST_LITELLM to the folder of an environment of its own: LiteLLM's proxy needs versions of other
packages than these tests. Without it pytest does not look into this folder.
"""

from __future__ import annotations

import os

if not os.environ.get("CTXPIPE_TEST_LITELLM"):
    collect_ignore_glob = ["test_*.py"]
