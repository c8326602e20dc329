"""What is no message, who is not who it should be, and what is only odd: faults, traces, and life goes on."""

from __future__ import annotations

import asyncio
import gzip

import pytest
import pytest_asyncio

from interroam.protocols.emip.wire.parsing import LARGEST
from tests.protocols.emip.bad import AVAILABLE, BEAT, available, message, standing
from tests.protocols.emip.partner import AUTHORISATION, SOAP, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = message(AVAILABLE, available()).decode()
MALFORMED = "400/INVALID_REQUEST:MALFORMED_XML"
NOT_SOAP = "400/INVALID_REQUEST:NOT_SOAP12"
UNKNOWN = "400/INVALID_REQUEST:UNKNOWN_OPERATION"
MISSING = "400/INVALID_REQUEST:MISSING_FIELD"
INVALID = "400/INVALID_REQUEST:INVALID_VALUE"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def bad(tmp_path_factory):
    async with standing(tmp_path_factory.mktemp("bad")) as one:
        yield one


# -- what is no message ------------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def declared(doctype: str, inside: str = "&a;") -> bytes:
    """A message with a document type, and something of it inside."""
    return GOOD.replace("?>", f"?>{doctype}").replace("eMI3", inside, 1).encode()


BODY = GOOD[GOOD.index("<s:Body>") + 8 : GOOD.index("</s:Body>")]
UNREADABLE = {
    "billion laughs": (declared(f'<!DOCTYPE s [<!ENTITY l0 "ha">{LAUGHS}]>', "&l9;"), MALFORMED),
    "quadratic blow-up": (declared(f'<!DOCTYPE s [<!ENTITY a "{"a" * 50_000}">]>', "&a;" * 50_000), MALFORMED),
    "an entity that is a file": (declared('<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), MALFORMED),
    "an entity of a parameter": (declared('<!DOCTYPE s [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>'), MALFORMED),
    "an empty document type": (declared("<!DOCTYPE s>", "eMI3"), MALFORMED),
    "an entity of nobody": (declared("", "&nbsp;"), MALFORMED),
    "an inclusion of nobody": (GOOD.replace("eMI3", "<xi:include/>", 1).encode(), MALFORMED),
    "SOAP 1.1": (GOOD.replace(SOAP, "http://schemas.xmlsoap.org/soap/envelope/").encode(), NOT_SOAP),
    "no envelope": (BODY.replace("<q:", f"<q:{''}", 1).replace("<q:", "<").replace("</q:", "</").encode(), NOT_SOAP),
    "two messages": (GOOD.replace("</s:Body>", f"{BODY}</s:Body>").encode(), INVALID),
    "an empty body": (GOOD.replace(BODY, "").encode(), UNKNOWN),
    "no body": (GOOD.replace(f"<s:Body>{BODY}</s:Body>", "").encode(), UNKNOWN),
    "an operation of nobody": (message("eMIP_ToIOP_SetNothing"), UNKNOWN),
    "nothing": (b"", MALFORMED),
    "JSON": (b'{"EVSEId": 1}', MALFORMED),
    "half a message": (GOOD[: len(GOOD) // 2].encode(), MALFORMED),
    "two documents": ((GOOD + GOOD[GOOD.index("<s:") :]).encode(), MALFORMED),
    "Latin-1": (GOOD.replace("eMI3", "é", 1).encode("latin-1"), MALFORMED),
    "Latin-1, declared": (GOOD.replace("eMI3", "é", 1).replace("UTF-8", "ISO-8859-1").encode("latin-1"), MALFORMED),
    "UTF-16": (GOOD.replace("UTF-8", "UTF-16").encode("utf-16"), MALFORMED),
    "UTF-32": (GOOD.replace("UTF-8", "UTF-32").encode("utf-32"), MALFORMED),
    "compressed": (gzip.compress(GOOD.encode()), MALFORMED),
    "300 levels": (GOOD.replace("eMI3", "<a>" * 300 + "</a>" * 300, 1).encode(), MALFORMED),
    "100,000 levels": (GOOD.replace("eMI3", "<a>" * 100_000 + "</a>" * 100_000, 1).encode(), MALFORMED),
    "a million elements": (GOOD.replace("eMI3", "<a/>" * 1_000_000, 1).encode(), MALFORMED),
    "a control character": (GOOD.replace("eMI3", "\x01", 1).encode(), MALFORMED),
    "a null character": (GOOD.replace("eMI3", "&#0;", 1).encode(), MALFORMED),
    "half a surrogate pair": (GOOD.replace("eMI3", "&#xD800;", 1).encode(), MALFORMED),
    "one attribute twice": (GOOD.replace("<partnerIdType>", '<partnerIdType a="1" a="2">', 1).encode(), MALFORMED),
    "no partnerId": (message(AVAILABLE, available(), partnerId=None), MISSING),
    "an empty partnerId": (message(AVAILABLE, available(), partnerId=" "), MISSING),
    "no partnerIdType": (message(AVAILABLE, available(), partnerIdType=None), MISSING),
    "no operatorId": (message(AVAILABLE, available(), operatorId=None), MISSING),
    "no operatorIdType": (message(AVAILABLE, available(), operatorIdType=None), MISSING),
    "a partnerId that is a list": (message(AVAILABLE, available(), partnerId={"a": 1}), MISSING),
    "a very long transactionId": (message(BEAT, transactionId="x" * 70_000), INVALID),
    "a very long partnerId": (message(BEAT, partnerId="x" * 70_000), INVALID),
}


@pytest.mark.parametrize(("body", "code"), UNREADABLE.values(), ids=UNREADABLE)
async def test_what_is_no_message_gets_a_fault(bad, body, code):
    answer = await bad.refuses(body, code)
    assert b"root:" not in answer.raw
    assert len(answer.raw) < 3_000


async def test_nobody_is_asked_for_an_external_entity(bad):
    called = []

    async def serve(_reader, writer):
        called.append(1)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
    await bad.refuses(declared(f'<!DOCTYPE s SYSTEM "{url}" [<!ENTITY a SYSTEM "{url}">]>'), MALFORMED)
    await bad.refuses(declared(f'<!DOCTYPE s [<!ENTITY % p SYSTEM "{url}">%p;]>', "eMI3"), MALFORMED)
    server.close()
    assert not called


async def test_ten_mebibytes_are_read_and_one_byte_more_is_not(bad):
    remark = f"<!--{'x' * 1_000_000}-->"
    body = BEATS.replace("<s:Header/>", f"<s:Header/>{remark * 10}").encode()
    padded = body + b" " * (LARGEST - len(body))
    assert (await bad.says(padded)).status == 1
    answer = await bad.says(padded + b" ")
    assert (answer.http, answer.fault) == (413, ("INVALID_REQUEST", "INVALID_VALUE"))
    await bad.lives()


# -- who is not who it should be ---------------------------------------------------------------------------------------

STRANGERS = {
    "an unknown partner": ({"partnerId": "FR*P-X99"}, "AUTHENTICATION_ERROR:PARTNER_UNKNOWN"),
    "an unknown operator": ({"operatorId": "FR*X99"}, "AUTHENTICATION_ERROR:OPERATOR_UNKNOWN"),
    "an operator that is none": ({"operatorId": "somebody"}, "AUTHENTICATION_ERROR:OPERATOR_UNKNOWN"),
    "an operator of another": ({"operatorId": "FR*C02"}, "AUTHENTICATION_ERROR:PARTNER_OPERATOR_NOT_ASSOCIATED"),
    "an eMSP": ({"partnerId": "FR*P-E01", "operatorId": "FR*E01"}, "ROLE_ERROR:OPERATION_NOT_ALLOWED_FOR_ROLE"),
}


@pytest.mark.parametrize(("header", "fault"), STRANGERS.values(), ids=STRANGERS)
async def test_a_stranger_gets_a_fault_that_bears_the_transaction(bad, header, fault):
    answer = await bad.refuses(message(AVAILABLE, available(), **header), f"403/{fault}")
    assert answer.fields["Detail"]["iopFault"]["transactionId"] == "t-1"


async def test_what_a_platform_asks_is_not_for_others_to_ask(bad):
    body = write("eMIP_FromIOP_HeartBeatRequest", bad.world.cpo.header("t-1", "FR*C01"))
    await bad.refuses(body, "403/ROLE_ERROR:OPERATION_NOT_ALLOWED_FOR_ROLE")


# -- what is odd, and good ---------------------------------------------------------------------------------------------

BEATS = message(BEAT).decode()
ODD = {
    "a namespace of nobody": BEATS.replace("https://api-iop.gireve.com/schemas/PlatformV1/", "urn:nobody"),
    "another family's namespace": BEATS.replace("https://api-iop.gireve.com/schemas/PlatformV1/", AUTHORISATION),
    "no namespace": BEATS.replace("<q:", "<").replace("</q:", "</"),
    "qualified children": BEATS.replace("<partner", "<q:partner").replace("</partner", "</q:partner"),
    "children in another order": BEATS.replace("<transactionId>t-1</transactionId>", "").replace(
        "</operatorId>", "</operatorId><transactionId>t-1</transactionId>"
    ),
    "elements nobody knows": BEATS.replace("<partnerId>", "<more><partnerId>FR*X</partnerId></more><partnerId>"),
    "comments": BEATS.replace("FR*P-C01", "FR*P<!-- a comment -->-C01"),
    "CDATA": BEATS.replace("FR*P-C01", "<![CDATA[FR*P-C01]]>"),
    "an instruction": BEATS.replace("<partnerId>", "<?php echo 1 ?><partnerId>"),
    "references to characters": BEATS.replace("FR*P-C01", "&#70;R*P-C&#x30;1"),
    "blanks around values": BEATS.replace("FR*P-C01", "\n  FR*P-C01\t"),
    "another letter case": BEATS.replace("HeartBeat", "Heartbeat").replace("partnerIdType>", "PartnerIDType>"),
    "a mark of byte order": "\ufeff" + BEATS,
    "another encoding declared": BEATS.replace("UTF-8", "ISO-8859-1"),
    "headers of SOAP": BEATS.replace(
        "<s:Header/>", '<s:Header><w:To xmlns:w="urn:w" s:mustUnderstand="0"/></s:Header>'
    ),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
async def test_what_is_only_odd_is_read(bad, text):
    answer = await bad.says(text.encode())
    assert (answer.http, answer.fields.get("transactionId"), answer.status) == (200, "t-1", 1), answer.raw


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "text/xml;charset=utf-8"},
        {"content-encoding": "gzip"},
        {"content-type": "text/xml"},
        {"content-type": "application/json"},
        {"soapaction": '"urn:nothing"'},
        {"content-type": 'application/soap+xml; action="urn:nothing"'},
    ],
)
async def test_headers_that_do_not_fit_change_nothing(bad, headers):
    assert (await bad.says(BEATS.encode(), headers=headers)).status == 1


async def test_a_body_in_pieces_is_a_body(bad):
    reader, writer = await asyncio.open_connection("127.0.0.1", bad.node.app.port)
    writer.write(b"POST /emip HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
    body = BEATS.encode()
    for at in range(0, len(body), 7):
        writer.write(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]))
    writer.write(b"0\r\n\r\n")
    said = await reader.read()
    writer.close()
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"<requestStatus>1</requestStatus>" in said


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_only_post_asks_for_something(bad, method):
    answer = await bad.says(b"", method=method)
    assert (answer.http, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    await bad.lives()


async def test_a_look_without_a_question_is_answered_without_a_challenge(bad):
    for path in ("/emip", "/emip/services/csfV1", "/emip/services/nothing"):
        answer = await bad.says(b"", method="GET", path=path)
        assert answer.http == 200
        assert "www-authenticate" not in answer.headers


async def test_every_path_takes_every_operation(bad):
    for path in ("/emip/", "/emip/services/csfV1", "/emip/a/b/%2e%2e/%00?x=1"):
        assert (await bad.says(BEATS.encode(), path=path)).status == 1
