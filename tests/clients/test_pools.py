"""Pools, volumes and networks made through a running server: what clients see, and virsh."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest
import pywbem

from tests.clients.callers import KVM, connect
from tests.clients.expected import NAMESPACE
from tests.clients.test_wbemcli import answered, wbemcli
from tests.lab import Lab, eventually
from tests.serving import RunningServer, let_in, serving

RPCS = "KVM_ResourcePoolConfigurationService"
DISK_POOL = "KVM_DiskPoolResourceAllocationSettingData"
NET_POOL = "KVM_NetPoolResourceAllocationSettingData"
VOLUME = "KVM_StorageVolumeResourceAllocationSettingData"

NEVER = "600"
GIB = 2**30
IN_USE = 6


@pytest.fixture(scope="module")
def client(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a server over the lab, which hears of changes by events alone."""
    directory = tmp_path_factory.mktemp("pools")
    let_in(directory)
    lab.connect().close()
    with serving(lab.uri(), directory, reconcile_interval=NEVER) as server:
        connection = connect(server)
        yield connection
        connection.close()


@pytest.fixture
def hypervisor(lab: Lab) -> Iterator[Any]:
    """A connection of our own."""
    connection = lab.connect()
    yield connection
    connection.close()


def invoke(client: Any, method: str, **arguments: object) -> Any:
    """Call a method of the service by its class."""
    return client.InvokeMethod(method, pywbem.CIMClassName(RPCS, namespace=NAMESPACE), **arguments)


def settings(class_name: str, **values: object) -> Any:
    """Return an embedded instance."""
    return pywbem.CIMInstance(class_name, values)


def test_a_pool_of_volumes(client: Any, hypervisor: Any, tmp_path: Path) -> None:
    """What the service answers, virsh sees at once, to the byte."""
    path = tmp_path / "images"
    one = settings(DISK_POOL, Type=pywbem.Uint16(1), Path=str(path), Autostart=pywbem.Uint16(1))
    code, out = invoke(client, "CreateChildResourcePool", ElementName="made", Settings=[one])
    assert code == 0
    pool, native = out["Pool"], hypervisor.storagePoolLookupByName("made")
    assert pool["InstanceID"] == "DiskPool/made"
    assert (native.isActive(), native.isPersistent(), native.autostart()) == (1, 1, 1)
    assert client.GetInstance(pool)["Path"] == str(path)
    for name, form in (("a.raw", 1), ("b.qcow2", 2)):
        volume = settings(
            VOLUME,
            VolumeName=name,
            FormatType=pywbem.Uint16(form),
            Capacity=pywbem.Uint64(5),
            AllocationQuantity=pywbem.Uint64(0),
            AllocationUnits="byte*2^30",
        )
        code, out = invoke(client, "CreateResourceInPool", Settings=volume, Pool=pool)
        assert code == 0
        assert client.GetInstance(out["Resource"])["Capacity"] == 5 * GIB
        assert native.storageVolLookupByName(name).info()[1] == 5 * GIB
    (path / "c.raw").write_bytes(bytes(512))
    assert invoke(client, "RefreshResourcesInPool", Pool=pool)[0] == 0
    names = {one["ElementName"] for one in client.EnumerateInstances("KVM_StorageVolume")}
    assert names == {"a.raw", "b.qcow2", "c.raw"}
    larger = settings(VOLUME, Address=str(path / "a.raw"), Capacity=pywbem.Uint64(6 * GIB))
    assert invoke(client, "ResizeResourceInPool", Resource=larger, Pool=pool)[0] == 0
    assert native.storageVolLookupByName("a.raw").info()[1] == 6 * GIB
    gone = settings(VOLUME, Address=str(path / "a.raw"))
    assert invoke(client, "DeleteResourceInPool", Resource=gone, Pool=pool)[0] == 0
    assert not (path / "a.raw").exists()
    native.destroy()
    eventually(lambda: client.GetInstance(pool)["Capacity"] is None)
    assert invoke(client, "DeleteResourcePool", Pool=pool)[0] == 0
    with pytest.raises(libvirt.libvirtError):
        hypervisor.storagePoolLookupByName("made")
    assert (path / "b.qcow2").exists()


def test_nothing_is_left_of_what_fails(client: Any, hypervisor: Any, tmp_path: Path) -> None:
    """A pool that cannot be built is an error with libvirt's words, and not there."""
    (tmp_path / "file").write_text("")
    one = settings(DISK_POOL, Type=pywbem.Uint16(1), Path=str(tmp_path / "file" / "x"))
    with pytest.raises(pywbem.CIMError, match=r"Unable to create resource pool: .*file") as caught:
        invoke(client, "CreateChildResourcePool", ElementName="fails", Settings=[one])
    assert caught.value.status_code == 1
    with pytest.raises(libvirt.libvirtError):
        hypervisor.storagePoolLookupByName("fails")


def test_a_network(client: Any, hypervisor: Any) -> None:
    """It runs on a bridge of the host, and goes again."""
    one = settings(NET_POOL, ForwardMode=pywbem.Uint16(4), Bridge="br-none")
    code, out = invoke(client, "CreateChildResourcePool", ElementName="wire", Settings=[one])
    assert (code, out["Pool"]["InstanceID"]) == (0, "NetworkPool/wire")
    native = hypervisor.networkLookupByName("wire")
    assert (native.isActive(), native.isPersistent(), native.autostart()) == (1, 1, 0)
    assert native.bridgeName() == "br-none"
    assert invoke(client, "DeleteResourcePool", Pool=out["Pool"])[0] == 0
    with pytest.raises(libvirt.libvirtError):
        hypervisor.networkLookupByName("wire")


def is_known(client: Any, name: str) -> bool:
    """Whether the server has heard of a guest."""
    return name in {one["Name"] for one in client.EnumerateInstanceNames(KVM)}


def test_what_a_guest_uses_stays(client: Any, hypervisor: Any, lab: Lab, tmp_path: Path) -> None:
    """While it runs, its volume and its pool are in use; afterwards they go."""
    one = settings(DISK_POOL, Type=pywbem.Uint16(1), Path=str(tmp_path))
    _, out = invoke(client, "CreateChildResourcePool", ElementName="used", Settings=[one])
    pool = out["Pool"]
    volume = settings(VOLUME, VolumeName="v", Capacity=pywbem.Uint64(2**20))
    invoke(client, "CreateResourceInPool", Settings=volume, Pool=pool)
    source = "<source pool='used' volume='v'/>"
    disk = f"<disk type='volume'>{source}<target dev='vda' bus='virtio'/></disk>"
    guest = hypervisor.createXML(lab.guest_xml("user", devices=disk))
    try:
        eventually(lambda: is_known(client, "user"))
        assert invoke(client, "DeleteResourcePool", Pool=pool)[0] == IN_USE
        gone = settings(VOLUME, VolumeName="v", Capacity=pywbem.Uint64(2**21))
        for method in ("DeleteResourceInPool", "ResizeResourceInPool"):
            assert invoke(client, method, Resource=gone, Pool=pool)[0] == IN_USE
        assert (tmp_path / "v").stat().st_size == 2**20
    finally:
        guest.destroy()
    eventually(lambda: invoke(client, "DeleteResourceInPool", Resource=gone, Pool=pool)[0] == 0)
    assert invoke(client, "DeleteResourcePool", Pool=pool)[0] == 0
    assert not (tmp_path / "v").exists()


def test_wbemcli(own_server: RunningServer, tmp_path: Path) -> None:
    """A user types settings as MOF, in either quotes, and references as they are shown."""
    service = "Test_ResourcePoolConfigurationService"
    (line,) = answered(own_server, "ein", service)
    target = line.split(":", 1)[1]
    mof = f"instance of {DISK_POOL.replace('KVM', 'Test')} {{ Type = 1; Path = '{tmp_path}'; }};"
    (line,) = answered(
        own_server, "cm", target, f"CreateChildResourcePool.ElementName=made,Settings={mof}"
    )
    pool = 'root/virt:Test_DiskPool.InstanceID="DiskPool/made"'
    assert line.endswith(f"CreateChildResourcePool: 0, Pool (reference): {pool}")
    mof = f'instance of {VOLUME.replace("KVM", "Test")} {{ VolumeName = "v"; Capacity = 5; }};'
    (line,) = answered(own_server, "cm", target, f"CreateResourceInPool.Pool={pool},Settings={mof}")
    assert 'DeviceID="made/v"' in line
    (line,) = answered(own_server, "cm", target, f"DeleteResourcePool.Pool={pool}")
    assert line.endswith("DeleteResourcePool: 0")
    status, said = wbemcli(own_server, "cm", target, f"DeleteResourcePool.Pool={pool}")
    assert status != 0
    assert "CIM_ERR_NOT_FOUND: Resource pool instance does not exist" in said
