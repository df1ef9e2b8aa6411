"""Indications that other servers deliver: headers, envelope, who may, what becomes of them."""

import base64
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import etree
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tests.dsp0203 import check
from tests.listeners.test_cimxml import Door, error, head
from tests.rawhttp import EXPORT_HEADERS, exported, indication, intrinsic
from virtcim.broker.calling import CALLER
from virtcim.listeners.authentication import Authenticator
from virtcim.listeners.principals import Role
from virtcim.listeners.received import ReceivedIndications
from virtcim.listeners.rights import rule, strange_words
from virtcim.listeners.users import UsersFile
from virtcim.wbem.decode import read_call
from virtcim.wbem.objects import Instance
from virtcim.wbem.status import Failed

GOOD = exported(indication(IndicationIdentifier="x:1", Description="a"))


class Sink:
    """Keeps what it is given; can be full."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Instance]] = []
        self.full = False

    async def receive(self, indication: Instance) -> None:
        """Take it, or say that there is no room."""
        if self.full:
            raise Failed("the queue is full")
        self.got.append((CALLER.get().user, indication))


def with_sink(door: Door) -> Sink:
    """Give the door's broker a sink."""
    sink = door.world.broker._sink = Sink()
    return sink


@pytest.fixture
def door() -> Door:
    """A door that is open to all."""
    return Door()


def test_an_indication_is_taken(door: Door) -> None:
    """It reaches the sink, and its sender is told so in the form of exports."""
    sink = with_sink(door)
    response, body = door.ask(GOOD, EXPORT_HEADERS, b"/any/path")
    check(body)
    assert b'<EXPMETHODRESPONSE NAME="ExportIndication"></EXPMETHODRESPONSE>' in body
    fields = head(response)
    assert (response.status, fields["CIMExport"]) == (200, "MethodResponse")
    assert "CIMOperation" not in fields
    ((user, got),) = sink.got
    assert (user, got.class_name) == ("-", "CIM_AlertIndication")
    assert got.by_name["description"].value == "a"
    assert door.operations() == [("-", "ExportIndication", "CIM_AlertIndication", "OK")]
    wanted = {"operation": "ExportIndication", "status": "OK"}
    assert door.counted("virtcim_operations_total", **wanted) == 1


NO_INSTANCE = '<EXPPARAMVALUE NAME="NewIndication"/>'

# (body, changed headers; HTTP status, CIMError) of table 1.1 rows 15 to 20 and 1.14, for exports
REFUSED: dict[str, tuple[bytes, dict[str, str | None], int, str | None]] = {
    "empty export": (GOOD, {"CIMExport": ""}, 400, "unsupported-operation"),
    "other export": (GOOD, {"CIMExport": "MethodCall"}, 400, "unsupported-operation"),
    "operation too": (GOOD, {"CIMOperation": "MethodCall"}, 400, "header-mismatch"),
    "batch": (GOOD, {"CIMExportBatch": ""}, 501, "multiple-requests-unsupported"),
    "many without a batch": (
        GOOD.replace(b"SIMPLEEXPREQ", b"MULTIEXPREQ"), {}, 400, "header-mismatch"),
    "protocol": (GOOD, {"CIMProtocolVersion": "2.0"}, 501, "unsupported-protocol-version"),
    "protocol differs": (GOOD, {"CIMProtocolVersion": "1.1"}, 400, "header-mismatch"),
    "protocol of the message": (
        GOOD.replace(b'PROTOCOLVERSION="1.0"', b'PROTOCOLVERSION="2.0"'), {},
        501, "unsupported-protocol-version"),
    "cim version": (GOOD.replace(b'CIMVERSION="2.0"', b'CIMVERSION="3.0"'), {}, 501,
                    "unsupported-cim-version"),
    "dtd version": (GOOD.replace(b'DTDVERSION="2.0"', b'DTDVERSION="1.0"'), {}, 501,
                    "unsupported-dtd-version"),
    "no method": (GOOD, {"CIMExportMethod": None}, 400, "header-mismatch"),
    "empty method": (GOOD, {"CIMExportMethod": ""}, 400, "header-mismatch"),
    "undecodable method": (GOOD, {"CIMExportMethod": "%FF"}, 400, "header-mismatch"),
    "other method": (GOOD, {"CIMExportMethod": "Deliver"}, 400, "header-mismatch"),
    "type": (GOOD, {"Content-Type": "text/plain"}, 400, "request-not-valid"),
    "charset": (GOOD, {"Content-Type": "text/xml; charset=x"}, 400, "request-not-valid"),
    "accept": (GOOD, {"Accept": "text/html"}, 406, None),
    "no xml": (b"x", {}, 400, "request-not-well-formed"),
    "an operation": (intrinsic("GetInstance"), {}, 400, "request-not-valid"),
    "no call": (GOOD.replace(b"EXPMETHODCALL", b"METHODCALL"), {}, 400, "request-not-valid"),
    "two calls": (GOOD.replace(b"</SIMPLEEXPREQ>", b'<EXPMETHODCALL NAME="A"/></SIMPLEEXPREQ>'),
                  {}, 400, "request-not-valid"),
    "other element": (GOOD.replace(b"EXPPARAMVALUE", b"PARAMVALUE"), {}, 400, "request-not-valid"),
    "no name": (GOOD.replace(b' NAME="NewIndication"', b""), {}, 400, "request-not-valid"),
    "no instance": (GOOD.replace(b"INSTANCE", b"CLASS"), {}, 400, "request-not-valid"),
    "deep": (exported("<A>" * 100 + "</A>" * 100), {}, 400, "request-not-valid"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "changes", "status", "token"), REFUSED.values(), ids=REFUSED)
def test_refusals(
    door: Door, body: bytes, changes: dict[str, str | None], status: int, token: str | None
) -> None:
    """Each wrong header or envelope has its status and token, and reaches no sink."""
    sink = with_sink(door)
    fields = {n: v for n, v in {**EXPORT_HEADERS, **changes}.items() if v is not None}
    response, content = door.ask(body, fields)
    assert (response.status, content) == (status, b"")
    assert head(response).get("CIMError") == token
    assert token is None or unquote(head(response)["PGErrorDetail"])
    assert sink.got == []


# (body, method; CIM status)
FAILED: dict[str, tuple[bytes, str, str]] = {
    "unknown method": (exported(indication(), name="Deliver"), "Deliver", "7"),
    "unknown parameter": (
        exported(indication() + '<EXPPARAMVALUE NAME="X"/>'), "ExportIndication", "7"),
    "no parameter": (exported(""), "ExportIndication", "4"),
    "no value": (exported(NO_INSTANCE), "ExportIndication", "4"),
    "twice": (exported(indication() * 2), "ExportIndication", "4"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "method", "code"), FAILED.values(), ids=FAILED)
def test_failures(door: Door, body: bytes, method: str, code: str) -> None:
    """What is wrong with the call is an ERROR in a reply of HTTP 200."""
    sink = with_sink(door)
    response, content = door.ask(body, {**EXPORT_HEADERS, "CIMExportMethod": method})
    assert (response.status, head(response)["CIMExport"]) == (200, "MethodResponse")
    assert error(content)[0] == code
    found = etree.fromstring(content).find(".//EXPMETHODRESPONSE")
    assert found is not None
    assert found.get("NAME") == method
    assert sink.got == []


def test_a_full_sink(door: Door) -> None:
    """Its sender is told to try again, by CIM_ERR_FAILED as listeners do."""
    with_sink(door).full = True
    assert error(door.ask(GOOD, EXPORT_HEADERS)[1]) == ("1", "CIM_ERR_FAILED: the queue is full")


def test_without_a_sink(door: Door) -> None:
    """A broker that has nowhere to put indications does not take them."""
    assert error(door.ask(GOOD, EXPORT_HEADERS)[1])[0] == "7"


def test_there_is_no_rehearsal(door: Door) -> None:
    """A dry run is refused, and nothing is taken."""
    sink = with_sink(door)
    assert error(door.ask(GOOD, {**EXPORT_HEADERS, "Virtcim-Dry-Run": "true"})[1])[0] == "7"
    assert sink.got == []


def test_names_in_any_case(door: Door) -> None:
    """Names of the method and its parameter compare without case; the reply has the sender's."""
    sink = with_sink(door)
    body = GOOD.replace(b'"ExportIndication"', b'"exportindication"')
    body = body.replace(b'"NewIndication"', b'"newindication"')
    fields = {**EXPORT_HEADERS, "CIMExport": "methodrequest"}
    _, content = door.ask(body, fields)
    assert b'<EXPMETHODRESPONSE NAME="exportindication">' in content
    assert len(sink.got) == 1


def test_neither_an_operation_nor_the_other_way_round(door: Door) -> None:
    """ExportIndication is no IMETHODCALL."""
    body = intrinsic("ExportIndication", namespace="root/a")
    fields = {"Content-Type": "text/xml", "CIMOperation": "MethodCall"}
    fields |= {"CIMMethod": "ExportIndication", "CIMObject": "root/a"}
    assert error(door.ask(body, fields)[1])[0] == "7"


def user(name: str) -> dict[str, str]:
    """Return the headers of a user."""
    secret = base64.b64encode(f"{name}:secret".encode()).decode()
    return {**EXPORT_HEADERS, "Authorization": f"Basic {secret}"}


def test_who_may_deliver(tmp_path: Path) -> None:
    """Administrators, and those to whom a rule gives it, for the classes that it names."""
    users = UsersFile(tmp_path / "users")
    for name, role in (("anna", Role.ADMIN), ("ben", Role.OPERATE), ("carl", Role.READ)):
        users.add(name, "secret", role=role)
    passwords = Authenticator(users, realm="x", failure_seconds=0)
    passwords.load()
    allowed = rule(
        "rules[0]", users=("carl",), classes=("CIM_Alert*",), allow=("ExportIndication",)
    )
    door = Door(passwords, read_call, allowed)
    sink = with_sink(door)
    other = exported(indication("CIM_InstCreation"))
    nonsense = exported("", name="Deliver")
    for name, body, code in (
        ("anna", GOOD, None),
        ("ben", GOOD, "2"),
        ("ben", nonsense, "2"),  # before what is wrong with it
        ("carl", GOOD, None),
        ("carl", other, "2"),
    ):
        fields = user(name)
        if body is nonsense:
            fields["CIMExportMethod"] = "Deliver"
        _, content = door.ask(body, fields)
        assert (error(content)[0] if b"<ERROR" in content else None) == code, name
    assert [name for name, _ in sink.got] == ["anna", "carl"]
    passwords.close()


def test_rules_may_name_it() -> None:
    """The word is known to rules."""
    assert strange_words(rule("r", allow=("ExportIndication", "write", "Nothing")), ()) == [
        "nothing"
    ]


def test_counted_and_logged(door: Door) -> None:
    """One event and one more in the count; what a sender wrote at length is cut."""
    registry = CollectorRegistry()
    door.world.broker._sink = ReceivedIndications(registry)
    with capture_logs() as logs:
        door.ask(GOOD, EXPORT_HEADERS)
        door.ask(exported(indication("C" * 250)), EXPORT_HEADERS)
    told = [one for one in logs if one["event"] == "indication_received"]
    assert [one["identifier"] for one in told] == ["x:1", "-"]
    assert [len(one["cim_class"]) for one in told] == [len("CIM_AlertIndication"), 200]
    assert registry.get_sample_value("virtcim_indications_received_total") == 2
