"""What domains share, and that changes of it are told: the test driver and a real daemon."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest
from structlog.testing import capture_logs

from tests.hypervisors.test_listing import Counting, Node
from tests.lab import Lab
from virtcim.hypervisors.errors import HypervisorFailure
from virtcim.hypervisors.libvirt import LibvirtHypervisor, resource_xml
from virtcim.hypervisors.libvirt.resources import read_resources
from virtcim.hypervisors.resources import (
    NodeMemoryFacts,
    PoolState,
    PortFacts,
    ProcessorFacts,
    ResourceFacts,
    VolumeFacts,
)

PATIENT = 30.0
GIBIBYTE = 1024**3

NETWORK = """<network><name>{name}</name><uuid>{uuid}</uuid><forward mode='bridge'/>
<bridge name='br-{name}'/></network>"""
NETWORK_UUID = "00000000-0000-4000-8000-00000000000{}"
POOL = "<pool type='dir'><name>{}</name><target><path>{}</path></target></pool>"
VOLUME = """<volume><name>{}</name><capacity unit='MiB'>4</capacity>
<target><format type='qcow2'/></target>{}</volume>"""
BACKING = "<backingStore><path>{}</path><format type='qcow2'/></backingStore>"
FILTER = """<filter name='{}' chain='root'><uuid>00000000-0000-4000-8000-0000000000f1</uuid>
<rule action='drop' direction='in'><mac/></rule></filter>"""
NODE = """<node><interface type='bridge' name='br1'><start mode='onboot'/><bridge>
<interface type='ethernet' name='eth7'/></bridge></interface>
<interface type='ethernet' name='eth8'><start mode='none'/><mac address='52:54:00:00:00:08'/>
</interface></node>"""


def play(uri: str, scene: Callable[[LibvirtHypervisor], Awaitable[None]]) -> None:
    """A scene on an open hypervisor."""

    async def whole() -> None:
        hypervisor = LibvirtHypervisor(uri)
        await hypervisor.open()
        try:
            async with asyncio.timeout(PATIENT):
                await scene(hypervisor)
        finally:
            await hypervisor.close()

    asyncio.run(whole())


def read(uri: str) -> ResourceFacts:
    """What the domains of a hypervisor share."""
    found: list[ResourceFacts] = []

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        found.append(await hypervisor.resources())
        assert await hypervisor.resources() == found[0]

    play(uri, scene)
    return found[0]


@pytest.fixture
def qemu(lab: Lab) -> Iterator[Any]:
    """A connection for arranging resources; none is left."""
    connection = lab.connect()
    yield connection
    for network in connection.listAllNetworks():
        persistent = network.isPersistent()
        if network.isActive():
            network.destroy()
        if persistent:
            network.undefine()
    for pool in connection.listAllStoragePools():
        if pool.isActive():
            pool.destroy()
        pool.undefine()
    for each in connection.listAllNWFilters():
        each.undefine()
    connection.close()


def a_pool(qemu: Any, name: str, directory: Path) -> Any:
    """A running pool of files."""
    pool = qemu.storagePoolDefineXML(POOL.format(name, directory))
    pool.create()
    return pool


def test_the_test_driver_tells_what_it_has() -> None:
    """Its one network, pool and interface, its machine of two nodes, and no filters."""
    shared = read("test:///default")
    (network,) = shared.networks
    assert (network.name, network.bridge, network.active) == ("default", "virbr0", True)
    assert (network.persistent, network.autostart) == (True, False)
    assert network.uuid == "dd8fe884-6c02-601e-7551-cca97df1c5df"
    (pool,) = shared.pools
    assert (pool.name, pool.kind, pool.state) == ("default-pool", "dir", PoolState.RUNNING)
    assert (pool.capacity, pool.available) == (100 * GIBIBYTE, 100 * GIBIBYTE)
    assert pool.active
    assert shared.filters == ()
    machine = shared.machine
    assert machine is not None
    assert (machine.architecture, machine.clock) == ("i686", 1_400_000_000)
    assert machine.memory == 3 * GIBIBYTE
    assert (machine.sockets, machine.cores, machine.threads) == (2, 2, 2)
    assert machine.most_vcpus == 32
    assert len(machine.processors) == 16
    assert machine.processors[9] == ProcessorFacts(number=9, node=1, socket=1, core=1)
    assert machine.nodes[0] == NodeMemoryFacts(node=0, size=2 * GIBIBYTE)
    port = PortFacts(name="eth1", mac="aa:bb:cc:dd:ee:ff", speed=None, up=True, bridge=False)
    assert machine.ports == (port,)
    assert machine.guest_types == ("hvm", "xen")


def test_a_machine_without_topology_has_its_processors_all_the_same(tmp_path: Path) -> None:
    """One node with everything; and a bridge is told by its definition."""
    file = tmp_path / "node.xml"
    file.write_text(NODE)
    machine = read(f"test://{file}").machine
    assert machine is not None
    assert {one.node for one in machine.processors} == {0}
    assert machine.processors[0].socket is None
    assert machine.nodes == (NodeMemoryFacts(node=0, size=machine.memory),)
    assert [(one.name, one.bridge) for one in machine.ports] == [("br1", True), ("eth8", False)]


def test_networks_are_read(lab: Lab, qemu: Any) -> None:
    """One runs and starts by itself, one is off, one is transient; by name."""
    running = qemu.networkDefineXML(NETWORK.format(name="b", uuid=NETWORK_UUID.format(2)))
    running.create()
    running.setAutostart(1)
    qemu.networkDefineXML(NETWORK.format(name="a", uuid=NETWORK_UUID.format(1)))
    qemu.networkCreateXML(NETWORK.format(name="c", uuid=NETWORK_UUID.format(3)))
    told = [
        (one.name, one.active, one.persistent, one.autostart, one.bridge)
        for one in read(lab.uri()).networks
    ]
    assert told == [
        ("a", False, True, False, "br-a"),
        ("b", True, True, True, "br-b"),
        ("c", True, False, False, "br-c"),
    ]
    assert read(lab.uri()).networks[0].uuid == NETWORK_UUID.format(1)
    assert "<forward mode='bridge'/>" in read(lab.uri()).networks[0].xml


def test_pools_and_volumes_are_read(lab: Lab, qemu: Any, tmp_path: Path) -> None:
    """An active pool has sizes and volumes, one of them with a backing file; the other has none."""
    pool = a_pool(qemu, "active", tmp_path)
    qemu.storagePoolDefineXML(POOL.format("idle", tmp_path / "idle"))
    base = pool.createXML(VOLUME.format("base", ""))
    pool.createXML(VOLUME.format("above", BACKING.format(base.path())))
    (tmp_path / "plain.img").write_bytes(bytes(65536))
    pool.refresh()
    active, idle = read(lab.uri()).pools
    assert (active.name, active.kind, active.state) == ("active", "dir", PoolState.RUNNING)
    assert active.capacity > active.available > 0
    above, below, plain = active.volumes
    assert (above.name, above.kind, above.format) == ("above", "file", "qcow2")
    assert above.backing_path == str(tmp_path / "base")
    assert above.capacity == below.capacity == 4 * 1024**2
    assert plain == VolumeFacts(
        name="plain.img", key=str(tmp_path / "plain.img"), path=str(tmp_path / "plain.img"),
        kind="file", capacity=65536, allocation=plain.allocation, format="raw", backing_path=None,
    )  # fmt: skip
    assert (idle.state, idle.volumes, idle.capacity) == (PoolState.INACTIVE, (), 0)
    assert not idle.active


def test_a_volume_whose_file_is_gone_is_left_out(lab: Lab, qemu: Any, tmp_path: Path) -> None:
    """The pool, and its other volumes, are told."""
    pool = a_pool(qemu, "torn", tmp_path)
    for name in ("kept", "lost"):
        pool.createXML(VOLUME.format(name, ""))
    (tmp_path / "lost").unlink()
    (torn,) = read(lab.uri()).pools
    assert [one.name for one in torn.volumes] == ["kept"]


def test_filters_are_read(lab: Lab, qemu: Any) -> None:
    """With their definition."""
    qemu.nwfilterDefineXML(FILTER.format("mine"))
    mine = next(one for one in read(lab.uri()).filters if one.name == "mine")
    assert mine.uuid == "00000000-0000-4000-8000-0000000000f1"
    assert "action='drop'" in mine.xml


@pytest.mark.parametrize("driver", ["qemu", "lxc"])
def test_the_real_machine_is_read(lab: Lab, driver: str) -> None:
    """As many processors as there are, memory, and interfaces that are the host's own."""
    native = lab.connect(driver)
    machine = read(lab.uri(driver)).machine
    assert machine is not None
    assert machine.architecture == native.getInfo()[0]
    assert len(machine.processors) == native.getInfo()[2]
    assert machine.memory > 0
    assert sum(node.size for node in machine.nodes) > 0
    assert "lo" not in {port.name for port in machine.ports}
    assert all(port.speed is None or port.speed % 10**6 == 0 for port in machine.ports)
    assert machine.guest_types


# What each call of a reading makes vanish, on the test driver.
VANISHING: dict[str, tuple[str, Callable[[Any], None]]] = {
    "network": ("isPersistent", lambda node: end(node.networkLookupByName("n"))),
    "pool": ("info", lambda node: end(node.storagePoolLookupByName("p"))),
}


def end(one: Any) -> None:
    """Stop and forget a network or pool, if it is still there."""
    if one.isActive():
        one.destroy()
        one.undefine()


@pytest.mark.parametrize("kind", VANISHING)
def test_what_vanishes_while_it_is_read_is_left_out(kind: str, tmp_path: Path) -> None:
    """Whatever was read before and after it is told."""
    node = Node(0, tmp_path)
    network = node.native.networkDefineXML("<network><name>n</name><bridge name='b'/></network>")
    network.create()
    node.native.storagePoolDefineXML(POOL.format("p", tmp_path), 0).create()
    call, vanish = VANISHING[kind]
    calls: list[str] = []

    def before(name: str) -> None:
        if name == call and not calls:
            calls.append(name)
            vanish(node.native)

    connection: Any = Deep(node.native, node.calls, before)
    shared = read_resources(connection)
    assert calls
    left = {"network": len(shared.networks), "pool": len(shared.pools)}
    assert left == {"network": 1, "pool": 1} | {kind: 0}
    assert shared.machine is not None


class Deep(Counting):
    """A native object that also counts the calls made on networks and pools."""

    def _wrap(self, result: Any) -> Any:
        if isinstance(result, libvirt.virNetwork | libvirt.virStoragePool):
            return Deep(result, self._calls, self._before)
        return super()._wrap(result)


def test_a_pool_that_stops_while_it_is_read_has_no_volumes(tmp_path: Path) -> None:
    """Its event will have it read again."""
    node = Node(0, tmp_path)
    pool = node.native.storagePoolDefineXML(POOL.format("p", tmp_path), 0)
    pool.create()

    def before(name: str) -> None:
        if name == "listAllVolumes":
            pool.destroy()

    connection: Any = Deep(node.native, node.calls, before)
    (facts,) = read_resources(connection).pools
    assert facts.volumes == ()


# What is done to a daemon, and whether it is told: every row is an event of its own kind.
def change_network(connection: Any, _directory: Path) -> None:
    """Define a network."""
    connection.networkDefineXML(NETWORK.format(name="told", uuid=NETWORK_UUID.format(9)))


def change_pool(connection: Any, directory: Path) -> None:
    """Define a pool."""
    connection.storagePoolDefineXML(POOL.format("told", directory), 0)


def refresh_pool(connection: Any, _directory: Path) -> None:
    """Refresh a pool."""
    connection.storagePoolLookupByName("default-pool").refresh()


def change_device(connection: Any, _directory: Path) -> None:
    """Make a device of the host vanish."""
    connection.nodeDeviceLookupByName("scsi_host11").destroy()


@pytest.mark.parametrize("change", [change_network, change_pool, refresh_pool, change_device])
def test_changes_are_told(change: Callable[[Any, Path], None], tmp_path: Path) -> None:
    """By the events of networks, of pools and of the host's devices."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        told = asyncio.Event()
        hypervisor.on_resources(told.set)
        connection = libvirt.open("test:///default")
        await asyncio.to_thread(change, connection, tmp_path)
        await told.wait()
        connection.close()

    play("test:///default", scene)


def test_changes_are_told_after_a_restart(frail_lab: Lab) -> None:
    """The new connection hears of networks as the old one did."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        told, back = asyncio.Event(), asyncio.Event()
        hypervisor.on_resources(told.set)
        hypervisor.on_connection(lambda _change: back.set() if hypervisor.connected else None)
        frail_lab.signal_daemon(signal.SIGKILL)
        await back.wait()
        connection = await asyncio.to_thread(frail_lab.connect)
        while not told.is_set():
            await asyncio.to_thread(change_network, connection, Path())
            await asyncio.sleep(0.1)
        connection.close()

    frail_lab.connect().close()
    play(frail_lab.uri(), scene)


DEVICE = """<device><name>net_x</name><capability type='net'><interface>{}</interface>
<address>{}</address>{}</capability></device>"""


@pytest.mark.parametrize(
    ("name", "address", "link", "expected"),
    [
        ("eth0", "52:54:00:00:00:01", "<link speed='1000' state='up'/>",
         PortFacts(name="eth0", mac="52:54:00:00:00:01", speed=10**9, up=True, bridge=False)),
        ("br0", "52:54:00:00:00:01", "<link speed='4294967295' state='down'/>",
         PortFacts(name="br0", mac="52:54:00:00:00:01", speed=None, up=False, bridge=True)),
        ("tun0", "", "<link state='unknown'/>",
         PortFacts(name="tun0", mac=None, speed=None, up=None, bridge=False)),
        ("lo", "00:00:00:00:00:00", "",
         PortFacts(name="lo", mac=None, speed=None, up=None, bridge=False)),
    ],
)  # fmt: skip
def test_ports(name: str, address: str, link: str, expected: PortFacts) -> None:
    """A speed that the kernel does not know is none, and a bridge is known by its network."""
    device = resource_xml.net_device(DEVICE.format(name, address, link))
    assert device.port(frozenset({"br0"})) == expected


def test_a_text_that_is_no_xml_is_the_hypervisors_failure() -> None:
    """As for domains."""
    with pytest.raises(HypervisorFailure):
        resource_xml.net_device("<device")


def test_pool_states_are_libvirts() -> None:
    """Each number of ours is the constant of that name."""
    for state in PoolState:
        assert getattr(libvirt, f"VIR_STORAGE_POOL_{state.name}") == state


class Odd:
    """One filter, network, pool or volume: each call gives this, or raises it."""

    def __init__(self, name: str, **answers: Any) -> None:
        self._answers = {"name": name, "UUIDString": "", "key": name, **answers}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*_arguments: Any) -> Any:
            answer = self._answers.get(name, 0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


_NO_UTF8 = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


def test_what_nobody_understands_costs_the_others_nothing(tmp_path: Path) -> None:
    """A text that is no XML, a state that is new, a name that is no UTF-8 are left out."""
    volume = Odd("v", XMLDesc="<volume><capacity unit='GiB'>1</capacity></volume>")
    volumes = [Odd("w", XMLDesc="<volume"), Odd("x", XMLDesc=_NO_UTF8), volume]
    pool = {"XMLDesc": "<pool type='dir'/>", "listAllVolumes": volumes}
    shared = {
        "listAllNWFilters": [Odd("a", XMLDesc="<filter"), Odd("b", XMLDesc="<filter/>")],
        "listAllNetworks": [Odd("a", XMLDesc="<network>"), Odd("b", XMLDesc="<network/>")],
        "listAllStoragePools": [
            Odd("a", info=[99, 0, 0, 0], **pool), Odd("b", info=[2, 0, 0, 0], **pool),
        ],
    }  # fmt: skip
    native = Node(1, tmp_path).native

    class Connection:
        def __getattr__(self, name: str) -> Any:
            return getattr(native, name) if name not in shared else lambda _flags: shared[name]

    odd: Any = Connection()
    with capture_logs() as logs:
        found = read_resources(odd)
    for kind in (found.filters, found.networks, found.pools):
        assert [one.name for one in kind] == ["b"]
    assert [one.capacity for one in found.pools[0].volumes] == [GIBIBYTE]
    assert {entry["event"] for entry in logs} == {"resource_unreadable"}
