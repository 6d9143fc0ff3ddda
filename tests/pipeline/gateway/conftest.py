from __future__ import annotations

from collections.abc import Iterator

import pytest
from gateway_support import Running, Target, gateway, target


@pytest.fixture(scope="module")
def behind() -> Iterator[Target]:
    """A good target that the tests of a file share."""
    with target() as made:
        yield made


@pytest.fixture(scope="module")
def running(behind: Target) -> Iterator[Running]:
    """A gateway in front of it."""
    with gateway(behind.url) as made:
        yield made
