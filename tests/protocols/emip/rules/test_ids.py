import pytest
from hypothesis import given
from hypothesis import strategies as st

from interroam.model.ids import PartyId
from interroam.protocols.emip.rules.ids import Letter, badge, element, named, operator, provider

C01 = PartyId.of("FR", "C01")


@pytest.mark.parametrize("text", ["FR*A23", "fra23", "IT*123", "FR-A23", " FR*A23 "])
def test_an_operator_is_read_with_and_without_separator(text):
    assert str(operator(text)) in {"FR*A23", "IT*123"}


@pytest.mark.parametrize("text", ["FR*A2", "F1*A23", "FR**A23", "FRA*A23", "", "FR*A23*", "FRÄ23"])
def test_what_is_no_operator_is_refused(text):
    with pytest.raises(ValueError, match="no operator"):
        operator(text)


@pytest.mark.parametrize(
    ("text", "letter", "compared"),
    [
        ("IT*123*P456*AB789", Letter.POOL, "IT123P456*AB789"),
        ("IT123P456AB789", Letter.POOL, "IT123P456AB789"),
        ("IT*123*S456*AB789", Letter.STATION, "IT123S456*AB789"),
        ("FR*A23*E45B*78C", Letter.EVSE, "FRA23E45B*78C"),
        ("FRA23E45B78C", Letter.EVSE, "FRA23E45B78C"),
        ("fra23e45b*78c", Letter.EVSE, "FRA23E45B*78C"),
        ("FR*123*Eabcdef", Letter.EVSE, "FR123EABCDEF"),
        ("FR*A23*X45B*78C", Letter.CONNECTOR, "FRA23X45B*78C"),
        ("FR*A23*E1", Letter.EVSE, "FRA23E1"),
    ],
)
def test_elements_compare_without_case_and_without_the_separators_of_their_prefix(text, letter, compared):
    assert element(text, letter, strict=True).compared == compared


def test_a_separator_inside_the_instance_part_counts():
    assert element("FR*A23*E45B*78C", Letter.EVSE) == element("fra23e45b*78c", Letter.EVSE)
    assert element("FR*A23*E45B*78C", Letter.EVSE) != element("FR*A23*E45B78C", Letter.EVSE)


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("IT*123*E456", Letter.POOL),
        ("IT*123*P", Letter.POOL),
        ("IT*123*P*456", Letter.POOL),
        ("IT*123*P456", Letter.STATION),
        ("FR*JBO*2927*2323", Letter.EVSE),
        ("FR*A23*E" + "1" * 32, Letter.EVSE),
        ("FR*A23*X45_B", Letter.CONNECTOR),
        ("FR*A23*E45É", Letter.EVSE),
    ],
)
def test_an_id_that_breaks_the_grammar_is_none_of_ours(text, letter):
    with pytest.raises(ValueError, match=letter.name.lower()):
        element(text, letter, strict=True)


def test_a_partner_may_send_a_longer_instance_part():
    assert element("FR*A23*E" + "1" * 51, Letter.EVSE).instance == "1" * 51
    with pytest.raises(ValueError, match="evse"):
        element("FR*A23*E" + "1" * 52, Letter.EVSE)


@pytest.mark.statement("EMIP-56")
@given(st.text(max_size=60))
def test_whatever_its_owner_calls_an_element_it_gets_a_valid_id_of_its_owner(name):
    made = named(C01, Letter.EVSE, name)
    assert made.operator == C01
    assert element(str(made), Letter.EVSE, strict=True) == made
    assert str(made).startswith("FR*C01*E")


def test_an_id_that_is_valid_already_stays_as_it_is():
    assert str(named(C01, Letter.EVSE, "frc01e42*1")) == "FR*C01*E42*1"
    assert str(named(C01, Letter.POOL, "42")) == "FR*C01*P42"


def test_two_names_that_shorten_to_the_same_stay_apart():
    names = ["a-b", "a_b", "a b", "x" * 40 + "1", "x" * 40 + "2", "", "é"]
    assert len({str(named(C01, Letter.POOL, name)) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("contract", "whose"),
    [
        ("FR-EMP-C12345678-X", "FR*EMP"),
        ("FREMPC12345678", "FR*EMP"),
        ("DE*8AA*001234*5", "DE*8AA"),
        ("FR-EMP-12345678", None),
        ("FREMPC1234567", None),
        ("04A1B2C3", None),
    ],
)
def test_a_contract_says_whose_it_is(contract, whose):
    found = provider(contract)
    assert (str(found) if found else None) == whose


@pytest.mark.statement("EMIP-75")
@pytest.mark.parametrize(
    ("sent", "compared"),
    [
        ("4a1b2c3", "04A1B2C3"),
        ("04A1B2C3", "04A1B2C3"),
        ("1A2B3C4D5E6F70", "1A2B3C4D5E6F70"),
        ("a2b3c4d5e6f70", "0A2B3C4D5E6F70"),
        (" 04 A1 B2 C3 ", "04A1B2C3"),
        ("1", "00000001"),
    ],
)
def test_a_badge_is_written_in_upper_case_with_all_its_zeros(sent, compared):
    assert badge(sent) == compared


@pytest.mark.parametrize("sent", ["XYZ", "", "1" * 15, "04A1-B2C3"])
def test_what_is_no_badge_is_refused(sent):
    with pytest.raises(ValueError, match="badge"):
        badge(sent)


def test_the_first_digits_of_a_badge_are_its_lowest_byte():
    assert int(badge("1A2B3C4D5E6F70"), 16) == 7365887390543728
