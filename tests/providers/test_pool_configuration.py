"""Pools and volumes made and removed through their service."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.providers.calls import call, mof, out, reply
from tests.providers.handmade import model_of, provider
from tests.providers.shared_resources import POOL, RESOURCES, VOLUME, running, stopped
from tests.providers.stage import NAMESPACE, Stage, play
from virtcim.hypervisors import errors
from virtcim.providers.pool_configuration import delete_pool
from virtcim.providers.pool_requests import Refused
from virtcim.providers.pool_usage import is_in_use
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)

RPCS = "Test_ResourcePoolConfigurationService"
DISK_POOL = "Test_DiskPoolResourceAllocationSettingData"
NET_POOL = "Test_NetPoolResourceAllocationSettingData"
VOLUME_SETTING = "Test_StorageVolumeResourceAllocationSettingData"

DONE, NOT_SUPPORTED, IN_USE, WRONG_POOL = 0, 1, 6, 7


def pool_path(pool_id: str, class_name: str = "Test_DiskPool") -> ObjectPath:
    """Return the path of a pool."""
    return ObjectPath(class_name, (("InstanceID", pool_id),), NAMESPACE)


def pools(stage: Stage, class_name: str = "Test_DiskPool") -> list[str]:
    """Return the ids of the pools of a class."""
    return [str(record["InstanceID"]) for record in stage.records(class_name)]


def directory(path: Path, **values: Value) -> str:
    """Return settings of a pool over a directory."""
    return mof(DISK_POOL, Type=1, Path=str(path), **values)


async def made(stage: Stage, name: str, settings: str) -> ObjectPath:
    """Make a pool and return its path."""
    found = await reply(stage, RPCS, "CreateChildResourcePool", ElementName=name, Settings=settings)
    assert found.return_value == DONE
    path = out(found, "Pool")
    assert isinstance(path, ObjectPath)
    return path


def test_a_storage_pool_comes_and_goes(tmp_path: Path) -> None:
    """Its path is returned, it can be read at once, and is gone after it was deleted."""

    async def scene(stage: Stage) -> None:
        parent = pool_path("DiskPool/0")
        found = await reply(
            stage,
            RPCS,
            "CreateChildResourcePool",
            ElementName="made",
            Settings=directory(tmp_path, Autostart=1),
            ParentPool=parent,
        )
        assert found.return_value == DONE
        path = out(found, "Pool")
        assert path == pool_path("DiskPool/made")
        record = next(r for r in stage.records("Test_DiskPool") if r["Name"] == "made")
        assert (record["Path"], record["Autostart"]) == (str(tmp_path), 1)
        assert await call(stage, RPCS, "RefreshResourcesInPool", Pool=path) == DONE
        assert await call(stage, RPCS, "DeleteResourcePool", Pool=path) == DONE
        assert pools(stage) == ["DiskPool/0"]

    play(scene)


def test_a_network_comes_and_goes() -> None:
    """Without addresses in its settings it is libvirt-cim's."""

    async def scene(stage: Stage) -> None:
        path = await made(stage, "wire", mof(NET_POOL))
        assert path == pool_path("NetworkPool/wire", "Test_NetworkPool")
        (setting,) = stage.records("Test_VirtualEthernetSwitchSettingData")
        assert (setting["ForwardMode"], setting["Addresses"]) == ("nat", ("192.168.122.1/24",))
        assert await call(stage, RPCS, "DeleteResourcePool", Pool=path) == DONE
        assert "NetworkPool/wire" not in pools(stage, "Test_NetworkPool")

    play(scene)


def test_volumes_come_and_go(tmp_path: Path) -> None:
    """Units are those that clients write; a volume is deleted by its path or its name."""

    async def scene(stage: Stage) -> None:
        pool = await made(stage, "p", directory(tmp_path))
        for name, form, unit in (("a", 1, "byte*2^20"), ("b", 2, "MiB"), ("c", 0, "MegaBytes")):
            settings = mof(
                VOLUME_SETTING, VolumeName=name, FormatType=form, Capacity=3, AllocationUnits=unit,
                Path=f"{tmp_path}/",
            )  # fmt: skip
            found = await reply(stage, RPCS, "CreateResourceInPool", Settings=settings, Pool=pool)
            assert found.return_value == DONE
            path = out(found, "Resource")
            assert isinstance(path, ObjectPath)
            assert dict(path.keys or ())["DeviceID"] == f"p/{name}"
        volumes = stage.records("Test_StorageVolume")
        assert {(r["ElementName"], r["Capacity"]) for r in volumes} == {
            (name, 3 * 2**20) for name in "abc"
        }
        address = str(next(r["Path"] for r in volumes if r["ElementName"] == "a"))
        for resource in (mof(VOLUME_SETTING, Address=address), mof(VOLUME_SETTING, VolumeName="b")):
            code = await call(stage, RPCS, "DeleteResourceInPool", Resource=resource, Pool=pool)
            assert code == DONE
        assert [r["ElementName"] for r in stage.records("Test_StorageVolume")] == ["c"]
        resource = mof(VOLUME_SETTING, VolumeName="c", Capacity=2**23)
        code = await call(stage, RPCS, "ResizeResourceInPool", Resource=resource, Pool=pool)
        assert code == NOT_SUPPORTED  # by the test driver

    play(scene)


def test_what_no_pool_of_libvirt_can_do() -> None:
    """It is answered with Not Supported, and never claimed."""

    async def scene(stage: Stage) -> None:
        for name in ("CreateResourcePool", "AddResourcesToResourcePool",
                     "RemoveResourcesFromResourcePool", "ChangeParentResourcePool"):  # fmt: skip
            assert await call(stage, RPCS, name) == NOT_SUPPORTED
        for pool_id, class_name in (("NetworkPool/0", "Test_NetworkPool"),
                                    ("ProcessorPool/0", "Test_ProcessorPool")):  # fmt: skip
            pool = pool_path(pool_id, class_name)
            assert await call(stage, RPCS, "DeleteResourcePool", Pool=pool) == NOT_SUPPORTED
            assert await call(stage, RPCS, "RefreshResourcesInPool", Pool=pool) == WRONG_POOL
        settings = mof(NET_POOL)
        parent = pool_path("DiskPool/0")
        code = await call(
            stage, RPCS, "CreateChildResourcePool", Settings=settings, ParentPool=parent
        )
        assert code == WRONG_POOL

    play(scene)


CREATE = "CreateChildResourcePool"
GOOD = pool_path("DiskPool/p")
WRONG: tuple[tuple[str, dict[str, Value], type[WBEMError], str], ...] = (
    (CREATE, {}, InvalidParameter, "Missing argument `Settings'"),
    (CREATE, {"Settings": (mof(DISK_POOL), mof(DISK_POOL))}, InvalidParameter, "more than one"),
    (CREATE, {"Settings": mof(VOLUME_SETTING)}, InvalidParameter, "Settings: Test_Storage"),
    (CREATE, {"Settings": mof(DISK_POOL)}, InvalidParameter, "Settings: Missing `Type'"),
    (CREATE, {"Settings": mof(DISK_POOL, Type=0)}, InvalidParameter, "type not supported"),
    (CREATE, {"Settings": mof(DISK_POOL, Type=99)}, InvalidParameter, "type not supported"),
    (CREATE, {"Settings": mof(DISK_POOL, Type=1)}, InvalidParameter, "Missing `Path'"),
    (CREATE, {"Settings": mof(DISK_POOL, Type=1, Path="/\x07")}, InvalidParameter, "XML cannot"),
    (CREATE, {"ElementName": "p", "Settings": mof(DISK_POOL, Type=1, Path="/x")}, AlreadyExists,
     "Pool with that name already exists: p"),
    (CREATE, {"Settings": mof(DISK_POOL, Type=1, Path="/x")}, InvalidParameter,
     "Missing argument `ElementName'"),
    (CREATE, {"ElementName": " ", "Settings": mof(NET_POOL)}, InvalidParameter,
     "Missing argument `ElementName'"),
    (CREATE, {"Settings": mof(NET_POOL), "ParentPool": pool_path("DiskPool/none")}, NotFound,
     "ParentPool does not exist"),
    ("DeleteResourcePool", {}, InvalidParameter, "Missing argument `Pool'"),
    ("DeleteResourcePool", {"Pool": pool_path("DiskPool/none")}, NotFound,
     "Resource pool instance does not exist"),
    ("DeleteResourcePool",
     {"Pool": ObjectPath("Test_HostSystem", (("CreationClassName", "a"), ("Name", "b")))},
     NotFound, "Resource pool instance does not exist"),
    ("CreateResourceInPool", {"Pool": GOOD}, InvalidParameter, "Missing argument `Settings'"),
    ("CreateResourceInPool", {"Pool": GOOD, "Settings": mof(VOLUME_SETTING)}, InvalidParameter,
     "Missing `VolumeName'"),
    ("CreateResourceInPool", {"Pool": GOOD, "Settings": mof(VOLUME_SETTING, VolumeName="x")},
     InvalidParameter, "Missing `Capacity'"),
    ("CreateResourceInPool",
     {"Pool": GOOD, "Settings": mof(VOLUME_SETTING, VolumeName="x", Capacity=1, FormatType=7)},
     InvalidParameter, "`FormatType' is none"),
    ("CreateResourceInPool",
     {"Pool": GOOD,
      "Settings": mof(VOLUME_SETTING, VolumeName="x", Capacity=1, AllocationUnits="Furlong")},
     InvalidParameter, "'Furlong' is no unit of bytes"),
    ("CreateResourceInPool",
     {"Pool": GOOD, "Settings": mof(VOLUME_SETTING, VolumeName="v", Capacity=1)},
     AlreadyExists, "v exists in pool p"),
    ("CreateResourceInPool",
     {"Pool": GOOD, "Settings": mof(VOLUME_SETTING, VolumeName="x", Capacity=1, Path="/else")},
     InvalidParameter, "Path is not that of the pool"),
    ("DeleteResourceInPool", {"Pool": GOOD}, InvalidParameter, "Missing argument `Resource'"),
    ("DeleteResourceInPool", {"Pool": GOOD, "Resource": mof(VOLUME_SETTING)}, InvalidParameter,
     "Missing Address"),
    ("DeleteResourceInPool", {"Pool": GOOD, "Resource": mof(VOLUME_SETTING, Address="/etc/passwd")},
     NotFound, "/etc/passwd is not in pool p"),
    ("ResizeResourceInPool",
     {"Pool": GOOD, "Resource": mof(VOLUME_SETTING, VolumeName="v", Capacity=1)},
     InvalidParameter, "would lose some without Shrink"),
)  # fmt: skip


def test_wrong_arguments(tmp_path: Path) -> None:
    """Each is an error that says what is wrong, and nothing is made or removed."""

    async def scene(stage: Stage) -> None:
        pool = await made(stage, "p", directory(tmp_path))
        settings = mof(VOLUME_SETTING, VolumeName="v", Capacity=2**20)
        await call(stage, RPCS, "CreateResourceInPool", Settings=settings, Pool=pool)
        before = stage.host.resources
        for method, arguments, error, text in WRONG:
            with pytest.raises(error) as caught:
                await call(stage, RPCS, method, **arguments)
            assert text in caught.value.reason
        assert stage.host.resources is before

    play(scene)


LEGACY: tuple[tuple[str, dict[str, Value], type[WBEMError], str], ...] = (
    ("CreateResourcePool", {}, NotSupported, "not supported"),
    ("RemoveResourcesFromResourcePool", {}, NotSupported, "not supported"),
    ("AddResourcesToResourcePool", {}, Failed, "Unknown Method"),
    ("ChangeParentResourcePool", {}, Failed, "Unknown Method"),
    (CREATE, {}, InvalidParameter, "Missing argument `Settings'"),
    (CREATE, {"Settings": mof(DISK_POOL, Type=6)}, Failed,
     "Settings Error: Missing `Path' property"),
    (CREATE, {"ElementName": "p", "Settings": mof(DISK_POOL, Type=1, Path="/x")}, Failed,
     "Pool with that name already exists"),
    ("DeleteResourcePool", {"Pool": pool_path("none")}, InvalidParameter,
     "Pool has invalid InstanceID"),
    ("DeleteResourcePool", {"Pool": ObjectPath("Test_DiskPool", ())}, Failed,
     "Missing InstanceID in pool reference"),
    ("DeleteResourcePool", {"Pool": pool_path("DiskPool/none")}, Failed,
     "Resource pool instance does not exist"),
    ("DeleteResourcePool", {"Pool": pool_path("DiskPool/0")}, NotSupported, "not of libvirt"),
    ("CreateResourceInPool", {"Pool": GOOD, "Settings": mof(VOLUME_SETTING, FormatType=1)}, Failed,
     "StorageVolumeRASD VolumeName field not valid"),
    ("DeleteResourceInPool", {"Pool": GOOD, "Resource": mof(VOLUME_SETTING)}, Failed,
     "Missing Address in resource RASD"),
)  # fmt: skip


def test_libvirt_cims_errors(tmp_path: Path) -> None:
    """Its clients look for its codes and texts."""

    async def scene(stage: Stage) -> None:
        await made(stage, "p", directory(tmp_path))
        for method, arguments, error, text in LEGACY:
            with pytest.raises(error) as caught:
                await call(stage, RPCS, method, **arguments)
            assert text in caught.value.reason

    play(scene, compat=True)


def test_libvirt_cims_answers(tmp_path: Path) -> None:
    """A pool without a name has its default; a volume is named by its path in its settings."""

    async def scene(stage: Stage) -> None:
        pool = await made(stage, "", directory(tmp_path))
        assert pool == pool_path("DiskPool/libvirt-cim-pool")
        settings = mof(
            VOLUME_SETTING, VolumeName="v", Path=str(tmp_path), FormatType=1, Capacity=1,
            AllocationQuantity=0, AllocationUnits="M",
        )  # fmt: skip
        found = await reply(stage, RPCS, "CreateResourceInPool", Settings=settings, Pool=pool)
        assert out(found, "Resource") == ObjectPath(
            VOLUME_SETTING, (("InstanceID", f"{tmp_path}/v"),), NAMESPACE
        )

    play(scene, compat=True)


def test_failures_of_the_hypervisor(tmp_path: Path) -> None:
    """What has a code is one, all else an error with libvirt's words; both read again."""

    async def scene(stage: Stage) -> None:
        pool = await made(stage, "p", directory(tmp_path))
        stage.driver.action_fault = errors.Busy("somebody")
        assert await call(stage, RPCS, "DeleteResourcePool", Pool=pool) == IN_USE
        stage.driver.action_fault = errors.HypervisorFailure("it broke")
        with pytest.raises(Failed, match="DiskPool/p: it broke"):
            await call(stage, RPCS, "DeleteResourcePool", Pool=pool)

    play(scene)


# What is in use


NIC = "<interface type='network'><source network='default'/></interface>"
DISK = f"<disk type='file'><source file='{VOLUME.path}'/><target dev='vda'/></disk>"
BY_NAME = (
    "<disk type='volume'><source pool='default' volume='demo.qcow2'/><target dev='vda'/></disk>"
)


@pytest.mark.parametrize(
    ("pool_id", "class_name", "device"),
    [("NetworkPool/default", "KVM_NetworkPool", NIC), ("DiskPool/default", "KVM_DiskPool", DISK)],
)
def test_pools_of_running_domains_stay(pool_id: str, class_name: str, device: str) -> None:
    """A pool or network that a running domain has something of is in use."""
    arguments = {"pool": ObjectPath(class_name, (("InstanceID", pool_id),), "root/virt")}
    for domain, code in ((running("a", device), IN_USE), (stopped("a", device), NOT_SUPPORTED)):
        model = model_of(domain, resources=RESOURCES)
        for family in ("Virt_NetworkPool", "Virt_DiskPool"):
            model.add(provider(model, family))
        with pytest.raises(Refused) as caught:
            asyncio.run(delete_pool(model, arguments))
        assert caught.value.code == code


def test_volumes_in_use() -> None:
    """A running domain has one, by its path or by its pool; another volume continues one."""
    for domain, used in (
        (running("a", DISK), True),
        (running("a", BY_NAME), True),
        (running("a", NIC), False),
        (stopped("a", DISK), False),
    ):
        assert is_in_use(model_of(domain, resources=RESOURCES), POOL, VOLUME) is used
    child = replace(VOLUME, name="child", path="/images/child", backing_path=VOLUME.path)
    both = replace(RESOURCES, pools=(replace(POOL, volumes=(VOLUME, child)),))
    model = model_of(resources=both)
    assert (is_in_use(model, POOL, VOLUME), is_in_use(model, POOL, child)) == (True, False)
