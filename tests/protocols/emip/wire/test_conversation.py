"""Whole messages, laid out as people write them."""

from datetime import UTC, datetime

import pytest

from interroam.protocols.emip.wire import codec
from interroam.protocols.emip.wire.faults import SoapFault
from interroam.protocols.emip.wire.operations import BY_NAME
from interroam.protocols.emip.wire.to_iop import GetServiceAuthorisation, GetServiceAuthorisationResponse
from interroam.protocols.emip.wire.types import ChargeDetailRecord, MeterReport
from tests.protocols.emip.wire.messages import SOAP_12

SCHEMAS = "https://api-iop.gireve.com/schemas"
ASK = BY_NAME["eMIP_ToIOP_GetServiceAuthorisation"]

MAY_SHE = f"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="{SOAP_12}" xmlns:auth="{SCHEMAS}/AuthorisationV1/">
  <soap:Header/>
  <soap:Body>
    <auth:eMIP_ToIOP_GetServiceAuthorisationRequest>
      <transactionId>lyon-000451</transactionId>
      <partnerIdType>eMI3</partnerIdType>
      <partnerId>FR*LYP</partnerId>
      <operatorIdType>eMI3</operatorIdType>
      <operatorId>FR*LYO</operatorId>
      <EVSEIdType>eMI3</EVSEIdType>
      <EVSEId>FR*LYO*EQUAI7*2</EVSEId>
      <userIdType>RFID-UID</userIdType>
      <userId>04C0FFEE112233</userId>
      <requestedServiceId>1</requestedServiceId>
      <partnerServiceSessionId>quai7-2026-11-02-3</partnerServiceSessionId>
    </auth:eMIP_ToIOP_GetServiceAuthorisationRequest>
  </soap:Body>
</soap:Envelope>
""".encode()

SHE_MAY = f"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="{SOAP_12}" xmlns:auth="{SCHEMAS}/AuthorisationV1/">
  <soap:Body>
    <auth:eMIP_ToIOP_GetServiceAuthorisationResponse>
      <transactionId>lyon-000451</transactionId>
      <requestStatus>1: fine</requestStatus>
      <salePartnerOperatorIdType>eMI3</salePartnerOperatorIdType>
      <salePartnerOperatorId>FR*MOB</salePartnerOperatorId>
      <authorisationValue>1</authorisationValue>
      <serviceSessionId>platform-77ab</serviceSessionId>
      <intermediateCDRRequested>1</intermediateCDRRequested>
      <meterLimitList>
        <meterReport>
          <meterTypeId>2</meterTypeId>
          <meterValue>12500.0</meterValue>
          <meterUnit>Wh</meterUnit>
        </meterReport>
      </meterLimitList>
    </auth:eMIP_ToIOP_GetServiceAuthorisationResponse>
  </soap:Body>
</soap:Envelope>
""".encode()

CDR = f"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="{SOAP_12}" xmlns:auth="{SCHEMAS}/AuthorisationV1/">
  <soap:Header/>
  <soap:Body>
    <auth:eMIP_FromIOP_SetChargeDetailRecordRequest>
      <transactionId>platform-t-9</transactionId>
      <partnerIdType>Gireve</partnerIdType>
      <partnerId>FR*HUB</partnerId>
      <operatorIdType>eMI3</operatorIdType>
      <operatorId>FR*LYO</operatorId>
      <targetOperatorIdType>eMI3</targetOperatorIdType>
      <targetOperatorId>FR*MOB</targetOperatorId>
      <chargeDetailRecord>
        <CDRNature>1</CDRNature>
        <serviceSessionId>platform-77ab</serviceSessionId>
        <execPartnerSessionId>quai7-2026-11-02-3</execPartnerSessionId>
        <requestedServiceId>1</requestedServiceId>
        <EVSEIdType>eMI3</EVSEIdType>
        <EVSEId>FR*LYO*EQUAI7*2</EVSEId>
        <userContractIdAlias></userContractIdAlias>
        <userIdType>RFID-UID</userIdType>
        <userId>04C0FFEE112233</userId>
        <startTime>2026-11-02T06:00:00Z</startTime>
        <endTime>2026-11-02T08:30:30+01:00</endTime>
        <meterReportList>
          <meterReport><meterTypeId>1</meterTypeId><meterValue>90.5</meterValue><meterUnit>min</meterUnit></meterReport>
          <meterReport><meterTypeId>2</meterTypeId><meterValue>12500</meterValue><meterUnit>Wh</meterUnit></meterReport>
        </meterReportList>
      </chargeDetailRecord>
    </auth:eMIP_FromIOP_SetChargeDetailRecordRequest>
  </soap:Body>
</soap:Envelope>
""".encode()

FAULT = f"""<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="{SOAP_12}" xmlns:p="{SCHEMAS}/PlatformV1/">
  <soap:Body>
    <soap:Fault>
      <soap:Code>
        <soap:Value>soap:Sender</soap:Value>
        <soap:Subcode><soap:Value>p:ROLE_ERROR</soap:Value></soap:Subcode>
      </soap:Code>
      <soap:Reason><soap:Text xml:lang="en">A provider states no statuses.</soap:Text></soap:Reason>
      <soap:Detail>
        <p:iopFault>
          <faultCode>ROLE_ERROR</faultCode>
          <exceptionCode>OPERATION_NOT_ALLOWED_FOR_ROLE</exceptionCode>
          <transactionId>lyon-000452</transactionId>
          <message>A provider states no statuses.</message>
        </p:iopFault>
      </soap:Detail>
    </soap:Fault>
  </soap:Body>
</soap:Envelope>
""".encode()


def test_a_cpo_asks():
    assert codec.read_request(MAY_SHE).message == GetServiceAuthorisation(
        transaction_id="lyon-000451",
        partner_id="FR*LYP",
        operator_id="FR*LYO",
        evse_id="FR*LYO*EQUAI7*2",
        user_id_type="RFID-UID",
        user_id="04C0FFEE112233",
        requested_service_id="1",
        partner_service_session_id="quai7-2026-11-02-3",
    )


def test_the_platform_answers():
    assert codec.read_response(ASK, SHE_MAY) == GetServiceAuthorisationResponse(
        transaction_id="lyon-000451",
        request_status=1,
        sale_partner_operator_id_type="eMI3",
        sale_partner_operator_id="FR*MOB",
        authorisation_value=1,
        service_session_id="platform-77ab",
        intermediate_cdr_requested=True,
        meter_limit_list=(MeterReport(meter_type_id=2, meter_value="12500.0", meter_unit="Wh"),),
    )


def test_the_platform_hands_a_cdr_on():
    received = codec.read_request(CDR)
    assert (received.message.partner_id_type, received.message.target_operator_id) == ("Gireve", "FR*MOB")
    assert received.message.charge_detail_record == ChargeDetailRecord(
        cdr_nature=1,
        service_session_id="platform-77ab",
        exec_partner_session_id="quai7-2026-11-02-3",
        requested_service_id="1",
        evse_id="FR*LYO*EQUAI7*2",
        user_id_type="RFID-UID",
        user_id="04C0FFEE112233",
        start_time=datetime(2026, 11, 2, 6, 0, tzinfo=UTC),
        end_time=datetime(2026, 11, 2, 7, 30, 30, tzinfo=UTC),
        meter_report_list=(
            MeterReport(meter_type_id=1, meter_value="90.5", meter_unit="min"),
            MeterReport(meter_type_id=2, meter_value="12500", meter_unit="Wh"),
        ),
    )


def test_somebody_may_not():
    with pytest.raises(SoapFault) as caught:
        codec.read_response(ASK, FAULT)
    fault = caught.value
    assert (fault.code, fault.cause) == ("ROLE_ERROR", "OPERATION_NOT_ALLOWED_FOR_ROLE")
    assert (fault.transaction_id, fault.message) == ("lyon-000452", "A provider states no statuses.")


def test_an_event_whose_name_says_request_twice_is_an_event():
    event = (
        "<serviceSessionId>platform-77ab</serviceSessionId><sessionEvent><sessionEventNature>11</sessionEventNature>"
        "<sessionEventDateTime>2026-11-02T06:00:00Z</sessionEventDateTime></sessionEvent>"
    )
    start, end = (
        MAY_SHE.decode().replace("GetServiceAuthorisation", "SetSessionEventReportRequest").split("<EVSEIdType>")
    )
    data = f"{start}{event}{end[end.index('</auth:') :]}"
    assert codec.read_request(data.encode()).operation.name == "eMIP_ToIOP_SetSessionEventReport"
