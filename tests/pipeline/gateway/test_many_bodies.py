"""The fuzzing of ``test_fuzz.py``, with two thousand bodies, or as many as ``CTXPIPE_TEST_BODIES`` says."""

from __future__ import annotations

import os

import pytest
from gateway_fuzz import REQUESTS, check
from gateway_support import Running, Target
from hypothesis import HealthCheck, given, settings

BODIES = int(os.environ.get("CTXPIPE_TEST_BODIES", "2000"))


@pytest.mark.timeout(max(600, BODIES))
@settings(max_examples=BODIES, suppress_health_check=list(HealthCheck))
@given(*REQUESTS)
def test_many_bodies_are_answered(running: Running, behind: Target, path: str, data: bytes, kind: str) -> None:
    check(running, behind, path, data, kind)
