"""Templates: what can be asked of pools and of the host, in numbers that hold."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.hypervisors.standing import StandingHypervisor
from tests.providers.graph import Graph
from tests.providers.handmade import model_of, network_facts, provider, records, told
from tests.providers.shared_resources import (
    DISK,
    GIB,
    MACHINE,
    MIB,
    POOL,
    REMOTE,
    RESOURCES,
    VOLUME,
    interface,
    pool_facts,
    running,
)
from virtcim.broker.namespaces import find_record
from virtcim.hypervisors.resources import NO_RESOURCES, ResourceFacts
from virtcim.providers import templates, views
from virtcim.providers.model import HostModel
from virtcim.providers.serving import DomainPartsProvider
from virtcim.providers.templates_flavours import VALUE_ROLES, Flavour
from virtcim.providers.templates_legacy import VOLUME_DEFINITION
from virtcim.schema.families import build_repository, member
from virtcim.schema.layouts import Layout, Record
from virtcim.wbem.paths import ObjectPath

PREFIXES = ("KVM", "Xen", "LXC")
DOMAIN = running("a", DISK + interface("direct", "dev='eth0'"))


def shared(model: HostModel, family: str) -> list[Record]:
    """Return the templates of a family."""
    found = provider(model, family)
    assert isinstance(found, DomainPartsProvider)
    return [*found.shared_records()]


def every(model: HostModel) -> Iterator[Record]:
    """Yield all templates of pools."""
    for family in templates.SETTINGS:
        yield from shared(model, family)


def one(model: HostModel, family: str, instance_id: str) -> Record:
    """Return the template with an id, as GetInstance finds it."""
    found = provider(model, family).find({"instanceid": instance_id})
    assert found is not None
    return found


def with_prefix(prefix: str, *, compat: bool, resources: ResourceFacts = RESOURCES) -> HostModel:
    """Return a model whose host has another prefix."""
    model = model_of(resources=resources, compat=compat)
    model.host.prefix = prefix
    return model


# Those of the machine


def test_ids_are_unique_and_can_be_fetched() -> None:
    """Each template has a path of its own that finds it, with its pool and its flavour in it."""
    model = model_of(DOMAIN, resources=RESOURCES)
    found = [*every(model)]
    ids = Counter((record.layout.class_name, record["InstanceID"]) for record in found)
    assert set(ids.values()) == {1}
    assert {record["ResourceType"] for record in found} == {3, 4, 10, 17, 24, 13}
    for family in templates.SETTINGS:
        for record in shared(model, family):
            assert find_record(provider(model, family), record.path) is record
            pool, flavour, name = str(record["InstanceID"]).rsplit("/", 2)
            assert (pool, Flavour(flavour)) == (record["PoolID"], templates.flavour_of(record))
            assert name


def test_they_are_not_enumerated() -> None:
    """Who lists the settings of a class gets those of domains."""
    for compat in (False, True):
        model = model_of(DOMAIN, resources=RESOURCES, compat=compat)
        for family in templates.SETTINGS:
            listed = {str(record["InstanceID"]).partition("/")[0]
                      for record in records(model, family)}  # fmt: skip
            assert listed <= {"a"}


def test_processors_and_memory() -> None:
    """The most is what the machine has; where it is not known there is no template of it."""
    model = model_of(resources=RESOURCES)
    amounts = {
        str(record["InstanceID"]): told(record, "VirtualQuantity", "Limit", "AllocationUnits")
        for family in (views.PROCESSOR_SETTING, views.MEMORY_SETTING)
        for record in shared(model, family)
    }
    assert amounts == {
        "ProcessorPool/0/Minimum/0":   (1, 1, "count"),
        "ProcessorPool/0/Maximum/0":   (255, 255, "count"),
        "ProcessorPool/0/Default/0":   (1, 1, "count"),
        "ProcessorPool/0/Increment/0": (1, 1, "count"),
        "MemoryPool/0/Minimum/0":      (1024, 1024, "byte*2^10"),
        "MemoryPool/0/Maximum/0":      (16 * MIB, 16 * MIB, "byte*2^10"),
        "MemoryPool/0/Default/0":      (MIB, MIB, "byte*2^10"),
        "MemoryPool/0/Increment/0":    (1024, 1024, "byte*2^10"),
    }  # fmt: skip
    silent = replace(RESOURCES, machine=replace(MACHINE, most_vcpus=None))
    found = shared(model_of(resources=silent), views.PROCESSOR_SETTING)
    assert Flavour.MAXIMUM not in {templates.flavour_of(record) for record in found}
    small = replace(RESOURCES, machine=replace(MACHINE, memory=256 * MIB))
    default = one(model_of(resources=small), views.MEMORY_SETTING, "MemoryPool/0/Default/0")
    assert default["VirtualQuantity"] == 256 * 1024


def test_networks() -> None:
    """Each network, bridge and macvtap device has its own connection; the primordial pool none."""
    model = model_of(DOMAIN, resources=RESOURCES)
    connections = {
        str(record["PoolID"]): told(record, "NetworkType", "NetworkName", "SourceDevice")
        for record in shared(model, views.NET_SETTING)
    }
    assert connections == {
        "NetworkPool/default": ("network", "default", None),
        "NetworkPool/bridge:br0": ("bridge", "br0", None),
        "NetworkPool/direct:eth0": ("direct", "eth0", "eth0"),
    }
    bandwidth = ("AllocationUnits", "Reservation", "Limit", "VirtualQuantity")
    found = {
        templates.flavour_of(record): told(record, *bandwidth)
        for record in shared(model, views.NET_SETTING)
        if record["PoolID"] == "NetworkPool/default"
    }
    assert found == {
        Flavour.MINIMUM: ("byte*10^3/second", 1, 1, 1),
        Flavour.MAXIMUM: ("count", None, None, 1),
        Flavour.DEFAULT: ("count", None, None, 1),
        Flavour.INCREMENT: ("byte*10^3/second", 1, 1, 1),
    }


def test_volumes() -> None:
    """Each volume is a disk; those that have no path on the host are named by their pool."""
    far = pool_facts("far", REMOTE, replace(REMOTE, name="b", capacity=3 * GIB), kind="rbd")
    empty = pool_facts("empty")
    model = model_of(resources=replace(RESOURCES, pools=(POOL, far, empty)))
    disk = one(model, views.DISK_SETTING, "DiskPool/default/Default/demo.qcow2")
    assert told(disk, "Address", "SourceType", "DriverType", "VirtualQuantity", "SourcePool") == (
        VOLUME.path, "file", "qcow2", 10 * GIB, None,
    )  # fmt: skip
    assert told(disk, "AllocationUnits", "EmulatedType", "ElementName") == (
        "byte", 0, "Default of default: demo.qcow2",
    )  # fmt: skip
    remote = one(model, views.DISK_SETTING, "DiskPool/far/Default/far")
    assert told(remote, "SourceType", "SourcePool", "SourceVolume") == ("volume", "far", "far")
    sizes = [one(model, views.DISK_SETTING, f"DiskPool/far/{flavour}/0")["VirtualQuantity"]
             for flavour in ("Minimum", "Maximum")]  # fmt: skip
    assert sizes == [GIB, 3 * GIB]
    pools = {record["PoolID"] for record in shared(model, views.DISK_SETTING)}
    assert pools == {"DiskPool/default", "DiskPool/far", "DiskPool/0"}


@pytest.mark.parametrize(
    ("guests", "displays", "inputs", "drives"),
    [
        (("hvm",), {"vnc", "vnc6"}, {"mouse:ps2", "mouse:usb", "tablet:usb"}, {"cdrom", "floppy"}),
        (("xen",), {"vnc", "vnc6"}, {"mouse:xen"}, set()),
        (("exe",), set(), set(), set()),
    ],
)
def test_devices_of_guests(
    guests: tuple[str, ...], displays: set[str], inputs: set[str], drives: set[str]
) -> None:
    """A machine offers the devices that its guests can have; a container has none."""
    machine = replace(MACHINE, guest_types=guests)
    model = model_of(resources=replace(NO_RESOURCES, machine=machine))

    def names(family: str) -> set[str]:
        return {str(record["InstanceID"]).rpartition("/")[2] for record in shared(model, family)}

    assert names(views.GRAPHICS_SETTING) == displays
    assert names(views.INPUT_SETTING) == inputs
    assert names(views.DISK_SETTING) == drives


def test_a_silent_hypervisor() -> None:
    """What is not known is not offered, and nothing is made up."""
    model = model_of(resources=NO_RESOURCES)
    assert {record["InstanceID"] for record in every(model)} == {
        f"{pool}/{flavour}/0"
        for pool in ("ProcessorPool/0", "MemoryPool/0")
        for flavour in ("Minimum", "Default", "Increment")
    }
    assert shared(model, templates.SYSTEM) == []


def test_they_are_kept() -> None:
    """Templates stay as long as the pools do."""
    model = model_of(resources=RESOURCES)
    assert all(a is b for a, b in zip(every(model), every(model), strict=True))


# Those of libvirt-cim


@pytest.mark.parametrize(
    ("prefix", "network", "disk", "inputs"),
    [("KVM", 40, 20, 12), ("Xen", 40, 32, 12), ("LXC", 40, 4, 4), ("Test", 40, 20, 12)],
)
def test_numbers_of_templates(prefix: str, network: int, disk: int, inputs: int) -> None:
    """Each pool has as many as libvirt-cim gives it."""
    values = templates.templates(with_prefix(prefix, compat=True))
    found = Counter(str(one["PoolID"]) for family in templates.SETTINGS
                    for one in values.get(family, ()))  # fmt: skip
    assert found == {
        "ProcessorPool/0": 4,
        "MemoryPool/0": 4,
        "NetworkPool/default": network,
        "NetworkPool/0": 20,
        "DiskPool/default": disk,
        "DiskPool/0": 28,
        "GraphicsPool/0": 20,
        "InputPool/0": inputs,
    }


def test_values_of_libvirt_cim() -> None:
    """Numbers, units and ids are its own."""
    model = model_of(resources=RESOURCES, compat=True)
    memory = {record["InstanceID"]: told(record, "VirtualQuantity", "Limit", "AllocationUnits")
              for record in shared(model, views.MEMORY_SETTING)}  # fmt: skip
    assert memory == {
        "Minimum": (65536, 65536, "KiloBytes"),
        "Maximum": (4194304, 4194304, "KiloBytes"),
        "Default": (262144, 262144, "KiloBytes"),
        "Increment": (1024, 1024, "KiloBytes"),
    }
    processors = {record["InstanceID"]: told(record, "VirtualQuantity", "Weight")
                  for record in shared(model, views.PROCESSOR_SETTING)}  # fmt: skip
    assert processors == {
        "Minimum": (0, 2), "Maximum": (255, 262144), "Default": (1, 1024), "Increment": (1, 1),
    }  # fmt: skip
    disks = [told(record, "InstanceID", "VirtualQuantity", "Address", "readonly")
             for record in shared(model, views.DISK_SETTING)][:3]  # fmt: skip
    assert disks == [
        ("Minimum", 2000, VOLUME.path, None),
        ("Minimum CDROM", None, "/dev/null", True),
        ("Minimum floppy", None, "/dev/null", True),
    ]
    volumes = [told(record, "InstanceID", "ResourceType", "Path", "AllocationUnits")
               for record in shared(model, VOLUME_DEFINITION)][:2]  # fmt: skip
    assert volumes == [
        ("New Storage Volume Minimum", 32768, "/images", None),
        ("New Storage Volume Minimum", 32768, "/images", "G"),
    ]
    xen = templates.templates(with_prefix("Xen", compat=True))[views.PROCESSOR_SETTING]
    assert [(values["Weight"], values["Limit"]) for values in xen] == [
        (1, 1), (65535, 0), (1024, 0), (32767, 50),
    ]  # fmt: skip


def test_an_id_of_several_finds_none() -> None:
    """In libvirt-cim's way many share an id; none of those can be fetched."""
    model = model_of(resources=RESOURCES, compat=True)
    assert provider(model, views.NET_SETTING).find({"instanceid": "Default"}) is None
    assert one(model, views.MEMORY_SETTING, "Default")["PoolID"] == "MemoryPool/0"
    roles = Counter(templates.value_role(record) for record in every(model))
    assert roles == dict.fromkeys(VALUE_ROLES.values(), 37)


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_properties_are_those_of_the_classes(prefix: str, *, compat: bool) -> None:
    """No template has a value for a property that its class lacks."""
    repository = build_repository(PREFIXES)
    resources = replace(
        RESOURCES,
        networks=(network_facts("default"),),
        machine=replace(MACHINE, guest_types=("hvm", "xen", "exe")),
    )
    model = with_prefix(prefix, compat=compat, resources=resources)
    for family, found in templates.templates(model).items():
        declaration = repository.find(member(prefix, family))
        assert declaration is not None
        known = {one.name for one in Layout(declaration).properties}
        assert {name for values in found for name in values} <= known


# Systems


def test_systems() -> None:
    """Each type of guest has a template with an id that stays and finds it."""
    machine = replace(MACHINE, guest_types=("hvm", "exe", "hvm"))
    model = model_of(resources=replace(RESOURCES, machine=machine))
    whole, container = shared(model, templates.SYSTEM)
    assert told(whole, "InstanceID", "VirtualSystemType", "BootDevices", "EnableACPI", "Arch") == (
        "KVM:template/hvm", "KVM", ("hd",), True, "x86_64",
    )  # fmt: skip
    assert told(container, "InstanceID", "InitPath", "EnableACPI") == (
        "KVM:template/exe", "/sbin/init", False,
    )  # fmt: skip
    assert one(model, templates.SYSTEM, "KVM:template/hvm") is whole


@pytest.mark.parametrize(
    ("prefix", "guests", "names"),
    [
        ("KVM", ("hvm",), ["KVM_guest"]),
        ("LXC", ("exe",), ["LXC_guest"]),
        ("Xen", ("xen",), ["Xen_Paravirt_Guest"]),
        ("Xen", ("xen", "hvm"), ["Xen_Paravirt_Guest", "Xen_Fullvirt_Guest"]),
    ],
)
def test_systems_of_libvirt_cim(prefix: str, guests: tuple[str, ...], names: list[str]) -> None:
    """Its clients find its systems, whose ids are a UUID that does not change."""
    resources = replace(NO_RESOURCES, machine=replace(MACHINE, guest_types=guests))
    first, second = (
        templates.templates(with_prefix(prefix, compat=True, resources=resources))[templates.SYSTEM]
        for _ in range(2)
    )
    assert [values["VirtualSystemIdentifier"] for values in first] == names
    assert first == second
    assert all(str(values["InstanceID"]).startswith(f"{prefix}:") for values in first)


# What they are related to


@pytest.mark.parametrize("compat", [False, True])
def test_capabilities_define_templates(*, compat: bool) -> None:
    """Templates are reached from the capabilities of their pool, and lead back to them."""

    async def scene() -> None:
        graph = Graph(StandingHypervisor((DOMAIN,), RESOURCES), "KVM", compat=compat)
        await graph.start()
        links = [*graph.providers()["KVM_SettingsDefineCapabilities"].records()]
        for link in links:
            group, part = link["GroupComponent"], link["PartComponent"]
            assert isinstance(group, ObjectPath)
            assert isinstance(part, ObjectPath)
            assert graph.resolve(group) is not None
            if not compat:
                assert graph.resolve(part) is not None
                assert graph.resolve(link.path) is not None
        groups = Counter(path.class_name for path in map(_group, links))
        assert groups["KVM_VirtualSystemManagementCapabilities"] == 1
        assert groups["KVM_VirtualSystemMigrationCapabilities"] == 1
        if compat:
            assert groups["KVM_AllocationCapabilities"] == 148
        roles = {told(link, "PropertyPolicy", "ValueRole", "ValueRange") for link in links}
        assert roles == {(0, *map(int, role)) for role in VALUE_ROLES.values()}
        await graph.host.close()

    asyncio.run(scene())


def _group(link: Record) -> ObjectPath:
    path = link["GroupComponent"]
    assert isinstance(path, ObjectPath)
    return path


def test_a_domains_setting_is_no_template() -> None:
    """Only templates lead to the capabilities of their pool; an allocation does not."""

    async def scene() -> None:
        graph = Graph(StandingHypervisor((DOMAIN,), RESOURCES), "KVM", compat=False)
        await graph.start()
        association = graph.providers()["KVM_SettingsDefineCapabilities"]
        (setting,) = graph.providers()["KVM_DiskResourceAllocationSettingData"].records()
        assert setting["PoolID"] == "DiskPool/default"
        assert [*association.partners(1, setting)] == []  # type: ignore[attr-defined]
        await graph.host.close()

    asyncio.run(scene())
