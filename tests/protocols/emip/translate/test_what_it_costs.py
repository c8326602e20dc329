"""What a translation costs stands in the trace of the message it was made of."""

from datetime import UTC, datetime

import pytest

from interroam.protocols.emip.translate.loss_tables import AUTHORIZATION, CHARGE, RECORD, TABLES, cost
from interroam.protocols.emip.translate.losses import Direction
from interroam.protocols.emip.wire.types import ChargeDetailRecord, MeterReport

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def record(**fields) -> ChargeDetailRecord:
    given = {
        "cdr_nature": 1,
        "service_session_id": "s",
        "requested_service_id": "1",
        "evse_id": "FR*C01*E1",
        "user_id_type": "RFID-UID",
        "user_id": "04A1B2C3",
        "start_time": AT,
        "end_time": AT,
        "meter_report_list": (MeterReport(meter_type_id=2, meter_value="1", meter_unit="Wh"),),
    }
    return ChargeDetailRecord(**given | fields)


def test_of_a_message_only_what_it_says_is_named_and_all_that_is_invented():
    said = cost(RECORD, Direction.TO_OCPI, record())
    assert said.startswith("eMIP → OCPI: lost requestedServiceId; approximated CDRNature")
    assert "partnerProductId" not in said
    assert "partnerProductId" in cost(RECORD, Direction.TO_OCPI, record(partner_product_id="night"))
    assert said.endswith("invented currency, total_cost, connector_id, auth_method")
    priced = cost(RECORD, Direction.TO_OCPI, record(), known=("currency", "total_cost"))
    assert priced.endswith("invented connector_id, auth_method")


def test_without_a_message_everything_is_named():
    said = cost(CHARGE, Direction.TO_EMIP)
    assert said.startswith("OCPI → eMIP: lost auth_method, meter_id, tariffs")
    assert "approximated" in said


@pytest.mark.parametrize("table", TABLES, ids=lambda one: f"{one.object} {one.direction.value}")
def test_every_table_can_be_said_in_one_line(table):
    said = cost(table.object, table.direction)
    assert said.startswith(table.direction.value)
    assert "\n" not in said


def test_the_same_object_costs_something_else_each_way():
    assert cost(AUTHORIZATION, Direction.TO_OCPI) != cost(AUTHORIZATION, Direction.TO_EMIP)
