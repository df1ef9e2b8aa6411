"""Real definitions, read whole."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from tests.hypervisors.definition.corpus import PARSERS, lines, texts
from virtcim.hypervisors.definition import (
    DomainDefinition,
    OtherDevice,
    Serial,
    parse_domain,
    parse_snapshot,
)
from virtcim.hypervisors.definition.fields import Declared, declarations
from virtcim.hypervisors.definition.kinds import KINDS

DOMAINS = texts("domains")

OTHERS = {
    # libvirt's kinds without a class of their own
    "audio", "crypto", "hub", "iommu", "lease", "nvram", "panic", "pstore", "redirdev",
    "redirfilter", "shmem", "smartcard",
}  # fmt: skip


def declaring(cls: type[Declared]) -> Iterator[type[Declared]]:
    """All classes that declare fields."""
    for one in cls.__subclasses__():
        yield one
        yield from declaring(one)


def objects(value: object) -> Iterator[Declared]:
    """A definition and all that it is made of."""
    if isinstance(value, Declared):
        yield value
        for name in vars(value):
            yield from objects(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from objects(item)


def owner(cls: type, name: str) -> str:
    """The class that declares a field, and the field."""
    return next(f"{one.__name__}.{name}" for one in cls.__mro__ if name in vars(one))


def test_every_declared_field_is_read_from_a_real_definition() -> None:
    """No declaration stands at a place that libvirt does not use."""
    declared = {owner(cls, name) for cls in declaring(Declared) for name in declarations(cls)}
    read = {
        owner(type(one), name)
        for folder, parse in PARSERS.items()
        for text in texts(folder).values()
        for one in objects(parse(text))
        for name, declaration in declarations(type(one)).items()
        if getattr(one, name) != declaration.converter.default
    }
    assert sorted(declared - read) == []


def test_every_kind_of_device_occurs() -> None:
    """Those with classes, and those of libvirt's without."""
    found = {one.element for text in DOMAINS.values() for one in parse_domain(text).devices}
    assert found == set(KINDS) | OTHERS


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_every_element_is_one_device(name: str) -> None:
    """In document order, with an id of its own, and nothing of the element is lost."""
    definition = parse_domain(DOMAINS[name])
    place = ET.fromstring(DOMAINS[name]).find("devices")
    elements = [] if place is None else [one for one in place if one.tag != "emulator"]
    assert [one.element for one in definition.devices] == [one.tag for one in elements]
    assert len({one.id for one in definition.devices}) == len(elements)
    for device, element in zip(definition.devices, elements, strict=True):
        assert list(device.attributes) == list(lines(element))
        assert (type(device) is OtherDevice) == (element.tag not in KINDS)
        address = element.find("address")
        if address is not None:
            assert device.address is not None
            assert device.address.names == tuple(address.attrib)
            assert device.address.values == tuple(address.attrib.values())


@pytest.mark.parametrize("name", sorted(texts("snapshots")))
def test_a_snapshot_has_the_domain_of_its_moment(name: str) -> None:
    """With the attributes of its devices; old snapshots have none."""
    text = texts("snapshots")[name]
    inside = ET.fromstring(text).find("domain")
    definition = parse_snapshot(text)
    assert (definition is None) == (inside is None)
    if inside is not None and definition is not None:
        place = inside.find("devices")
        assert place is not None
        for device, element in zip(definition.devices, place[1:], strict=True):
            assert list(device.attributes) == list(lines(element))


def identified(name: str) -> dict[str, tuple[str, ...]]:
    """The ids of a definition, by element."""
    found: dict[str, tuple[str, ...]] = {}
    for device in parse_domain(DOMAINS[name]).devices:
        found[device.element] = (*found.get(device.element, ()), device.id)
    return found


def test_ids() -> None:
    """libvirt-cim's where it has them; numbers for the rest; a second one gets a number more."""
    peripherals = identified("peripherals")
    assert peripherals["input"][:6] == (
        "tablet:usb",
        "tablet:usb:1",
        "keyboard:virtio",
        "mouse:virtio",
        "passthrough:virtio",
        "evdev",
    )
    assert peripherals["rng"] == ("rng:0", "rng:1", "rng:2")
    assert peripherals["controller"][:2] == ("controller:pci:0", "controller:pci:1")
    assert identified("odd-names")["interface"] == ("52:54:00:ab:cd:ef", "52:54:00:ab:cd:ef:1")
    assert identified("filesystems")["filesystem"] == ("export", "mem:1", "fast", "tag")
    assert identified("sdl")["graphics"] == ("sdl::1",)
    assert identified("vnc")["graphics"] == ("vnc", "vnc:1")
    characters = identified("characters")
    assert characters["serial"] == ("serial:0", "serial:1", "serial:2", "serial:3", "serial:0:1")
    assert characters["console"][:2] == ("charconsole:0", "charconsole:1")
    assert characters["channel"][0] == "channel:org.qemu.guest_agent.0"
    assert characters["channel"][2] == "channel:2"


def test_a_typical_domain() -> None:
    """The fields of one, as words and numbers."""
    one = parse_domain(DOMAINS["started.live"])
    assert isinstance(one, DomainDefinition)
    assert (one.name, one.memory, one.vcpus) == ("started", 64 * 2**20, 1)
    assert (one.os_type, one.architecture, one.boot_devices) == ("hvm", "x86_64", ("hd",))
    assert (one.acpi, one.apic, one.pae) == (True, None, None)
    assert one.emulator == "/usr/bin/qemu-system-x86_64"


def test_a_character_device_of_two_ends() -> None:
    """A UDP one is bound and connected; by itself it is the first."""
    devices = parse_domain(DOMAINS["characters"]).devices
    one = next(one for one in devices if isinstance(one, Serial) and one.kind == "udp")
    assert [(end.mode, end.service) for end in one.sources] == [
        ("bind", "9998"),
        ("connect", "9999"),
    ]
    assert (one.source_mode, one.source_host) == ("bind", "127.0.0.1")
    assert (one.source_service, one.source_path) == ("9998", None)


def test_features_are_lines() -> None:
    """A bare one is on, a state is its value, the rest stands at its path."""
    features = parse_domain(DOMAINS["features"]).features
    assert features[:3] == ("acpi=on", "apic/@eoi=on", "pae=on")
    assert "hap=off" in features
    assert "hyperv/spinlocks=on" in features
    assert "hyperv/spinlocks/@retries=4096" in features
    assert "kvm/hidden=on" in features
    assert parse_domain(DOMAINS["newer.live"]).apic is False
