"""How the server ends: what is under way is finished, what is new is refused, and it says so."""

import signal
import socket
import ssl
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import libvirt
import pytest

from tests.clients.callers import connect, get_message, path, request_state_message
from tests.clients.expected import SYSTEM
from tests.commands.running import virtcim
from tests.lab import Lab, eventually
from tests.rawhttp import SECONDS, Answer, Client
from tests.serving import EIGHT_STATES, RunningServer, let_in, serving, started

ENABLED, QUIESCE = 2, 9
RETURNED_0 = b'<RETURNVALUE PARAMTYPE="uint32"><VALUE>0</VALUE></RETURNVALUE>'


class Call(Thread):
    """A RequestStateChange that takes as long as its guest's process is stopped."""

    def __init__(self, client: Client, name: str, state: int) -> None:
        super().__init__(daemon=True)
        self._answers: list[Answer] = []
        self._client = client
        self._message = request_state_message(name, state)

    def run(self) -> None:
        """Send it and wait."""
        self._answers.append(self._client.ask(self._message))

    def answered(self) -> bool:
        """Whether the answer has come."""
        return bool(self._answers)

    def answer(self) -> Answer:
        """Wait for the answer."""
        self.join(SECONDS)
        assert self._answers, "the call hangs or failed"
        return self._answers[0]


@pytest.fixture
def guest(lab: Lab) -> Iterator[Any]:
    """A running guest."""
    hypervisor = lab.connect()
    domain = hypervisor.defineXML(lab.guest_xml("slow"))
    domain.create()
    eventually(lambda: "READY" in lab.serial_text("slow"))
    yield domain
    with suppress(libvirt.libvirtError):  # it may be off
        domain.destroy()
    domain.undefine()
    hypervisor.close()


@contextmanager
def frozen(lab: Lab, name: str) -> Iterator[None]:
    """Stop the process of a guest, so that what is asked of it takes time."""
    lab.signal_guest(name, signal.SIGSTOP)
    try:
        yield
    finally:
        lab.signal_guest(name, signal.SIGCONT)


def busy(domain: Any) -> bool:
    """Whether libvirt waits for the guest's process."""
    return bool(domain.controlInfo()[0] == libvirt.VIR_DOMAIN_CONTROL_OCCUPIED)


def refuses_connections(server: RunningServer) -> bool:
    """Whether nobody listens any more."""
    try:
        socket.create_connection((server.host, server.port), timeout=SECONDS).close()
    except ConnectionRefusedError:
        return True
    return False


@contextmanager
def half_sent(server: RunningServer, message: bytes) -> Iterator[Client]:
    """A connection on which the server has taken a head and waits for the body."""
    with Client(server.host, server.port) as client:
        top, _ = message.split(b"\r\n\r\n", 1)
        client.send(top + b"\r\nExpect: 100-continue\r\n\r\n")
        interim = client.next()
        assert interim is not None
        assert interim.status == 100
        yield client


def refused_for_now(answer: Answer) -> None:
    """Check that a client is told to come again."""
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-length"] == "0"
    assert answer.headers["connection"] == "close"


def test_what_is_under_way_is_finished(lab: Lab, guest: Any, tmp_path: Path) -> None:
    """A slow call ends with its reply and is remembered; new requests and clients are refused."""
    let_in(tmp_path)
    get = get_message("slow")
    with (
        started(lab.uri(), tmp_path) as server,
        Client(server.host, server.port) as caller,
        Client(server.host, server.port) as idle,
        half_sent(server, get) as late,
    ):
        assert idle.ask(get).status == 200
        with frozen(lab, "slow"):
            call = Call(caller, "slow", QUIESCE)
            call.start()
            eventually(lambda: busy(guest))
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: refuses_connections(server))
            assert idle.ended()
            late.send(get.split(b"\r\n\r\n", 1)[1])
            refused_for_now(late.answer())
            assert late.ended()
            caller.send(get)  # behind the call, on its own connection
            assert not call.answered()
            assert server.process.poll() is None
        answer = call.answer()
        assert answer.status == 200
        assert RETURNED_0 in answer.body
        for answer in caller.answers():
            refused_for_now(answer)
        server.ended()
    assert guest.state()[0] == libvirt.VIR_DOMAIN_PAUSED
    with serving(lab.uri(), tmp_path) as server:
        client = connect(server)
        instance = client.GetInstance(path("slow"))
        assert (instance["RequestedState"], instance["EnabledState"]) == (QUIESCE, 9)
        client.close()


def test_a_client_that_has_gone_holds_up_nothing(lab: Lab, guest: Any, tmp_path: Path) -> None:
    """A call whose client went away does not keep the server from ending."""
    let_in(tmp_path)
    with started(lab.uri(), tmp_path) as server, frozen(lab, "slow"):
        caller = socket.create_connection((server.host, server.port))
        caller.sendall(request_state_message("slow", QUIESCE))
        eventually(lambda: busy(guest))
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.close()  # with a reset, as of a client that was killed
        server.stop()


def test_a_frozen_hypervisor_holds_up_nothing(frail_lab: Lab, tmp_path: Path) -> None:
    """A call that the hypervisor never answers ends with an error, and then the server ends."""
    frail_lab.connect().defineXML(frail_lab.guest_xml("slow"))
    let_in(tmp_path)
    with (
        started(frail_lab.uri(), tmp_path, driver_open_seconds="3") as server,
        Client(server.host, server.port) as caller,
    ):
        assert caller.ask(get_message("slow")).status == 200
        frail_lab.signal_daemon(signal.SIGSTOP)
        caller.send(request_state_message("slow", ENABLED))
        server.process.send_signal(signal.SIGTERM)
        answer = caller.answer()
        assert answer.status == 200
        assert b'<ERROR CODE="1"' in answer.body
        server.ended()


def test_a_lost_hypervisor_is_not_waited_for(frail_lab: Lab, tmp_path: Path) -> None:
    """Threads that hang in a hypervisor that is lost are left behind."""
    frail_lab.connect().defineXML(frail_lab.guest_xml("slow"))
    let_in(tmp_path)
    with started(frail_lab.uri(), tmp_path) as server:
        client = connect(server)
        frail_lab.signal_daemon(signal.SIGSTOP)
        eventually(lambda: client.GetInstance(path("slow"))["CommunicationStatus"] == 3)
        client.close()
        server.process.send_signal(signal.SIGTERM)
        # An attempt to connect would be given 20 seconds; nobody needs it any more.
        assert server.process.wait(10) == 0


def test_idle_clients_hold_up_nothing(tmp_path: Path) -> None:
    """Clients over TLS that keep their connection, as pywbem does, are not waited for."""
    certificate = tmp_path / "server.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-keyout", certificate, "-out", tmp_path / "part.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    certificate.write_bytes(certificate.read_bytes() + (tmp_path / "part.pem").read_bytes())
    let_in(tmp_path)
    context = ssl.create_default_context(cafile=str(tmp_path / "part.pem"))
    context.check_hostname = False
    at, tls = "https://127.0.0.1:0", {"tls_certificate": str(certificate)}
    with (
        started(EIGHT_STATES, tmp_path, listen=at, **tls) as server,
        socket.create_connection((server.host, server.port), timeout=SECONDS) as plain,
        context.wrap_socket(plain) as channel,
    ):
        channel.sendall(get_message("running", SYSTEM))
        assert channel.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
        server.process.send_signal(signal.SIGTERM)
        # Calls would be given 20 seconds to finish; there is none.
        assert server.process.wait(10) == 0


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_manager_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, *, abstract: bool
) -> None:
    """READY comes when clients are answered, STOPPING when the end begins."""
    name = f"@{tmp_path}" if abstract else f"{tmp_path}/notify"
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        manager.settimeout(SECONDS)
        with started(EIGHT_STATES, tmp_path) as server:
            assert manager.recv(100) == b"READY=1"
            with Client(server.host, server.port) as client:
                assert client.ask(get_message("running", SYSTEM, {})).status == 200
            server.process.send_signal(number)
            assert manager.recv(100) == b"STOPPING=1"
            server.ended()


def test_the_service_manager_is_told_before_the_calls_end(
    lab: Lab, guest: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STOPPING does not wait for what is under way, whose time systemd then counts."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    let_in(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(SECONDS)
        with (
            started(lab.uri(), tmp_path) as server,
            Client(server.host, server.port) as caller,
        ):
            assert manager.recv(100) == b"READY=1"
            with frozen(lab, "slow"):
                call = Call(caller, "slow", QUIESCE)
                call.start()
                eventually(lambda: busy(guest))
                server.process.send_signal(signal.SIGTERM)
                assert manager.recv(100) == b"STOPPING=1"
                assert not call.answered()
            assert RETURNED_0 in call.answer().body
            server.ended()


def test_a_port_in_use(tmp_path: Path) -> None:
    """A second server at the same place says what is wrong, and 1; the first is unmoved."""
    with serving(EIGHT_STATES, tmp_path) as server:
        at = f"127.0.0.1:{server.port}"
        for option in ("--listen", "--web"):
            places = ("--listen", "127.0.0.1:0", option, at)
            state = ("--state-dir", tmp_path / "other")
            ended = virtcim("serve", f"test://{EIGHT_STATES}", *places, *state)
            assert ended.code == 1
            assert ended.out == ""
            said = f"virtcim: cannot listen on http://{at}: Address already in use\n"
            assert ended.err.endswith(said)
            assert "Traceback" not in ended.err
        with Client(server.host, server.port) as client:
            assert client.ask(get_message("running", SYSTEM, {})).status == 200
