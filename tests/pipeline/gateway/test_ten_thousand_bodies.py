"""The fuzzing of ``test_fuzz.py``, with ten thousand bodies."""

from __future__ import annotations

import pytest
from gateway_fuzz import REQUESTS, check
from gateway_support import Running, Target
from hypothesis import HealthCheck, given, settings


@pytest.mark.timeout(1800)
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(*REQUESTS)
def test_ten_thousand_bodies_are_answered(running: Running, behind: Target, path: str, data: bytes, kind: str) -> None:
    check(running, behind, path, data, kind)
