"""Every attack is tried on both tiers: with namespaces, and without."""

import pytest
from machine import TIERS

from sandbox import Limits, Sandbox


@pytest.fixture(scope="session", params=TIERS)
def tier(request):
    return request.param


@pytest.fixture(scope="session")
def box(tier):
    with Sandbox(workers=2, limits=Limits(cpu_seconds=1.0), isolation=tier) as sandbox:
        yield sandbox
