"""The management service of a host: what it tells, in each state of the connection."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

import virtcim
from tests.serving import EIGHT_STATES
from virtcim.broker.broker import Broker
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.model import ConnectionChange
from virtcim.infostore.job_table import JobWrite
from virtcim.infostore.jobs import JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory import Communication, Host
from virtcim.jobs import Engine
from virtcim.providers.host_state import STATES
from virtcim.providers.management_service import FIRST_BUILD, build_number
from virtcim.providers.model import Server
from virtcim.providers.registry import build_namespaces
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import MethodNotAvailable

NAMESPACE = "root/virt"
SERVICE = "Test_VirtualSystemManagementService"
HOST = "Test_HostSystem"

places = st.integers(0, 999)
versions = st.tuples(st.integers(0, 2000), places, places)


class NoRecords:
    """A store of records that holds none."""

    async def records(self, _host: str) -> Mapping[str, DomainRecord]:
        """None."""
        return {}

    async def put(self, _host: str, uuid: str, record: DomainRecord) -> None:
        """Nothing is changed here."""
        raise AssertionError(uuid, record)

    async def remove(self, _host: str, uuid: str) -> None:
        """Nothing goes away here."""
        raise AssertionError(uuid)

    async def jobs(self) -> list[JobRecord]:
        """There are none."""
        return []

    async def write_job(self, write: JobWrite) -> None:
        """Nothing is changed here."""
        raise AssertionError(write)


class Scene:
    """A host of libvirt's test driver with its providers; started by the test that wants it so."""

    def __init__(self, server: Server) -> None:
        hypervisor = LibvirtHypervisor(f"test://{EIGHT_STATES}")
        self.host = Host("h", hypervisor, NoRecords(), prefix="Test", namespace=NAMESPACE)
        self.namespaces = build_namespaces((self.host,), server, Engine(NoRecords()))
        self.broker = Broker(self.namespaces, server.host_name)

    def instance(self, class_name: str = SERVICE) -> Record:
        """Return the one instance of a class as it is now."""
        provider = self.namespaces.get(NAMESPACE).provider(class_name)
        assert provider is not None
        (record,) = provider.records()
        return record

    def links(self, association: str, namespace: str = NAMESPACE) -> list[tuple[object, object]]:
        """Return the ends of the instances of an association, antecedent first."""
        provider = self.namespaces.get(namespace).provider(association)
        assert provider is not None
        return [(record["Antecedent"], record["Dependent"]) for record in provider.records()]


def play(scene: Callable[[Scene], Awaitable[None]], *, compat: bool = False) -> None:
    """Play a scene and close its host."""

    async def whole() -> None:
        server = Server("host.example", virtcim.__version__, compat=compat)
        stage = Scene(server)
        await scene(stage)
        await stage.host.close()

    asyncio.run(whole())


# The build number


@given(one=versions, other=versions)
def test_later_releases_have_greater_numbers(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    """Build numbers are ordered as versions are, and differ when those do."""
    first, second = (build_number(".".join(map(str, version))) for version in (one, other))
    assert (first < second, first == second) == (one < other, one == other)


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("0.0.0", 2000),
        ("0.1.0", 3000),
        ("0.1.7", 3007),
        ("0.1", 3000),
        ("1", 1_002_000),
        ("2.10.3", 2_012_003),
        ("0.2.0rc1", 4000),
        ("0.2.0.dev5+g0123abc", 4000),
        ("0.2.0.4", 4000),
        ("999.999.999", 1_000_001_999),
    ],
)
def test_numbers_of_versions(version: str, number: int) -> None:
    """What follows the first three numbers does not count, and what is missing is zero."""
    assert build_number(version) == number


@pytest.mark.parametrize("version", ["", "v1.0", "unknown", ".1", "1.1000", "1.0.1000"])
def test_what_has_no_number(version: str) -> None:
    """A text that is no version, or would break the order, has no number."""
    with pytest.raises(ValueError, match=r"no (version|build number)"):
        build_number(version)


def test_our_version_has_a_number() -> None:
    """The installed version is one that clients can be told as a number above libvirt-cim's."""
    assert build_number(virtcim.__version__) >= FIRST_BUILD


# The instance


def test_what_the_service_tells() -> None:
    """Keys, hypervisor and versions of a host that answers."""

    async def scene(stage: Scene) -> None:
        await stage.host.start()
        facts, service = stage.host.facts, stage.instance()
        assert facts is not None
        assert service["SystemName"] == stage.instance(HOST)["Name"]
        assert service["SystemCreationClassName"] == stage.instance(HOST)["CreationClassName"]
        assert service["CreationClassName"] == SERVICE
        assert service["Name"] == service["ElementName"] == "Management Service"
        assert service["Caption"] == f"TEST {facts.hypervisor_version}"
        assert str(EIGHT_STATES) in str(service["Description"])
        assert service["LibvirtVersion"] == facts.library_version
        assert re.fullmatch(r"\d+\.\d+\.\d+", facts.library_version)
        assert service["Release"] == virtcim.__version__
        assert service["Changeset"] == f"virtcim-{virtcim.__version__}"
        assert service["Revision"] == str(build_number(virtcim.__version__))
        assert service["Started"] is True

    play(scene)


def test_revision_for_clients_of_libvirt_cim() -> None:
    """With the switch on the build number is one of libvirt-cim's; our version stays."""

    async def scene(stage: Scene) -> None:
        assert stage.instance()["Revision"] == "1347"
        assert stage.instance()["Release"] == virtcim.__version__

    play(scene, compat=True)


def test_a_host_that_was_never_reached() -> None:
    """The service is there before its hypervisor, whose versions it does not know."""

    async def scene(stage: Scene) -> None:
        service = stage.instance()
        assert service["Caption"] == "Unknown Hypervisor"
        assert service["LibvirtVersion"] is None
        assert service["SystemName"] == "host.example"
        assert service["OperationalStatus"] == (12,)
        assert service["CommunicationStatus"] == 4
        assert service["EnabledState"] == 0
        assert service["Started"] is False
        assert str(service["Revision"]).isdigit()

    play(scene)


def test_state_follows_the_connection() -> None:
    """Found, lost: the service has the state of its host, and a new instance only for a new one."""

    async def scene(stage: Scene) -> None:
        await stage.host.start()
        up = stage.instance()
        assert (up["OperationalStatus"], up["EnabledState"], up["HealthState"]) == ((2,), 2, 5)
        assert stage.instance() is up
        stage.host._connection_changed(ConnectionChange.LOST)
        lost = stage.instance()
        assert lost is not up
        assert lost["OperationalStatus"] == (13,)
        assert (lost["EnabledState"], lost["HealthState"], lost["CommunicationStatus"]) == (0, 0, 3)
        assert lost["Started"] is False
        assert lost["Caption"] == up["Caption"]
        host = stage.instance(HOST)
        assert [lost[name] for name in STATES] == [host[name] for name in STATES]

    play(scene)


def test_states_are_total() -> None:
    """Every property of state has a value for every state of the connection."""
    assert {frozenset(row) for row in STATES.values()} == {frozenset(Communication)}


# What it is related to, and what it does


def test_the_host_hosts_the_service() -> None:
    """HostedService has the host as antecedent; HostedDependency has domains alone, as before."""

    async def scene(stage: Scene) -> None:
        await stage.host.start()
        host, service = stage.instance(HOST).path, stage.instance().path
        for namespace in (NAMESPACE, "root/cimv2"):
            assert (host, service) in stage.links("Test_HostedService", namespace)
        hosted = stage.links("Test_HostedDependency")
        assert service not in {dependent for _, dependent in hosted}

    play(scene)


@pytest.mark.parametrize(
    "method",
    [
        "RequestStateChange",
        "StopService",
    ],
)
def test_what_no_service_here_does_is_not_available(method: str) -> None:
    """Methods of every service that this one does not do, on the class and on the instance."""

    async def scene(stage: Scene) -> None:
        for target in (ObjectPath(SERVICE, None, NAMESPACE), stage.instance().path):
            operation = ops.InvokeMethod(namespace=NAMESPACE, target=target, method=method)
            with pytest.raises(MethodNotAvailable, match=method):
                await stage.broker.change(operation)

    play(scene)
