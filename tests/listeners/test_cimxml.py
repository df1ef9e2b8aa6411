"""The door from our errors to the wire: refusals, failures, defects, log-ins, log lines."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import etree
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tests.broker.world import Calls, World
from tests.dsp0203 import check
from tests.rawhttp import cim_headers, instance_name, intrinsic, message, namespace_path, parameter
from virtcim.broker.calling import NOBODY
from virtcim.broker.provider import MethodResult
from virtcim.listeners.authentication import Authenticator, Overloaded
from virtcim.listeners.certificates import CertificateRule
from virtcim.listeners.cimxml import CIMXMLApplication
from virtcim.listeners.clients import Client
from virtcim.listeners.gate import Gate
from virtcim.listeners.messages import Broken, Request, Response
from virtcim.listeners.observation import Observation
from virtcim.listeners.principals import Role
from virtcim.listeners.rights import Authoriser, Rule, rule
from virtcim.listeners.users import UsersFile
from virtcim.schema.layouts import Record
from virtcim.wbem.decode import Call, read_call, read_padded_call
from virtcim.wbem.status import NotFound

N = "root/a"
DEVICE = instance_name("T_Device", DeviceID="d1")
GET = intrinsic("GetInstance", parameter("InstanceName", DEVICE), namespace=N)
ENUMERATE = intrinsic(
    "EnumerateInstances", parameter("ClassName", '<CLASSNAME NAME="T_Device"/>'), namespace=N
)
SERVICE = f"<LOCALINSTANCEPATH>{namespace_path(N)}{instance_name('T_Service', Name='s')}"
START = message(f'<METHODCALL NAME="Start">{SERVICE}</LOCALINSTANCEPATH></METHODCALL>')
START_HEADERS = cim_headers("Start", f'{N}:T_Service.Name="s"')

Line = tuple[str, str, str, str, str, float, int]


class Door:
    """The application over a small world, with its operation lines."""

    def __init__(
        self,
        authenticator: Authenticator | None = None,
        read: Callable[[bytes], Call] = read_call,
        *rules: Rule,
        certificates: tuple[CertificateRule, ...] = (),
        call_seconds: float | None = None,
    ) -> None:
        self.world = World()
        self.client = Client("192.0.2.1")
        self.lines: list[Line] = []
        self.registry = CollectorRegistry()
        observation = Observation(self.registry, lambda *line: self.lines.append(line))
        gate = None if authenticator is None else Gate(authenticator, certificates)
        namespaces = self.world.broker.namespaces
        self.application = CIMXMLApplication(
            self.world.broker,
            gate,
            observation,
            read,
            authoriser=None if gate is None else Authoriser(rules, Role.READ, namespaces),
            call_seconds=call_seconds,
        )

    async def answer(
        self, body: bytes, headers: dict[str, str], target: bytes = b"/cimom"
    ) -> Response:
        """Answer a request."""
        client = self.client
        fields = {name.lower().encode(): value.encode() for name, value in headers.items()}
        request = Request(b"POST", target, "1.1", fields, body, client.address, 0.0, client=client)
        answer = self.application(request)
        return answer if isinstance(answer, Response) else await answer

    def ask(
        self, body: bytes = GET, headers: dict[str, str] | None = None, target: bytes = b"/cimom"
    ) -> tuple[Response, bytes]:
        """Return the answer to a request with its body, taken whole as the shell does."""
        given = cim_headers("GetInstance", N) if headers is None else headers
        response = asyncio.run(self.answer(body, given, target))
        try:
            content = b"".join(response.pieces)
        except Broken as broken:
            response = broken.instead
            content = b"".join(response.pieces)
        response.sent(len(content))
        return response, content

    def operations(self) -> list[tuple[str, str, str, str]]:
        """Return user, operation, class and status of each line."""
        return [
            (user, name, cim_class, status) for user, _, name, cim_class, status, _, _ in self.lines
        ]

    def counted(self, metric: str, **labels: str) -> float | None:
        """Return the value of a metric."""
        return self.registry.get_sample_value(metric, labels)


@pytest.fixture
def door() -> Door:
    """A door that is open to all."""
    return Door()


def error(body: bytes) -> tuple[str, str]:
    """Return code and description of the ERROR in a reply, and check the reply."""
    check(body)
    found = etree.fromstring(body).find(".//ERROR")
    assert found is not None
    return found.get("CODE", ""), found.get("DESCRIPTION", "")


def head(response: Response) -> dict[str, str]:
    """Return the headers of a response."""
    lines = response.headers.decode().split("\r\n")
    assert lines.pop() == ""
    return {name: value for name, _, value in (line.partition(": ") for line in lines)}


# Replies


def test_a_reply(door: Door) -> None:
    """A good request has a good reply, its headers, and one line."""
    response, body = door.ask()
    check(body)
    assert b"<VALUE>d1</VALUE>" in body
    assert response.status == 200
    fields = head(response)
    assert fields.pop("WBEMServerResponseTime").isdigit()
    assert fields == {
        "Content-Type": 'application/xml; charset="utf-8"',
        "CIMOperation": "MethodResponse",
    }
    assert door.lines[0][:5] == (NOBODY, "192.0.2.1", "GetInstance", "T_Device", "OK")
    assert door.lines[0][6] == len(body)
    assert len(door.lines) == 1
    assert door.counted("virtcim_operations_total", operation="GetInstance", status="OK") == 1


def test_remembered_requests(door: Door) -> None:
    """The same bytes again have the same reply, with the id of the request."""
    _, first = door.ask()
    again = GET.replace(b'ID="1001"', b'ID="7"')
    _, second = door.ask(again)
    assert second == first.replace(b'ID="1001"', b'ID="7"')
    response, _ = door.ask(again, cim_headers("GetClass", N))
    assert head(response)["CIMError"] == "header-mismatch"


@pytest.mark.parametrize("target", [b"/", b"/cimom", b"/anything"])
def test_any_path_with_the_header(door: Door, target: bytes) -> None:
    """The CIMOperation header makes a request CIM, whatever its path."""
    assert door.ask(target=target)[0].status == 200


def test_paths_without_the_header(door: Door) -> None:
    """Without the header, other paths are not there, and the CIM ones say what is missing."""
    plain = {"Content-Type": "application/xml"}
    assert door.ask(headers=plain, target=b"/x")[0].status == 404
    response, _ = door.ask(headers=plain)
    assert (response.status, response.headers) == (400, b"")
    assert door.lines == []


def test_methods(door: Door) -> None:
    """A method call is answered in its own kind of response."""
    _, body = door.ask(START, START_HEADERS)
    check(body)
    assert b'<METHODRESPONSE NAME="Start"><RETURNVALUE PARAMTYPE="uint32">' in body
    assert door.operations() == [(NOBODY, "Start", "T_Service", "OK")]
    wanted = {"operation": "InvokeMethod", "status": "OK"}
    assert door.counted("virtcim_operations_total", **wanted) == 1


def test_a_dry_run_is_a_header(door: Door) -> None:
    """With it a method that cannot be rehearsed is refused; a word we do not know is no request."""
    for word, code in (("true", "7"), ("TRUE", "7"), ("perhaps", "4")):
        _, body = door.ask(START, START_HEADERS | {"Virtcim-Dry-Run": word})
        assert error(body)[0] == code
    assert door.world.calls.seen == []
    _, body = door.ask(START, START_HEADERS | {"Virtcim-Dry-Run": "false"})
    assert b"<RETURNVALUE" in body


BARE_KEY = DEVICE.replace(' VALUETYPE="string"', "")
CLASS_PATH = f'<LOCALCLASSPATH>{namespace_path(N)}<CLASSNAME NAME="T_Service"/></LOCALCLASSPATH>'


def test_a_service_is_called_by_its_class(door: Door) -> None:
    """The class path of a service with one instance stands for it, on the wire as well."""
    body = message(f'<METHODCALL NAME="Start">{CLASS_PATH}</METHODCALL>')
    _, content = door.ask(body, cim_headers("Start", f"{N}:T_Service"))
    assert b"<RETURNVALUE" in content
    assert [record["Name"] for record, _ in door.world.calls.seen] == ["s"]


def test_keys_without_a_type(door: Door) -> None:
    """A KEYVALUE that does not say what it is is a string."""
    body = intrinsic("GetInstance", parameter("InstanceName", BARE_KEY), namespace=N)
    assert body != GET
    assert b"<VALUE>d1</VALUE>" in door.ask(body)[1]


def test_unset_properties(door: Door) -> None:
    """A property that is NULL stands in the reply, without a value."""
    assert b'<PROPERTY NAME="Caption" TYPE="string"></PROPERTY>' in door.ask()[1]


@pytest.mark.parametrize("padded", [b"\n" + GET, GET + b"\0", b" " + GET + b"bye"])
def test_padded_messages(door: Door, padded: bytes) -> None:
    """Padding is refused, or tolerated each time where that is asked for."""
    response, _ = door.ask(padded)
    assert head(response)["CIMError"] == "request-not-well-formed"
    tolerant = Door(read=read_padded_call)
    for _ in range(2):
        assert tolerant.ask(padded)[1] == tolerant.ask()[1]


# Refusals

REFUSED: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "operation header": (GET, {"CIMOperation": "x"}, 400, "unsupported-operation"),
    "batch": (GET, {"CIMBatch": ""}, 501, "multiple-requests-unsupported"),
    "type": (GET, {"Content-Type": "text/plain"}, 400, "request-not-valid"),
    "body": (b"x", {}, 400, "request-not-well-formed"),
    "version": (GET.replace(b'CIMVERSION="2.0"', b'CIMVERSION="3.0"'), {}, 501,
                "unsupported-cim-version"),
    "method": (GET, {"CIMMethod": "GetClass"}, 400, "header-mismatch"),
    "object": (GET, {"CIMObject": "root/b"}, 400, "header-mismatch"),
    "protocol": (GET, {"CIMProtocolVersion": "2.0"}, 501, "unsupported-protocol-version"),
    "value": (intrinsic("GetInstance", parameter("LocalOnly", "<VALUE>1</VALUE>"), namespace=N), {},
              400, "request-not-valid"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "changes", "status", "token"), REFUSED.values(), ids=REFUSED)
def test_refusals(
    door: Door, body: bytes, changes: dict[str, str], status: int, token: str
) -> None:
    """A refusal has its status, its token, a readable detail, no body, and one line."""
    with capture_logs() as logs:
        response, content = door.ask(body, {**cim_headers("GetInstance", N), **changes})
    fields = head(response)
    assert (response.status, content, fields["CIMError"]) == (status, b"", token)
    detail = unquote(fields["PGErrorDetail"])
    assert detail
    assert fields["PGErrorDetail"].isascii()
    assert " " not in fields["PGErrorDetail"]
    assert logs == [
        {
            "event": "refused",
            "log_level": "info",
            "peer": "192.0.2.1",
            "http_status": status,
            "detail": detail,
        }
    ]
    assert door.lines == []
    assert door.counted("virtcim_refusals_total", http_status=str(status)) == 1


def test_details_cannot_break_headers(door: Door) -> None:
    """What a client sent may be in the detail, but no line break of it in a header."""
    body = intrinsic(
        "GetInstance",
        "<IPARAMVALUE NAME='LocalOnly'><VALUE>a&#13;&#10;X: y</VALUE></IPARAMVALUE>",
        namespace=N,
    )
    response, _ = door.ask(body, cim_headers("GetInstance", N))
    assert [*head(response)] == ["CIMError", "PGErrorDetail"]
    assert "a\r\nX: y" in unquote(head(response)["PGErrorDetail"])


# Failures

FAILED = {
    "unknown operation": (intrinsic("Frobnicate", namespace=N), "Frobnicate", "7", "-"),
    "missing parameter": (intrinsic("GetInstance", namespace=N), "GetInstance", "4", "-"),
    "namespace": (
        intrinsic("GetClass", parameter("ClassName", '<CLASSNAME NAME="X"/>'), namespace="no"),
        "GetClass", "3", "-"),
    "namespace before parameters": (
        intrinsic("GetInstance", namespace="no"), "GetInstance", "3", "-"),
    "no instance": (
        intrinsic("GetInstance", parameter("InstanceName", instance_name("T_Device", DeviceID="x")),
                  namespace=N), "GetInstance", "6", "T_Device"),
    "unserved change": (
        intrinsic("DeleteInstance", parameter("InstanceName", DEVICE), namespace=N),
        "DeleteInstance", "7", "T_Device"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "name", "code", "cim_class"), FAILED.values(), ids=FAILED)
def test_failures(door: Door, body: bytes, name: str, code: str, cim_class: str) -> None:
    """A failure inside CIM is a well-formed reply of HTTP 200 with its code, and one line."""
    with capture_logs() as logs:
        response, content = door.ask(body, cim_headers(name, "no" if code == "3" else N))
    assert response.status == 200
    found, description = error(content)
    assert found == code
    assert description.startswith("CIM_ERR_")
    ((user, operation, asked, status),) = door.operations()
    assert (user, operation, asked) == (NOBODY, name, cim_class)
    assert description.startswith(f"CIM_ERR_{status}: ")
    assert logs == []


def test_failing_methods(door: Door) -> None:
    """What a method raises is answered in a METHODRESPONSE."""

    async def fail(*_: object) -> MethodResult:
        raise NotFound("gone")

    body_of(door, fail)
    _, content = door.ask(START, START_HEADERS)
    assert error(content) == ("6", "CIM_ERR_NOT_FOUND: gone")
    assert b"<METHODRESPONSE " in content


def body_of(door: Door, method: Any) -> None:
    """Give the service another method body."""
    provider = door.world.namespaces.get(N).provider("T_Service")
    assert provider is not None
    provider.methods = {"Start": method}  # type: ignore[misc]


# Defects

SECRET = "a secret\nof the server"


def check_defect(door: Door, logs: list[Any], content: bytes) -> None:
    """Check the answer to a defect: an error without a word of it, one event with everything."""
    assert error(content) == ("1", "CIM_ERR_FAILED: internal error; the server's log has more")
    assert SECRET not in content.decode()
    assert [entry["event"] for entry in logs] == ["unexpected"]
    assert str(logs[0]["exc_info"]) == SECRET
    assert [status for *_, status in door.operations()] == ["FAILED"]


def test_a_defect_of_a_read(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen failure is CIM_ERR_FAILED and one event."""

    def fail(*_: object) -> Record:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("tests.broker.world.Rows.find", fail)
    with capture_logs() as logs:
        _, content = door.ask()
    check_defect(door, logs, content)


def test_a_defect_of_a_method(door: Door) -> None:
    """The same for what runs later."""

    async def fail(*_: object) -> MethodResult:
        raise RuntimeError(SECRET)

    body_of(door, fail)
    with capture_logs() as logs:
        _, content = door.ask(START, START_HEADERS)
    check_defect(door, logs, content)


def test_a_method_with_an_undeclared_output(door: Door) -> None:
    """A provider's wrong output is a defect, too."""
    door.world.calls.result = MethodResult(0, {"Strange": 1})
    with capture_logs() as logs:
        _, content = door.ask(START, START_HEADERS)
    assert error(content)[0] == "1"
    assert [entry["event"] for entry in logs] == ["unexpected"]


@pytest.mark.parametrize("body", [GET, ENUMERATE])
def test_a_defect_while_writing(door: Door, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    """A reply that cannot be written to its end is replaced as a whole."""

    def fail(*_: object) -> bytes:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Record, "instance_xml", fail)
    name = "GetInstance" if body is GET else "EnumerateInstances"
    with capture_logs() as logs:
        _, content = door.ask(body, cim_headers(name, N))
    check_defect(door, logs, content)


def test_a_defect_of_the_decoder(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that breaks the server itself is answered by 500 and logged."""

    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("virtcim.listeners.cimxml.check_call_headers", fail)
    with capture_logs() as logs:
        response, content = door.ask()
    assert (response.status, response.headers, content) == (500, b"", b"")
    assert [entry["event"] for entry in logs] == ["unexpected"]


# Who may ask


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Door]:
    """A door that lets only anna in."""
    users = UsersFile(tmp_path / "users")
    users.add("anna", "secret", role=Role.ADMIN)
    authenticator = Authenticator(users, realm="here", failure_seconds=0)
    authenticator.load()
    certificate = CertificateRule("common_name", "ben", "ben")
    closed = rule("rules[0]", users=["ben"], classes=["T_Device"], deny=["read"])
    yield Door(authenticator, read_call, closed, certificates=(certificate,))
    authenticator.close()


ANNA = "Basic YW5uYTpzZWNyZXQ="
WRONG = "Basic YW5uYTp3cm9uZw=="


def test_challenge(guarded: Door) -> None:
    """Without credentials, or with wrong ones, a request is challenged and nothing else is said."""
    for headers in ({}, {"Authorization": WRONG}, {"Authorization": "Bearer x"}):
        for good in (cim_headers("GetInstance", N), {"Content-Type": "text/plain"}):
            response, content = guarded.ask(headers={**good, **headers})
            assert (response.status, content) == (401, b"")
            assert [*head(response)] == ["WWW-Authenticate"]
            assert head(response)["WWW-Authenticate"].startswith('Basic realm="here"')
    assert guarded.lines == []
    assert guarded.counted("virtcim_refusals_total", http_status="401") == 6


def test_credentials(guarded: Door) -> None:
    """The right ones let in, at first after a while, then at once; the line names the user."""
    headers = {**cim_headers("GetInstance", N), "Authorization": ANNA}
    for _ in range(2):
        check(guarded.ask(headers=headers)[1])
    _, content = guarded.ask(START, {**START_HEADERS, "Authorization": ANNA})
    check(content)
    assert {user for user, *_ in guarded.operations()} == {"anna"}


def test_a_change_by_a_stranger_who_is_let_in(guarded: Door) -> None:
    """A method call that begins with a log-in is run, too."""
    _, content = guarded.ask(START, {**START_HEADERS, "Authorization": ANNA})
    check(content)
    assert len(guarded.world.calls.seen) == 1


FAULTS: tuple[tuple[Exception, int, list[str]], ...] = (
    (Overloaded(), 503, []),
    (RuntimeError(SECRET), 500, ["unexpected"]),
)


@pytest.mark.parametrize(("fault", "status", "events"), FAULTS)
def test_log_ins_that_cannot_be_checked(
    guarded: Door, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int, events: list[str]
) -> None:
    """Too many at once may come back; a defect is answered and logged."""

    async def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(Authenticator, "verify", fail)
    with capture_logs() as logs:
        response, content = guarded.ask(headers={"Authorization": ANNA})
    assert (response.status, content) == (status, b"")
    assert (b"Retry-After" in response.headers) is (status == 503)
    assert [entry["event"] for entry in logs if entry["event"] != "refused"] == events


# Rights

ENUMERATE_ALL = intrinsic(
    "EnumerateInstances", parameter("ClassName", '<CLASSNAME NAME="T_Thing"/>'), namespace=N
)
NAMES_ALL = intrinsic(
    "EnumerateInstanceNames", parameter("ClassName", '<CLASSNAME NAME="T_Thing"/>'), namespace=N
)


@pytest.fixture
def bens(guarded: Door) -> Door:
    """A door to which ben has come, who may read all but devices."""
    guarded.client = Client("192.0.2.1", {"subject": ((("commonName", "ben"),),)})
    return guarded


def test_who_may_not_is_told_so_inside_cim(bens: Door) -> None:
    """A well-formed reply with CIM_ERR_ACCESS_DENIED, also to bytes that somebody else may send."""
    headers = {**cim_headers("GetInstance", N), "Authorization": ANNA}
    for _ in range(2):
        check(bens.ask(headers=headers)[1])
    for _ in range(2):
        response, content = bens.ask()
        code, description = error(content)
        assert (response.status, code) == (200, "2")
        assert description.startswith("CIM_ERR_ACCESS_DENIED: ben may not do GetInstance of T_Dev")
    assert (
        bens.counted("virtcim_operations_total", operation="GetInstance", status="ACCESS_DENIED")
        == 2
    )


def test_a_change_that_is_denied_is_not_done(bens: Door) -> None:
    """Nobody calls the method."""
    _, content = bens.ask(START, START_HEADERS)
    assert error(content)[0] == "2"
    assert bens.world.calls.seen == []


@pytest.mark.parametrize("body", [ENUMERATE_ALL, NAMES_ALL], ids=["instances", "names"])
def test_closed_classes_are_left_out_of_their_superclass(bens: Door, body: bytes) -> None:
    """Anna sees devices among things, ben does not, and both see the others."""
    name = "EnumerateInstances" if body is ENUMERATE_ALL else "EnumerateInstanceNames"
    headers = cim_headers(name, N)
    _, anna = bens.ask(body, {**headers, "Authorization": ANNA})
    for _ in range(2):
        _, ben = bens.ask(body, headers)
        check(ben)
        assert (b"T_Device" in anna, b"T_Device" in ben) == (True, False)
        assert b"T_System" in ben


def test_refusals_do_not_tell_what_there_is(bens: Door) -> None:
    """A right that is missing is said before a namespace or a parameter that is."""
    for body, name, namespace in (
        (intrinsic("DeleteInstance", namespace="root/none"), "DeleteInstance", "root/none"),
        (intrinsic("DeleteInstance", namespace=N), "DeleteInstance", N),
    ):
        assert error(bens.ask(body, cim_headers(name, namespace))[1])[0] == "2"
    unknown = intrinsic("GetInstance", namespace="root/none")
    assert error(bens.ask(unknown, cim_headers("GetInstance", "root/none"))[1])[0] == "3"


def test_a_certificate_of_nobody(guarded: Door) -> None:
    """403 with the subject, where a password would be asked for in vain."""
    guarded.client = Client("192.0.2.1", {"subject": ((("commonName", "eve"),),)})
    response, content = guarded.ask()
    assert (response.status, content) == (403, b"")
    said = unquote(head(response)["PGErrorDetail"])
    assert said == "the certificate CN=eve stands for no user"


def test_a_change_that_takes_too_long_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its client is told so with the code for limits, and it is done all the same."""
    door = Door(call_seconds=0.01)
    gate = asyncio.Event()
    ended = asyncio.Event()

    async def slow(*_: object) -> MethodResult:
        await gate.wait()
        ended.set()
        return MethodResult(0)

    monkeypatch.setattr(Calls, "__call__", slow)

    async def run() -> Response:
        response = await door.answer(START, START_HEADERS)
        gate.set()
        await ended.wait()
        return response

    response = asyncio.run(run())
    code, description = error(b"".join(response.pieces))
    assert code == "27"
    assert "it takes longer than 0.01 s, and goes on" in description


def test_a_change_that_outlives_the_server_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its client hears that the server stops, and that nobody knows how the change ends."""
    door, gate = Door(), asyncio.Event()

    async def slow(*_: object) -> MethodResult:
        gate.set()
        await asyncio.Event().wait()
        return MethodResult(0)

    monkeypatch.setattr(Calls, "__call__", slow)

    async def run() -> Response:
        asking = asyncio.create_task(door.answer(START, START_HEADERS))
        await gate.wait()
        door.application.end()
        return await asking

    code, description = error(b"".join(asyncio.run(run()).pieces))
    assert code == "28"
    assert "look when it is back" in description
