"""Every attack is tried on both tiers, with namespaces and without, and in containers."""

import pytest
from machine import BACKENDS, mark_gaps

from sandbox import Limits, Sandbox


@pytest.fixture(scope="session", params=BACKENDS)
def tier(request):
    return request.param


@pytest.fixture(scope="session")
def box(tier):
    where = {"backend": tier} if tier.startswith("docker") else {"isolation": tier}
    with Sandbox(workers=2, limits=Limits(cpu_seconds=1.0), **where) as sandbox:
        yield sandbox


GVISOR_GAPS = {
    "bounded_together[docker+gvisor-temporary_files]": "what a job writes to /tmp there ends its worker, for nothing else removes it",
    "32_bit_calls": "gVisor takes int 0x80 for a 64-bit call, which its filter sees as one",
    "pidfd signal": "gVisor (before 2024) has no pidfd: the call does not exist",
    "test_a_candidate_finds_no_test_file": "gVisor has no Landlock to hide tests with: pytest labels are refused there",
    "test_a_candidate_cannot_list_write_or_link": "the same",
}
GVISOR_SLOW = {
    "exponential_forks": "forks are so slow there that the CPU limit comes before the limit of processes",
    "allows_it_does_not[docker+gvisor-processes": "sixty forks there take longer than the CPU limit, on a machine that others use",
    "allows_it_does_not[docker+gvisor-waking_together": "fifty-six forks there take longer than the CPU limit",
    "waiting_for_one_another": "gVisor does not say how long a process waited for a processor",
    "bounded_together[docker+gvisor-inodes]": "making files is so slow there that the CPU limit comes first",
    "bounded_together[docker+gvisor-files_": "the same: making folders and files there takes longer than the CPU limit",
    "a_limit_ends_it[docker+gvisor-file]": "its files count as more than was written, so the look may come before the error",
}


@pytest.fixture(autouse=True)
def _gaps(request):
    mark_gaps(request, GVISOR_GAPS, GVISOR_SLOW)
