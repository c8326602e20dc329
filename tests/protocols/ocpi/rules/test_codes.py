import pytest

from interroam.model.errors import Reason
from interroam.protocols.ocpi.rules.codes import CODES, Code, code, for_version


def test_every_reason_has_a_code_and_no_other():
    assert set(CODES) == set(Reason)


def test_only_statuses_of_the_specification_are_used():
    known = {2000, 2001, 2002, 2003, 2004, 3000, 3001, 3002, 3003, 4000, 4001, 4002, 4003}
    assert {each.status for each in CODES.values()} <= known


@pytest.mark.statement("OCPI-182")
@pytest.mark.parametrize(
    ("method", "module"),
    [("PUT", "locations"), ("PATCH", "locations"), ("PUT", "sessions"), ("POST", "cdrs"), ("PUT", "tariffs")],
)
def test_a_fault_of_content_releases_a_queue_and_a_transient_one_does_not(method, module):
    content = (Reason.MALFORMED, Reason.MISMATCH, Reason.FOREIGN, Reason.CONFLICT, Reason.UNKNOWN_OBJECT,
               Reason.UNKNOWN_TOKEN, Reason.NO_AGREEMENT, Reason.NOT_OFFERED, Reason.WRONG_STATE,
               Reason.TOO_LARGE)  # fmt: skip
    for reason in content:
        said = code(reason, method, module)
        assert said.http == 200
        assert 2000 <= said.status < 3000
    for reason in (Reason.FAILED, Reason.OVERLOADED):
        assert code(reason, method, module).http >= 500
    # A fault of configuration keeps the message with its sender (C33).
    assert code(Reason.FORBIDDEN, method, module).http == 403


@pytest.mark.parametrize(
    ("reason", "method", "module", "said"),
    [
        (Reason.FOREIGN, "GET", "locations", Code(404, 2000)),
        (Reason.FOREIGN, "PUT", "locations", Code(200, 2001)),
        (Reason.UNKNOWN_TOKEN, "POST", "tokens", Code(404, 2004)),
        (Reason.UNKNOWN_OBJECT, "PATCH", "locations", Code(200, 2003)),
        (Reason.UNKNOWN_OBJECT, "PATCH", "sessions", Code(200, 2001)),
        (Reason.UNKNOWN_OBJECT, "GET", "cdrs", Code(404, 2000)),
        (Reason.NOT_OFFERED, "PUT", "credentials", Code(405, 2000)),
        (Reason.NOT_OFFERED, "PATCH", "sessions", Code(200, 2000)),
        (Reason.UNKNOWN_PARTY, "POST", "commands", Code(200, 4001)),
        (Reason.TIMED_OUT, "POST", "commands", Code(200, 4002)),
        (Reason.NOT_CONNECTED, "POST", "commands", Code(200, 4003)),
    ],
)
def test_the_same_reason_is_said_differently_to_different_calls(reason, method, module, said):
    assert code(reason, method, module) == said


def test_the_older_version_lacks_the_hubs_own_codes():
    assert [for_version(status, "2.1.1") for status in (2004, 4000, 4001, 4002, 4003, 2003)] == [
        2000,
        3000,
        2000,
        3000,
        3000,
        2003,
    ]
    assert for_version(4001, "2.2.1") == 4001
