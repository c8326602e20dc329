import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interroam.model.ids import PartyId
from interroam.protocols.ocpi.rules.headers import (
    MessageIds,
    RoutingError,
    authorization,
    message_ids,
    require_routing,
    routing,
    speaks_json,
    tokens_presented,
    write_routing,
)

FROM = {b"ocpi-from-country-code": b"NL", b"ocpi-from-party-id": b"TNM"}
TO = {b"ocpi-to-country-code": b"fr", b"ocpi-to-party-id": b"007"}
TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)


@pytest.mark.statement("OCPI-3")
@given(TOKENS)
def test_a_token_travels_as_base64_of_exactly_its_bytes_after_one_space(token):
    header = authorization(token)
    assert header == "Token " + base64.b64encode(token.encode()).decode()
    assert tokens_presented(header.encode(), "base64") == (token,)


@pytest.mark.statement("OCPI-3")
@pytest.mark.parametrize("shown", ["YWJjZA", "YWJjZA=", "fn5-fn5_", "YWJj ZA==", "YWJjZA==\t="])
def test_what_is_not_in_the_standard_alphabet_with_its_padding_is_no_token(shown):
    assert base64.urlsafe_b64decode(shown.replace(" ", "").partition("\t")[0] + "==")  # of another alphabet it is
    assert tokens_presented(f"Token {shown}".encode(), "base64") == ()


@pytest.mark.statement("OCPI-4")
@given(TOKENS)
def test_a_plain_token_travels_as_it_is(token):
    assert authorization(token, "plain") == f"Token {token}"
    assert tokens_presented(f"Token {token}".encode(), "plain") == (token,)


@pytest.mark.parametrize(
    ("header", "encoding", "tokens"),
    [
        (b"Token YWJjZA==", "auto", ("abcd", "YWJjZA==")),
        (b"Token a-raw-token", "auto", ("a-raw-token",)),
        (b"Token a-raw-token", "base64", ()),
        (b"Token YWJjZAo=", "base64", ("abcd",)),  # the line feed of the specification's example
        (b"Token YWJjZA0K", "base64", ("abcd",)),
        (b"Token YWJjZAoK", "base64", ()),
        (b"token  YWJjZA== ", "base64", ("abcd",)),
        (b"Token YWJjZA", "base64", ()),
        (b"Bearer YWJjZA==", "auto", ()),
        (b"YWJjZA==", "auto", ()),
        (b"Token", "auto", ()),
        (b"Token ", "auto", ()),
        (b"Token a b", "plain", ()),
        (b"Token \xc3\xa9", "plain", ()),
        (b"Token w6k=", "base64", ()),
        (b"", "auto", ()),
        (None, "auto", ()),
    ],
)
def test_the_tokens_a_header_may_mean(header, encoding, tokens):
    assert tokens_presented(header, encoding) == tokens


def test_both_pairs_are_read_whatever_their_case():
    found = routing(FROM | TO)
    assert found.sender == PartyId.of("NL", "TNM")
    assert found.receiver == PartyId.of("FR", "007")
    assert routing({}).sender is None


@pytest.mark.statement("OCPI-16")
@pytest.mark.parametrize("header", ["OCPI-from-country-code", "OCPI-from-party-id"])
@pytest.mark.parametrize("blank", [None, b"", b" "])
def test_half_a_from_pair_is_refused_by_the_name_of_the_missing_header(header, blank):
    headers = dict(FROM)
    if blank is None:
        del headers[header.lower().encode()]
    else:
        headers[header.lower().encode()] = blank
    with pytest.raises(RoutingError, match=header) as refused:
        require_routing(headers | TO, to_too=False)
    assert refused.value.header == header


@pytest.mark.statement("OCPI-16")
def test_the_to_pair_may_be_absent_only_where_open_routing_is_allowed():
    assert require_routing(FROM, to_too=False).receiver is None
    with pytest.raises(RoutingError, match="OCPI-to-country-code"):
        require_routing(FROM, to_too=True)
    with pytest.raises(RoutingError, match="OCPI-from-country-code"):
        require_routing(TO, to_too=True)


@pytest.mark.parametrize(
    ("country", "code"), [(b"NLD", b"TNM"), (b"N1", b"TNM"), (b"NL", b"TNMX"), (b"NL", b"T M"), (b"\xc3\xa9", b"TNM")]
)
def test_a_code_that_is_none_is_refused(country, code):
    with pytest.raises(RoutingError):
        routing({b"ocpi-from-country-code": country, b"ocpi-from-party-id": code})


def test_routing_headers_are_written_as_the_specification_spells_them():
    written = write_routing(PartyId.of("NL", "TNM"), PartyId.of("FR", "007"))
    assert routing({name.lower().encode(): value.encode() for name, value in written.items()}) == routing(FROM | TO)
    assert write_routing(PartyId.of("NL", "TNM"), None) == {
        "OCPI-from-country-code": "NL",
        "OCPI-from-party-id": "TNM",
    }


def test_message_ids_are_read_unchanged():
    ids = message_ids({b"x-request-id": b"r-1", b"x-correlation-id": b"C 2"})
    assert ids == MessageIds("r-1", "C 2")
    assert message_ids({b"x-request-id": b""}) == MessageIds(None, None)


@pytest.mark.statement("OCPI-188")
@pytest.mark.parametrize(
    ("content_type", "json"),
    [
        (b"application/json", True),
        (b"Application/JSON; charset=utf-8", True),
        (None, True),
        (b"text/xml", False),
        (b"text/plain", False),
    ],
)
def test_a_body_is_json_with_or_without_a_charset(content_type, json):
    assert speaks_json(content_type) is json


@pytest.mark.parametrize(("sent", "kept"), [(b"c-0, ", "c-0, "), (b"  ", None), (b"", None), (b"c-0", "c-0")])
def test_an_id_is_kept_as_it_is_echoed(sent, kept):
    assert message_ids({b"x-correlation-id": sent}).correlation == kept
