"""The rules of tolerant reading, one by one."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.operations import AUTHORISATION, BY_NAME, DOWNLOAD, DYNAMIC
from interroam.protocols.emip.wire.types import SessionAction, SessionEvent
from tests.protocols.emip.wire.messages import HEADER, SOAP_12, TARGET, enveloped, full

ASKED = (
    "<EVSEIdType>eMI3</EVSEIdType><EVSEId>FR*C07*E0042*1</EVSEId><userIdType>RFID-UID</userIdType>"
    "<userId>04A1B2C3D4E5F6</userId><requestedServiceId>1</requestedServiceId>"
)
GET = "eMIP_ToIOP_GetServiceAuthorisationRequest"
STATUS = (
    "<EVSEIdType>eMI3</EVSEIdType><EVSEId>FR*C07*E0042*1</EVSEId>"
    "<statusEventDate>2026-03-02T07:58:10Z</statusEventDate><availabilityStatus>2</availabilityStatus>"
)
AVAILABILITY = "eMIP_ToIOP_SetEVSEAvailabilityStatusRequest"
CDR = (
    "<CDRNature>1</CDRNature><serviceSessionId>iop-s-77</serviceSessionId>"
    "<execPartnerSessionId>C07-1</execPartnerSessionId><execPartnerOperatorIdType>eMI3</execPartnerOperatorIdType>"
    f"<execPartnerOperatorId>FR*C07</execPartnerOperatorId>{ASKED}"
    "<startTime>2026-03-02T07:58:10Z</startTime><endTime>2026-03-02T09:03:40Z</endTime>"
    "<meterReportList><meterReport><meterTypeId>1</meterTypeId><meterValue>65.5</meterValue>"
    "<meterUnit>min</meterUnit></meterReport></meterReportList>"
)


def read(element, children, namespace=AUTHORISATION.namespace):
    return codec.read_request(enveloped(element, children, namespace))


def status(**changed):
    children = STATUS
    for name, value in changed.items():
        start = children.index(f"<{name}>") + len(name) + 2
        children = children[:start] + value + children[children.index(f"</{name}>") :]
    return read(AVAILABILITY, HEADER + children, DYNAMIC.namespace).message


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("namespace", [AUTHORISATION.namespace, DOWNLOAD.namespace, "urn:anything"])
def test_a_request_is_known_by_its_local_name_in_any_namespace(namespace):
    received = read(GET, HEADER + ASKED, namespace)
    assert received.operation.name == "eMIP_ToIOP_GetServiceAuthorisation"
    assert received.message.operator_id == "FR*C07"


@pytest.mark.statement("EMIP-7")
def test_a_request_without_a_namespace_is_known_too():
    children = HEADER + "<latitude>48.85</latitude><longitude>2.35</longitude><radius>5</radius>"
    root = "eMIP_ToIOP_SearchEVSERequest"
    data = f'<Envelope xmlns="{SOAP_12}"><Body><{root} xmlns="">{children}</{root}></Body></Envelope>'
    received = codec.read_request(data.encode())
    assert (received.message.radius, received.message.max_count) == (5, None)


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(
    ("element", "operation"),
    [
        ("eMIP_ToIOP_HeartbeatRequest", "eMIP_ToIOP_HeartBeat"),
        ("eMIP_ToIoP_HeartBeatRequest", "eMIP_ToIOP_HeartBeat"),
    ],
)
def test_names_of_requests_are_read_in_any_letter_case(element, operation):
    assert read(element, HEADER).operation is BY_NAME[operation]


@pytest.mark.statement("EMIP-7")
def test_a_heartbeat_is_answered_in_any_letter_case():
    children = (
        "<heartbeatPeriod>300</heartbeatPeriod><currentTime>2026-03-02T07:58:10Z</currentTime>"
        "<transactionId>t</transactionId><requestStatus>1</requestStatus>"
    )
    answer = codec.read_response(BY_NAME["eMIP_ToIOP_HeartBeat"], enveloped("eMIP_ToIOP_HeartbeatResponse", children))
    assert answer.heart_beat_period == 300


ACTION = (
    "<serviceSessionId>iop-s-77</serviceSessionId><sessionAction><sessionActionNature>1</sessionActionNature>"
    "<sessionActionId>a-1</sessionActionId><sessionActionDateTime>2026-03-02T07:58:10Z</sessionActionDateTime>"
    "</sessionAction>"
)


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("root", ["SetSessionActionRequest", "SetSessionActionRequestRequest"])
@pytest.mark.parametrize("direction", ["ToIOP", "FromIOP"])
def test_an_action_is_read_under_both_names(direction, root):
    received = read(f"eMIP_{direction}_{root}", HEADER + TARGET + ACTION)
    assert received.operation.name == f"eMIP_{direction}_SetSessionActionRequest"
    assert received.message.session_action.session_action_id == "a-1"


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("root", ["SetSessionActionResponse", "SetSessionActionRequestResponse"])
def test_the_answer_to_an_action_is_read_under_both_names(root):
    children = (
        "<transactionId>t</transactionId><serviceSessionId>s</serviceSessionId><sessionActionId>a</sessionActionId>"
        "<requestStatus>1</requestStatus>"
    )
    operation = BY_NAME["eMIP_ToIOP_SetSessionActionRequest"]
    assert codec.read_response(operation, enveloped(f"eMIP_ToIOP_{root}", children)).session_action_id == "a"
    written = codec.write_response(operation, full(operation.response))
    assert b"eMIP_ToIOP_SetSessionActionRequestResponse" in written


@pytest.mark.statement("EMIP-7")
def test_an_action_is_written_under_the_name_with_two_requests():
    operation = BY_NAME["eMIP_ToIOP_SetSessionActionRequest"]
    assert b"<a:eMIP_ToIOP_SetSessionActionRequestRequest>" in codec.write_request(operation, full(operation.request))


@pytest.mark.statement("EMIP-7")
def test_children_are_read_in_any_order_and_any_namespace():
    elements = re.findall(r"<(\w+)>(.*?)</\1>", HEADER + ASKED)
    backwards = "".join(f"<x:{name}>{value}</x:{name}>" for name, value in reversed(elements))
    received = read(GET, backwards)
    assert received.qualified
    assert received.message == read(GET, HEADER + ASKED).message


@pytest.mark.statement("EMIP-7")
def test_unknown_elements_are_passed_over():
    more = '<colour xmlns="urn:x"><deep>1</deep></colour>'
    assert read(GET, more + HEADER + more + ASKED + more).message == read(GET, HEADER + ASKED).message


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("empty", ["<bookingId/>", "<bookingId></bookingId>", "<bookingId>  \n </bookingId>"])
def test_an_empty_optional_element_is_absent(empty):
    assert read(GET, HEADER + ASKED + empty).message.booking_id is None


@pytest.mark.statement("EMIP-7")
def test_empty_dates_lists_and_transactions_are_absent_too():
    emptied = HEADER.replace("cpo-9b-000017", "")
    assert read(GET, emptied + ASKED).message.transaction_id is None
    until = "<availabilityStatusUntil/><availabilityStatusComment/>"
    message = read(AVAILABILITY, HEADER + STATUS + until).message
    assert (message.availability_status_until, message.availability_status_comment) == (None, None)
    start = "<authorisationValue>1</authorisationValue><intermediateCDRRequested>0</intermediateCDRRequested>"
    asked = read("eMIP_ToIOP_SetServiceAuthorisationRequest", HEADER + ASKED + start + "<meterLimitList/>")
    assert asked.message.meter_limit_list is None


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(
    ("written", "code"),
    [("2", 2), (" 2\n", 2), ("2: in service", 2), ("2:", 2), ("-2", -2), (" -9999990 : a: b ", -9999990), ("007", 7)],
)
def test_codes_are_read_with_blanks_a_minus_sign_and_words_behind_them(written, code):
    assert status(availabilityStatus=written).availability_status == code


@pytest.mark.parametrize("written", ["two", "2.0", "2 in service", "0x2", "--2", "2" * 40, "٢"])
def test_what_is_no_code_is_malformed(written):
    with pytest.raises(codec.Unreadable, match="availabilityStatus is malformed"):
        status(availabilityStatus=written)


@pytest.mark.statement("EMIP-7")
def test_request_statuses_are_read_with_words_behind_them():
    children = "<transactionId>t</transactionId><requestStatus>1: Ok!</requestStatus>"
    name = "eMIP_ToIOP_SetEVSEBusyStatus"
    assert codec.read_response(BY_NAME[name], enveloped(f"{name}Response", children)).request_status == 1


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize("written", ["eMI3", "EMI3", "emi3", "eMI3_STAR", "eMI3_HYPHEN", "emi3_star", " eMI3 "])
def test_types_of_identifiers_are_read_in_all_their_spellings(written):
    assert status(EVSEIdType=written).evse_id_type == "eMI3"
    header = HEADER.replace("eMI3", written)
    message = read(GET, header + ASKED).message
    assert (message.partner_id_type, message.operator_id_type) == ("eMI3", "eMI3")


def test_types_of_users_are_read_in_any_letter_case_and_unknown_ones_kept():
    lower = read(GET, HEADER + ASKED.replace("RFID-UID", "rfid-uid")).message
    other = read(GET, HEADER + ASKED.replace("RFID-UID", "Face-ID")).message
    assert (lower.user_id_type, other.user_id_type) == ("RFID-UID", "Face-ID")


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-02T07:58:10Z", datetime(2026, 3, 2, 7, 58, 10, tzinfo=UTC)),
        ("2026-03-02T07:58:10", datetime(2026, 3, 2, 7, 58, 10, tzinfo=UTC)),
        ("2026-03-02T09:58:10+02:00", datetime(2026, 3, 2, 7, 58, 10, tzinfo=UTC)),
        ("2026-03-02T02:58:10-05:00", datetime(2026, 3, 2, 7, 58, 10, tzinfo=UTC)),
        ("2026-03-02T07:58:10.5Z", datetime(2026, 3, 2, 7, 58, 10, 500000, tzinfo=UTC)),
        ("2026-03-02T07:58:10.123456789Z", datetime(2026, 3, 2, 7, 58, 10, 123456, tzinfo=UTC)),
    ],
)
def test_times_are_read_with_z_with_an_offset_and_with_neither(written, moment):
    read_moment = status(statusEventDate=written).status_event_date
    assert read_moment == moment
    assert read_moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize("written", ["yesterday", "2026-03-02", "2026-13-02T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_malformed(written):
    with pytest.raises(codec.Unreadable, match="statusEventDate is malformed"):
        status(statusEventDate=written)


@pytest.mark.statement("EMIP-7")
def test_times_are_written_in_utc_with_z():
    operation = BY_NAME["eMIP_ToIOP_GetAuthenticationData"]
    paris = datetime(2026, 3, 2, 8, 58, 10, tzinfo=timezone(timedelta(hours=1)))
    message = operation.request(partner_id="P", operator_id="FR*C07", last_request_date=paris)
    assert b"<lastRequestDate>2026-03-02T07:58:10Z</lastRequestDate>" in codec.write_request(operation, message)


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(
    ("written", "value"),
    [("1", 1), ("OK", 1), ("ok", 1), ("Start", 1), ("2", 2), ("KO", 2), ("Stop", 2), ("3", 3), ("1: yes", 1)],
)
def test_words_stand_for_authorisation_values(written, value):
    children = (
        f"{HEADER}{ASKED}<authorisationValue>{written}</authorisationValue>"
        "<intermediateCDRRequested>1</intermediateCDRRequested>"
    )
    received = read("eMIP_ToIOP_SetServiceAuthorisationRequest", children)
    assert received.message.authorisation_value == value


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(("written", "nature"), [("1", 1), ("final", 1), ("Intermediate", 2), ("FINAL", 1), ("2", 2)])
def test_words_stand_for_natures_of_cdrs(written, nature):
    cdr = CDR.replace("<CDRNature>1<", f"<CDRNature>{written}<")
    received = read(
        "eMIP_ToIOP_SetChargeDetailRecordRequest", f"{HEADER}<chargeDetailRecord>{cdr}</chargeDetailRecord>"
    )
    assert received.message.charge_detail_record.cdr_nature == nature


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(("written", "flag"), [("1", True), ("0", False), ("true", True), ("False", False)])
def test_flags_are_read_as_digits_and_as_words(written, flag):
    children = (
        f"{HEADER}{ASKED}<authorisationValue>1</authorisationValue>"
        f"<intermediateCDRRequested>{written}</intermediateCDRRequested>"
    )
    message = read("eMIP_ToIOP_SetServiceAuthorisationRequest", children).message
    assert message.intermediate_cdr_requested is flag
    operation = BY_NAME["eMIP_ToIOP_SetServiceAuthorisation"]
    digit = "1" if flag else "0"
    assert f"<intermediateCDRRequested>{digit}<".encode() in codec.write_request(operation, message)


@pytest.mark.statement("EMIP-7")
@pytest.mark.parametrize(
    ("ids", "session"),
    [
        ("<serviceSessionId>e-1</serviceSessionId>", "e-1"),
        ("<partnerServiceSessionId>e-2</partnerServiceSessionId>", "e-2"),
        ("<serviceSessionId>e-1</serviceSessionId><partnerServiceSessionId>e-2</partnerServiceSessionId>", "e-2"),
        ("", None),
    ],
)
def test_a_remote_start_names_its_session_under_either_name(ids, session):
    children = (
        f"{HEADER}{ASKED}<authorisationValue>Start</authorisationValue>"
        f"<intermediateCDRRequested>1</intermediateCDRRequested>{ids}"
    )
    received = read("eMIP_ToIOP_SetServiceAuthorisationRequest", children)
    assert received.message.partner_service_session_id == session


@pytest.mark.statement("EMIP-7")
def test_an_event_names_the_action_behind_it_under_either_name():
    event = (
        "<sessionEvent><sessionEventNature>3: started</sessionEventNature>"
        "<sessionEventDateTime>2026-03-02T07:58:10Z</sessionEventDateTime><{0}>a-1</{0}></sessionEvent>"
    )
    names = ("relatedSessionActionId", "relatedSessionEventId")
    events = [codec.read_element(event.format(name).encode(), SessionEvent) for name in names]
    assert [event.related_session_action_id for event in events] == ["a-1", "a-1"]


def test_an_action_keeps_the_event_behind_it_apart():
    action = (
        b"<sessionAction><sessionActionNature>1</sessionActionNature>"
        b"<sessionActionDateTime>2026-03-02T07:58:10Z</sessionActionDateTime>"
        b"<relatedSessionEventId>v-1</relatedSessionEventId></sessionAction>"
    )
    assert codec.read_element(action, SessionAction).related_session_event_id == "v-1"


@pytest.mark.statement("EMIP-7")
def test_the_first_of_two_elements_counts():
    again = "<execPartnerSessionId>E07-1</execPartnerSessionId><execPartnerOperatorId>FR*E07</execPartnerOperatorId>"
    children = f"{HEADER}<chargeDetailRecord>{CDR}{again}</chargeDetailRecord>"
    cdr = read("eMIP_ToIOP_SetChargeDetailRecordRequest", children).message.charge_detail_record
    assert (cdr.exec_partner_session_id, cdr.exec_partner_operator_id) == ("C07-1", "FR*C07")
    assert cdr.sale_partner_session_id is None


@pytest.mark.statement("EMIP-7")
def test_first_letters_of_pool_ids_are_read_in_both_cases():
    children = HEADER + STATUS.replace("EVSEId", "chargingPoolId")
    message = read("eMIP_ToIOP_SetChargingPoolAvailabilityStatusRequest", children).message
    assert message.charging_pool_id == "FR*C07*E0042*1"


def test_comments_and_cdata_are_part_of_no_value():
    children = HEADER + ASKED.replace("FR*C07*E0042*1", "FR*C07<!-- here --><![CDATA[*E0042]]>*1<?stop?>")
    assert read(GET, children).message.evse_id == "FR*C07*E0042*1"


@pytest.mark.statement("EMIP-7")
def test_a_message_of_the_platform_may_come_without_its_target():
    children = f"{HEADER}<chargeDetailRecord>{CDR}</chargeDetailRecord>"
    received = read("eMIP_FromIOP_SetChargeDetailRecordRequest", children)
    assert (received.message.target_operator_id, received.message.operator_id) == (None, "FR*C07")


def test_a_no_is_read_without_what_a_yes_would_hold():
    name = "eMIP_FromIOP_GetServiceAuthorisation"
    children = (
        "<transactionId>t</transactionId><authorisationValue>2</authorisationValue><requestStatus>1</requestStatus>"
    )
    answer = codec.read_response(BY_NAME[name], enveloped(f"{name}Response", children))
    assert (answer.partner_service_session_id, answer.intermediate_cdr_requested) == (None, None)


@pytest.mark.parametrize("number", ["10207", "-9999992"])
def test_an_error_is_read_without_what_a_success_would_hold(number):
    name = "eMIP_ToIOP_SetServiceAuthorisation"
    children = f"<requestStatus>{number}</requestStatus>"
    answer = codec.read_response(BY_NAME[name], enveloped(f"{name}Response", children))
    assert (answer.request_status, answer.service_session_id) == (int(number), "")
    with pytest.raises(codec.Malformed, match="transactionId is missing"):
        codec.read_response(BY_NAME[name], enveloped(f"{name}Response", "<requestStatus>1</requestStatus>"))


@pytest.mark.statement("EMIP-7")
def test_an_empty_record_is_absent_where_it_may_be():
    name = "eMIP_ToIOP_GetChargeDetailRecord"
    children = (
        "<transactionId>t</transactionId><chargeDetailRecord> </chargeDetailRecord><requestStatus>1</requestStatus>"
    )
    assert codec.read_response(BY_NAME[name], enveloped(f"{name}Response", children)).charge_detail_record is None
    with pytest.raises(codec.Unreadable, match="chargeDetailRecord/CDRNature is missing"):
        read("eMIP_ToIOP_SetChargeDetailRecordRequest", f"{HEADER}<chargeDetailRecord/>")
