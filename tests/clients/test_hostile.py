"""Clients that mean harm get their documented refusal, and another client is served meanwhile."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from benchmarks.attacks import ATTACKS, SMUGGLED, Attack, cim
from tests.clients.test_http import GET, changed
from tests.lab import eventually
from tests.rawhttp import Client
from tests.serving import EIGHT_STATES, RunningServer, serving

CONNECTIONS = 2000
ANSWERS = 3
"""So many the other client must get while the harm lasts."""

HALF = changed()[:-20]


@dataclass
class Bystander:
    """A client that asks one good request after the other, and has seen every answer."""

    server: RunningServer
    served: int = 0
    wrong: list[object] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask until it is ended."""
        try:
            with Client(self.server.host, self.server.port) as client:
                while not self.ended.is_set():
                    answer = client.ask(changed())
                    if answer.status != 200 or b"<VALUE>running</VALUE>" not in answer.body:
                        self.wrong.append(answer)
                    self.served += 1
        except (OSError, AssertionError) as error:
            self.wrong.append(error)

    def goes_on(self) -> None:
        """Wait until it has been answered again some times, whatever else is going on."""
        before = self.served
        eventually(lambda: self.served >= before + ANSWERS or bool(self.wrong))
        assert not self.wrong


@contextmanager
def bystander(server: RunningServer) -> Iterator[Bystander]:
    """Let another client be served for a while."""
    one = Bystander(server)
    thread = threading.Thread(target=one.run)
    thread.start()
    try:
        yield one
    finally:
        one.ended.set()
        thread.join()
    assert not one.wrong


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that takes many connections and has little patience."""
    limits = {
        "limits_connections": "3000",
        "limits_client_connections": "2900",
        "limits_head_seconds": "2",
        "limits_body_seconds": "4",
        "limits_keep_alive_seconds": "600",
    }
    with serving(EIGHT_STATES, tmp_path_factory.mktemp("hostile"), **limits) as running:
        yield running


def judge(server: RunningServer, attack: Attack) -> None:
    """Check the one answer to a request, and that nothing else in it is answered."""
    with Client(server.host, server.port) as client:
        sender = threading.Thread(target=client.send, args=(attack.request,))
        sender.start()  # who is refused early need not take the rest
        answer = client.answer()
        assert (answer.status, answer.headers.get("cimerror")) == (attack.status, attack.token)
        assert answer.body == b""
        sender.join()
        client.finish()
        assert client.ended()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_attacks(server: RunningServer, attack: Attack) -> None:
    """Each has its status and token, and nobody else is kept from being served."""
    with bystander(server) as other:
        judge(server, attack)
        other.goes_on()


@pytest.mark.parametrize("attack", SMUGGLED.values(), ids=SMUGGLED)
def test_smuggling(server: RunningServer, attack: Attack) -> None:
    """What has two readings is refused, with all that follows."""
    judge(server, attack)


def test_slow_requests(server: RunningServer) -> None:
    """Clients that send a byte now and then are sent away when their time is over."""
    with bystander(server) as other, ExitStack() as stack:
        slow = [stack.enter_context(Client(server.host, server.port)) for _ in range(200)]
        for number, client in enumerate(slow):
            client.send(changed()[:60] if number % 2 else HALF)
        other.goes_on()
        for client in slow:
            client.send(b"X")
        other.goes_on()
        for client in slow:
            assert client.answer().status == 408
            assert client.ended()


def test_half_closed_connections(server: RunningServer) -> None:
    """Who closes one side with half a request is let go; who has asked is answered."""
    with bystander(server) as other, ExitStack() as stack:
        halves = [stack.enter_context(Client(server.host, server.port)) for _ in range(200)]
        for number, client in enumerate(halves):
            client.send(changed() if number % 2 else HALF)
            client.finish()
        other.goes_on()
        for number, client in enumerate(halves):
            if number % 2:
                assert client.answer().status == 200
            assert client.ended()


def test_idle_connections(server: RunningServer) -> None:
    """Two thousand clients that have asked once, and are silent, are in nobody's way."""
    with bystander(server) as other, ExitStack() as stack:
        idle = []
        for _ in range(CONNECTIONS):
            idle.append(stack.enter_context(Client(server.host, server.port)))
            assert idle[-1].ask(changed()).status == 200
        other.goes_on()
        for client in idle[::100]:
            assert client.ask(changed()).status == 200


def test_one_client_has_not_all_connections(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One more than a client may have is told to come again, the others stay."""
    directory = tmp_path_factory.mktemp("connections")
    with serving(EIGHT_STATES, directory, limits_client_connections="50") as few, ExitStack() as s:
        held = [s.enter_context(Client(few.host, few.port)) for _ in range(50)]
        for client in held:
            assert client.ask(changed()).status == 200
        for _ in range(5):
            with Client(few.host, few.port) as more:
                answer = more.answer()
                assert (answer.status, answer.headers["retry-after"]) == (503, "5")
                assert more.ended()
        assert held[0].ask(changed()).status == 200


def test_connections_that_are_never_used(server: RunningServer) -> None:
    """Who connects and says nothing is let go like one who sends slowly."""
    with bystander(server) as other, ExitStack() as stack:
        silent = [stack.enter_context(Client(server.host, server.port)) for _ in range(300)]
        other.goes_on()
        assert all(client.ended() for client in silent)


def test_resets_in_every_state(server: RunningServer) -> None:
    """A thousand connections that end by a reset leave nothing behind."""
    linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    requests = (b"", HALF, changed(), cim(GET), b"\x00" * 10)
    with bystander(server) as other:
        for number in range(1000):
            client = Client(server.host, server.port)
            client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.send(requests[number % len(requests)])
            client.close()
        other.goes_on()
