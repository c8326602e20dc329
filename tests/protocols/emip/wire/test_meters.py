"""Meter values: digit for digit, and of any type."""

import pytest

from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.operations import BY_NAME
from interroam.protocols.emip.wire.types import MeterReport

OPERATION = BY_NAME["eMIP_FromIOP_GetServiceAuthorisation"]


def relayed(*reports):
    written = codec.write_response(
        OPERATION,
        OPERATION.response(
            transaction_id="t", request_status=1, authorisation_value=1, meter_limit_list=tuple(reports)
        ),
    )
    again = codec.read_response(OPERATION, written)
    assert codec.write_response(OPERATION, again) == written
    return written, again.meter_limit_list


def meter(value, number=2):
    return MeterReport(meter_type_id=number, meter_value=value, meter_unit="Wh")


@pytest.mark.statement("EMIP-95")
@pytest.mark.parametrize(
    "value", ["0", "20000", "65.5", "65.500", "0065.50", "-1.0", "+3", ".5", "7.", "123456789012345678901234567890.123"]
)
def test_values_survive_digit_for_digit(value):
    written, limits = relayed(meter(value))
    assert f"<meterValue>{value}</meterValue>".encode() in written
    assert [limit.meter_value for limit in limits] == [value]


@pytest.mark.statement("EMIP-95")
@pytest.mark.parametrize("value", ["1,5", "1 000", "1.000,5", "1'000", "1e3", "0x10", "ten", "1.2.3", ".", "NaN", "٣"])
def test_values_have_a_point_and_no_separators_of_thousands(value):
    written, _ = relayed(meter("65.5"))
    with pytest.raises(codec.Malformed, match="meterValue is malformed"):
        codec.read_response(OPERATION, written.replace(b">65.5<", f">{value}<".encode()))


@pytest.mark.statement("EMIP-96")
def test_meters_of_any_type_stay_in_their_order():
    reports = [meter("1", number) for number in (2, 21, 21, 1012, 99999, 3, 45, -7)]
    assert relayed(*reports)[1] == tuple(reports)


@pytest.mark.statement("EMIP-96")
def test_units_of_any_name_are_kept():
    report = MeterReport(meter_type_id=4711, meter_value="1", meter_unit="furlong")
    assert relayed(report)[1] == (report,)
