"""Several hosts in one server, and what is said of instances that are not there."""

import asyncio
from collections.abc import Callable

import pytest

from tests.providers.test_management_service import NoRecords
from tests.serving import EIGHT_STATES
from virtcim.broker.broker import Broker
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.inventory import Host
from virtcim.jobs import Engine
from virtcim.providers.model import Server
from virtcim.providers.registry import build_namespaces
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import ObjectPathsReply
from virtcim.wbem.status import NotFound

SYSTEM = "Test_ComputerSystem"


def two_hosts(scene: Callable[[Broker], None]) -> None:
    """Play a scene with two test hypervisors, whose classes are the same."""

    async def play() -> None:
        hosts = [
            Host("a", LibvirtHypervisor(uri), NoRecords(), prefix="Test", namespace=namespace)
            for uri, namespace in (
                (f"test://{EIGHT_STATES}", "root/virt"),
                ("test:///default", "root/virt/b"),
            )
        ]
        for host in hosts:
            await host.start()
        server = Server("host.example", "0.1.0")
        scene(Broker(build_namespaces(hosts, server, Engine(NoRecords())), server.host_name))
        for host in hosts:
            await host.close()

    asyncio.run(play())


def system(name: str, class_name: str = SYSTEM) -> ObjectPath:
    """Return the path of a domain."""
    return ObjectPath(SYSTEM, (("CreationClassName", class_name), ("Name", name)))


def paths(reply: object) -> bytes:
    """Return the paths of a reply as written."""
    assert isinstance(reply, ObjectPathsReply)
    return b"".join(reply.objects.object_paths())


def test_associations_of_both_hosts_meet_in_the_shared_namespace() -> None:
    """A domain of either host is a source in root/cimv2, and leads to its own host's namespace."""

    def scene(broker: Broker) -> None:
        for name, namespace in (("running", b""), ("test", b'<NAMESPACE NAME="b"/>')):
            reply = broker.read(
                ops.AssociatorNames(
                    namespace="root/cimv2",
                    object_name=system(name),
                    result_class="Test_HostSystem",
                )
            )
            written = paths(reply)
            assert written.count(b"<OBJECTPATH>") == 1
            expected = b'<NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/>' + namespace
            assert expected + b"</LOCALNAMESPACEPATH>" in written

    two_hosts(scene)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (system("nope"), "Referenced domain `nope' does not exist: Domain not found"),
        (system("test", "Test_Other"), "No such instance (CreationClassName)"),
        (
            ObjectPath(
                "Test_HostSystem", (("CreationClassName", "Test_HostSystem"), ("Name", "x"))
            ),
            "No such instance (Name)",
        ),
    ],
)
def test_what_is_said_of_missing_instances(path: ObjectPath, text: str) -> None:
    """Clients match these texts to tell what is missing."""

    def scene(broker: Broker) -> None:
        with pytest.raises(NotFound) as missing:
            broker.read(ops.GetInstance(namespace="root/virt/b", instance_name=path))
        assert missing.value.reason == text

    two_hosts(scene)


def test_the_first_listing_is_made_once() -> None:
    """A start reads a big host once, not again because the connection was just made."""
    calls: list[str] = []

    async def play() -> None:
        hypervisor = LibvirtHypervisor(
            "test:///default", observer=lambda name, _seconds, _outcome: calls.append(name)
        )
        host = Host("a", hypervisor, NoRecords(), prefix="Test", namespace="root/virt")
        await host.start()
        await asyncio.sleep(0.1)  # what would list again has had its turns
        await host.close()

    asyncio.run(play())
    assert calls.count("domains") == 1
