"""The reference page says what the tables do."""

from pathlib import Path

import pytest

from interroam.protocols.ocpi.v211.statement import TABLES, page
from interroam.protocols.ocpi.v211.table import Loss

PAGE = Path(__file__).parents[4] / "docs/reference/losses-ocpi.md"


def test_the_page_is_the_one_the_tables_write():
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"


@pytest.mark.parametrize("table", TABLES, ids=lambda each: f"{each.object}-{each.direction}")
def test_every_cost_has_its_reason(table):
    outcomes = [each for rule in table.rules for each in rule.outcomes]
    assert [each for each in outcomes if each.loss not in (Loss.KEPT, Loss.RENAMED) and not each.why] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda each: f"{each.object}-{each.direction}")
def test_every_field_of_the_result_has_a_rule(table):
    made = {rule.target for rule in table.rules}
    cannot_be_known = set(table.shape.__struct_encode_fields__) - made
    assert cannot_be_known == UNKNOWABLE.get((table.object, table.direction), set())


UNKNOWABLE = {
    ("Location", "up"): {"publish_allowed_to", "state", "gireve_id"},
    ("Connector", "up"): {"max_electric_power"},
    ("Token", "up"): {"group_id", "default_profile_type", "energy_contract"},
    ("CDR", "up"): {
        "invoice_reference_id",
        "credit",
        "credit_reference_id",
        "home_charging_compensation",
        "total_reservation_cost",
    },
    ("Tariff", "up"): {"min_price", "max_price", "end_date_time", "gireve_id"},
    ("Tariff", "down"): {"target_operator_country_code", "target_operator_party_id"},
    ("LocationReferences", "down"): {"connector_ids"},
    ("ReserveNow", "up"): set(),
    ("CommandResponse", "up"): {"message"},
    ("CommandResult", "up"): {"message"},
}
