"""The byte formats: what is packed comes back, and garbage is WireError and nothing else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.guest import wire

numbers = st.integers(0, 2**63 - 1)


@given(st.lists(numbers, min_size=14, max_size=14))
def test_an_order_comes_back(fields):
    order = wire.Order(*fields)
    assert wire.Order.unpack(order.pack()) == order


CAUSES = st.integers(0, len(wire.CAUSES) - 1)
STATUSES = st.integers(-64, 255)


@given(CAUSES, STATUSES, st.lists(numbers, min_size=12, max_size=12), CAUSES, STATUSES, numbers)
def test_a_report_comes_back(cause, status, fields, tester_cause, tester_status, tester_cpu):
    report = wire.Report(cause, status, *fields, tester_cause, tester_status, tester_cpu)
    assert wire.Report.unpack(report.pack()) == report


@pytest.mark.parametrize("kind", [wire.Order, wire.Report, wire.Progress])
@given(data=st.binary(max_size=200))
def test_garbage_is_a_wire_error(kind, data):
    try:
        kind.unpack(data)
    except wire.WireError:
        pass


@given(st.lists(st.tuples(st.integers(1, 7), st.binary(max_size=50))), st.integers(0, 400))
def test_frames_come_back_whole_however_the_bytes_are_cut(sent, cut):
    data = b"".join(wire.frame(kind, body) for kind, body in sent)
    assert list(wire.frames(data)) == sent
    seen = list(wire.frames(data[:cut]))
    assert seen == sent[: len(seen)]


def test_a_candidate_cannot_write_a_result():
    with pytest.raises(wire.WireError):
        list(wire.frames(wire.frame(wire.KIND_TEST, b"{}")))


@given(st.binary(max_size=400))
@example(b"\x0a\x00\x00\x00\x00")
@example(b"\x01\xff\xff\xff\xff")
def test_hostile_frames_are_a_wire_error_or_end(data):
    try:
        list(wire.frames(data))
    except wire.WireError:
        pass


@given(st.booleans(), st.text(st.characters()), st.text(), st.text(), st.text(), st.binary())
def test_a_payload_comes_back(entropy, source, preamble, calls, serving, stdin):
    payload = wire.Payload(entropy, source, preamble, calls, serving, stdin)
    assert wire.Payload.unpack(payload.pack()) == payload
