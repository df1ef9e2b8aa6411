"""A libvirtd that dies, freezes and returns under the running server: clients read on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import libvirt
import pytest
import pywbem

from tests.clients.callers import connect, get_message, list_message, path, request_state
from tests.lab import Lab, eventually
from tests.rawhttp import Client
from tests.serving import RunningServer, let_in, serving

ENABLED, DISABLED, QUIESCE = 2, 3, 9
OK, LOST, NEVER = 2, 3, 4
PATIENT = 60
"""Seconds for what happens soon; only what never happens takes as long."""

PAUSE = 0.005
"""Seconds between two requests of a reader: the readers are witnesses, no load."""


class Reader(Thread):
    """A client that asks the same again and again and keeps what goes wrong."""

    def __init__(self, server: RunningServer, message: bytes, mark: bytes) -> None:
        super().__init__(daemon=True)
        self.answers = 0
        self.failure: Exception | AssertionError | None = None
        self._server, self._message, self._mark = server, message, mark
        self._enough = Event()

    def run(self) -> None:
        """Read, on a new connection every now and then, until it is enough or a reply is wrong."""
        try:
            while not self._enough.is_set():
                with Client(self._server.host, self._server.port) as client:
                    self._ask(client)
        except (OSError, AssertionError, ValueError) as error:
            self.failure = error

    def end(self) -> None:
        """Read no more; fail if ever a reply did not come or was not right."""
        self._enough.set()
        self.join(PATIENT)
        assert not self.is_alive(), "a reader hangs"
        if self.failure is not None:
            raise self.failure

    def _ask(self, client: Client) -> None:
        for _ in range(50):
            answer = client.ask(self._message)
            assert answer.status == 200
            assert self._mark in answer.body
            self.answers += 1
            if self._enough.wait(PAUSE):
                return


class Stage:
    """A server over a lab that is to suffer, with readers of it and guests on it."""

    def __init__(self, lab: Lab, server: RunningServer, client: Any, guests: list[str]) -> None:
        self.lab = lab
        self.client = client
        self.guests = guests
        messages = [*map(get_message, guests), list_message()]
        self._readers = [
            Reader(server, message, f"<VALUE>{guests[number % len(guests)]}</VALUE>".encode())
            for number, message in enumerate(messages)
        ]
        for reader in self._readers:
            reader.start()

    def get(self, name: str) -> Any:
        """Get the instance of a guest."""
        return self.client.GetInstance(path(name))

    def says(self, communication: int) -> bool:
        """Whether every guest says so of the hypervisor."""
        instances = [self.get(name) for name in self.guests]
        return all(one["CommunicationStatus"] == communication for one in instances)

    def reads_go_on(self) -> None:
        """Every reader gets more answers."""
        for reader in self._readers:
            goal = reader.answers + 20
            eventually(lambda r=reader, n=goal: r.answers >= n or r.failure, PATIENT)  # type: ignore[misc]
            assert reader.failure is None, reader.failure

    def lost(self) -> None:
        """Wait until the loss is told, as every property of state tells it, and read on."""
        eventually(lambda: self.says(LOST), PATIENT)
        self.reads_go_on()
        instance = self.get(self.guests[0])
        assert instance["OperationalStatus"] == [13]
        assert instance["StatusDescriptions"] == ["connection to the hypervisor lost"]
        assert (instance["EnabledState"], instance["OperatingStatus"]) == (0, 0)
        assert instance["AvailableRequestedStates"] == []

    def back(self) -> None:
        """Wait until the return is told."""
        eventually(lambda: self.says(OK), PATIENT)
        self.reads_go_on()

    def refuses(self, name: str, state: int) -> None:
        """Prove that a request fails and is not remembered."""
        before = self.get(name)["RequestedState"]
        with pytest.raises(pywbem.CIMError) as caught:
            request_state(self.client, name, state)
        assert caught.value.status_code == pywbem.CIM_ERR_FAILED
        assert f"domain `{name}'" in caught.value.status_description
        assert self.get(name)["RequestedState"] == before != state

    def agrees(self) -> bool:
        """Whether the server shows what libvirt says of every guest."""
        connection = self.lab.connect()
        truth = {one.name(): one.state()[0] for one in connection.listAllDomains()}
        connection.close()
        return all(
            self.get(name)["EnabledState"] == ENABLED_STATES[truth[name]] for name in self.guests
        )

    def end(self) -> None:
        """End the readers; fail if one of them ever failed."""
        for reader in self._readers:
            reader.end()


ENABLED_STATES = {
    libvirt.VIR_DOMAIN_RUNNING: 2,
    libvirt.VIR_DOMAIN_PAUSED: 9,
    libvirt.VIR_DOMAIN_SHUTOFF: 3,
}


@contextmanager
def playing(lab: Lab, directory: Path, guests: int) -> Iterator[Stage]:
    """A server over the lab, with guests that were switched on at a client's request."""
    connection = lab.connect()
    names = [f"g{number}" for number in range(guests)]
    for name in names:
        connection.defineXML(lab.guest_xml(name))
    connection.close()
    let_in(directory)
    settings = {"driver_open_seconds": "3", "driver_call_seconds": "3"}
    with serving(lab.uri(), directory, **settings) as server:
        client = connect(server)
        for name in names:
            assert request_state(client, name, ENABLED) == 0
        stage = Stage(lab, server, client, names)
        try:
            stage.reads_go_on()
            yield stage
        finally:
            stage.end()
            client.close()


def test_a_killed_daemon(frail_lab: Lab, tmp_path: Path) -> None:
    """Readers notice nothing but the loss; requests fail; what happened meanwhile is seen after."""
    with playing(frail_lab, tmp_path, 2) as stage:
        frail_lab.hold()
        frail_lab.signal_daemon(signal.SIGKILL)
        stage.lost()
        stage.refuses("g0", QUIESCE)
        frail_lab.kill_guest("g1")
        frail_lab.release()
        stage.back()
        assert stage.get("g0")["EnabledState"] == 2
        assert stage.get("g1")["EnabledState"] == 3
        assert stage.get("g1")["RequestedState"] == ENABLED
        assert request_state(stage.client, "g0", QUIESCE) == 0
        assert stage.get("g0")["EnabledState"] == 9
        # Events flow again.
        frail_lab.connect().lookupByName("g0").resume()
        eventually(lambda: stage.get("g0")["EnabledState"] == 2)
        assert stage.get("g0")["RequestedState"] == QUIESCE


def test_a_frozen_daemon(frail_lab: Lab, tmp_path: Path) -> None:
    """Requests end with an error instead of hanging; thawed, server and daemon agree again."""
    with playing(frail_lab, tmp_path, 2) as stage:
        frail_lab.signal_daemon(signal.SIGSTOP)
        try:
            stage.refuses("g0", QUIESCE)
            stage.lost()
            stage.refuses("g1", DISABLED)
        finally:
            frail_lab.signal_daemon(signal.SIGCONT)
        stage.back()
        eventually(stage.agrees)
        assert stage.get("g0")["RequestedState"] == stage.get("g1")["RequestedState"] == ENABLED
        assert request_state(stage.client, "g1", DISABLED) == 0
        assert stage.get("g1")["RequestedState"] == DISABLED


def test_a_daemon_that_restarts_again_and_again(frail_lab: Lab, tmp_path: Path) -> None:
    """Requests fail or are met, never anything between; in the end server and daemon agree."""
    with playing(frail_lab, tmp_path, 3) as stage:
        requested = dict.fromkeys(stage.guests, ENABLED)
        for turn in range(4):
            frail_lab.signal_daemon(signal.SIGKILL)
            for name in stage.guests:
                state = (DISABLED, ENABLED)[turn % 2]
                with suppress(pywbem.CIMError):
                    if request_state(stage.client, name, state) == 0:
                        requested[name] = state
            eventually(lambda: stage.says(OK), PATIENT)
        stage.back()
        eventually(stage.agrees)
        assert {name: stage.get(name)["RequestedState"] for name in stage.guests} == requested


def test_a_frozen_guest_holds_up_nobody(frail_lab: Lab, tmp_path: Path) -> None:
    """While one guest's request waits for its process, all are read and others are changed."""
    with playing(frail_lab, tmp_path, 2) as stage:
        codes: list[int] = []
        frail_lab.signal_guest("g0", signal.SIGSTOP)
        waiting = Thread(
            target=lambda: codes.append(request_state(stage.client, "g0", QUIESCE)), daemon=True
        )
        waiting.start()
        stage.reads_go_on()
        assert request_state(stage.client, "g1", QUIESCE) == 0
        assert stage.get("g1")["EnabledState"] == 9
        assert not codes
        assert stage.get("g0")["RequestedState"] == ENABLED
        frail_lab.signal_guest("g0", signal.SIGCONT)
        waiting.join(PATIENT)
        assert codes == [0]
        assert stage.get("g0")["EnabledState"] == QUIESCE
        assert stage.get("g0")["RequestedState"] == QUIESCE


def test_a_daemon_that_comes_later(frail_lab: Lab, tmp_path: Path) -> None:
    """A server may start before its hypervisor: it says so, and has the domains later."""
    connection = frail_lab.connect()
    connection.defineXML(frail_lab.guest_xml("late"))
    connection.close()
    frail_lab.hold()
    frail_lab.signal_daemon(signal.SIGKILL)
    let_in(tmp_path)
    with serving(frail_lab.uri(), tmp_path) as server:
        client = connect(server)
        assert client.EnumerateInstanceNames("KVM_ComputerSystem") == []
        (host,) = client.EnumerateInstances("KVM_HostSystem")
        assert host["CommunicationStatus"] == NEVER
        frail_lab.release()
        eventually(lambda: client.EnumerateInstanceNames("KVM_ComputerSystem"), PATIENT)
        (host,) = client.EnumerateInstances("KVM_HostSystem")
        assert host["CommunicationStatus"] == OK
        assert request_state(client, "late", ENABLED) == 0
        client.close()
