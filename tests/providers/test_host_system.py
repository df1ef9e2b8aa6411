"""The host as a computer system: every property, with and without its hypervisor."""

from dataclasses import replace

import pytest

from tests.providers.stage import HOST, SERVER, Stage, play
from tests.serving import EIGHT_STATES
from virtcim.hypervisors.model import ConnectionChange, HostFacts
from virtcim.inventory import Communication
from virtcim.providers.host_state import STATES
from virtcim.providers.host_system import PROPERTIES
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import CommunicationStatus

URI = f"test://{EIGHT_STATES}"


def values(record: Record) -> dict[str, object]:
    """Return what the provider serves of a record."""
    return {name: record[name] for name in PROPERTIES}


def constant(facts: HostFacts | None) -> dict[str, object]:
    """Return what does not depend on the connection."""
    hypervisor = "" if facts is None else f"{facts.hypervisor_type} {facts.hypervisor_version}"
    identity = (URI, hypervisor, "" if facts is None else facts.uuid or "")
    return {
        "CreationClassName": HOST,
        "Name": SERVER,
        "ElementName": SERVER,
        "NameFormat": "IP",
        "Dedicated": (0,),
        "Caption": "Virtualization host (Test)",
        "Description": f"Host of the domains of {URI}",
        "IdentifyingDescriptions": ("URI", "Hypervisor", "UUID"),
        "OtherIdentifyingInfo": identity,
        "RequestedState": 12,
        "TransitioningToState": 12,
    }


SEEN: dict[Communication, dict[str, object]] = {
    Communication.OK: {
        "EnabledState": 2, "HealthState": 5, "OperatingStatus": 16, "OperationalStatus": (2,),
        "StatusDescriptions": ("hypervisor answers",), "PrimaryStatus": 1, "DetailedStatus": 1,
        "CommunicationStatus": 2,
    },
    Communication.LOST: {
        "EnabledState": 0, "HealthState": 0, "OperatingStatus": 0, "OperationalStatus": (13,),
        "StatusDescriptions": ("connection to the hypervisor lost",), "PrimaryStatus": 0,
        "DetailedStatus": 0, "CommunicationStatus": 3,
    },
    Communication.NEVER: {
        "EnabledState": 0, "HealthState": 0, "OperatingStatus": 0, "OperationalStatus": (12,),
        "StatusDescriptions": ("hypervisor not reached yet",), "PrimaryStatus": 0,
        "DetailedStatus": 0, "CommunicationStatus": 4,
    },
}  # fmt: skip


def test_tables_are_total() -> None:
    """Every state of the connection has a value of every property that depends on it."""
    for states in STATES.values():
        assert set(states) == set(Communication)
    assert {name for seen in SEEN.values() for name in seen} == {*STATES, "CommunicationStatus"}
    assert len(CommunicationStatus) >= len(Communication)


def named(stage: Stage, name: str) -> None:
    """Let the host have a name that does not depend on the machine."""
    facts = stage.host.facts
    assert facts is not None
    stage.host.facts = replace(facts, hostname=name)


def test_a_host_whose_hypervisor_answers() -> None:
    """Every property of a reached host."""

    async def scene(stage: Stage) -> None:
        named(stage, "host")
        (record,) = stage.records(HOST)
        assert values(record) == constant(stage.host.facts) | SEEN[Communication.OK]

    play(scene)


def test_a_host_whose_hypervisor_is_lost() -> None:
    """Every property of a host that was reached once; the facts stay."""

    async def scene(stage: Stage) -> None:
        named(stage, SERVER)
        (before,) = stage.records(HOST)
        stage.host._connection_changed(ConnectionChange.LOST)
        (record,) = stage.records(HOST)
        assert record is not before
        assert values(record) == constant(stage.host.facts) | SEEN[Communication.LOST]
        assert stage.records("Test_ComputerSystem")[0]["CommunicationStatus"] == 3

    play(scene)


def test_a_host_that_was_never_reached() -> None:
    """Every property of a host of which nothing is known yet, without a NULL in an array."""

    async def scene(stage: Stage) -> None:
        (record,) = stage.records(HOST)
        assert values(record) == constant(None) | SEEN[Communication.NEVER]
        assert stage.records("Test_ComputerSystem") == []

    play(scene, started=False)


NAMES = (
    ("host", SERVER),
    (SERVER, SERVER),
    ("other", "other"),
    ("other.example.com", "other.example.com"),
)


@pytest.mark.parametrize(("hostname", "name"), NAMES)
def test_names(hostname: str, name: str) -> None:
    """The server's own host has its full name; another has what its hypervisor says."""

    async def scene(stage: Stage) -> None:
        named(stage, hostname)
        assert stage.records(HOST)[0]["Name"] == name
        assert (
            stage.records("Test_HostedDependency")[0]["Antecedent"] == stage.records(HOST)[0].path
        )

    play(scene)


def test_the_record_is_kept() -> None:
    """Nothing is built anew while nothing changes; keys find it in any case of the class."""

    async def scene(stage: Stage) -> None:
        (record,) = stage.records(HOST)
        provider = stage.namespaces.get("root/virt").provider(HOST)
        assert provider is not None
        assert [*provider.records()] == [record]
        keys = {"creationclassname": HOST.lower(), "name": str(record["Name"])}
        assert provider.find(keys) is record
        assert provider.find({**keys, "name": "other"}) is None
        assert provider.find({**keys, "creationclassname": "X"}) is None

    play(scene)
