"""Every attack is tried on both tiers: with namespaces, and without."""

import pytest
from machine import BACKENDS

from sandbox import Limits, Sandbox


@pytest.fixture(scope="session", params=BACKENDS)
def tier(request):
    return request.param


@pytest.fixture(scope="session")
def box(tier):
    where = {"backend": tier} if tier.startswith("docker") else {"isolation": tier}
    with Sandbox(workers=2, limits=Limits(cpu_seconds=1.0), **where) as sandbox:
        yield sandbox
