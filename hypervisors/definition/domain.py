"""A domain's definition as a whole."""

from operator import attrgetter
from typing import ClassVar, Self

from virtcim.hypervisors.definition.boot import Boot
from virtcim.hypervisors.definition.converters import (
    children_elements,
    element,
    feature_lines,
    integer,
    memory_size,
    name,
    namespaces,
    state,
    switch,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.fields import Declared, at, declared, part, parts
from virtcim.hypervisors.definition.peripherals import MemoryBalloon
from virtcim.hypervisors.definition.processors import (
    CPU,
    BlockIOTune,
    CPUTune,
    IOThread,
    MemoryBacking,
    MemoryTune,
    NUMATune,
)
from virtcim.hypervisors.definition.readers import children
from virtcim.hypervisors.definition.storage import Filesystem
from virtcim.hypervisors.definition.xml import Element

_LIBOSINFO = "{http://libosinfo.org/xmlns/libvirt/domain/1.0}"


def _os_id(metadata: Element) -> str | None:
    found = metadata.find(f"{_LIBOSINFO}libosinfo/{_LIBOSINFO}os")
    return None if found is None else found.get("id")


@declared
class Timer(Declared):
    """One timer of the guest's clock; frequency: hertz."""

    name: str | None = at("@name", word)
    tick_policy: str | None = at("@tickpolicy", word)
    present: bool | None = at("@present", yes_no)
    track: str | None = at("@track", word)
    mode: str | None = at("@mode", word)
    frequency: int | None = at("@frequency", integer)
    catchup_threshold: int | None = at("catchup/@threshold", integer)
    catchup_slew: int | None = at("catchup/@slew", integer)
    catchup_limit: int | None = at("catchup/@limit", integer)


@declared
class SecurityLabel(Declared):
    """One `<seclabel>`; kind: "dynamic", "static" or "none"."""

    kind: str | None = at("@type", word)
    model: str | None = at("@model", word)
    relabel: bool | None = at("@relabel", yes_no)
    label: str | None = at("label", text, filled=True)
    base_label: str | None = at("baselabel", text)
    image_label: str | None = at("imagelabel", text, filled=True)


@declared
class KeyWrap(Declared):
    """One cipher with which a mainframe wraps keys."""

    name: str | None = at("@name", word)
    enabled: bool | None = at("@state", switch)


@declared
class IDMap(Declared):
    """One range of a container's users or groups; kind: "uid" or "gid"."""

    kind: str | None = at(".", name)
    start: int | None = at("@start", integer)
    target: int | None = at("@target", integer)
    count: int | None = at("@count", integer)


@declared
class DomainDefinition(Boot):
    """A `<domain>`.

    domain_type: "kvm", "qemu", "lxc", "xen", "vmware", "test", ...
    memory, current_memory, max_memory: bytes; max_memory only where memory can be plugged.
    vcpus: how many it can have; current_vcpus: how many it has, None means all.
    vcpu_set: on which processors of the host.
    features: what `<features>` holds, as `name=value`; a bare element is `name=on`.
    clock_adjustment: seconds of a "variable" clock, or "reset".
    clock_start: seconds since the epoch of an "absolute" clock.
    metadata: XML namespaces of what others keep in it.
    order: of its elements, as libvirt writes them.
    os_info: the operating system it was made for, in libosinfo's words.
    devices: in document order, all but `<emulator>`.
    """

    order: ClassVar[tuple[str, ...]] = (
        "name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory",
        "currentMemory", "blkiotune", "memtune", "memoryBacking", "vcpu", "iothreads",
        "iothreadids", "cputune", "numatune", "resource", "bootloader", "bootloader_args", "idmap",
        "os", "features", "cpu", "clock", "on_poweroff", "on_reboot", "on_crash", "on_lockfailure",
        "pm", "devices", "seclabel", "keywrap", "launchSecurity",
    )  # fmt: skip

    name: str | None = at("name", text)
    uuid: str | None = at("uuid", text)
    title: str | None = at("title", text)
    description: str | None = at("description", text)
    domain_type: str | None = at("@type", word)
    gen_id: str | None = at("genid", text, live=True)  # another with each return to an old state
    metadata: tuple[str, ...] = at("metadata", namespaces)
    os_info: str | None = at("metadata", element(_os_id))

    memory: int | None = at("memory", memory_size)
    dump_core: bool | None = at("memory/@dumpCore", switch)
    current_memory: int | None = at("currentMemory", memory_size, live=True)
    max_memory: int | None = at("maxMemory", memory_size)
    memory_slots: int | None = at("maxMemory/@slots", integer)
    memory_tune: MemoryTune | None = at("memtune", part(MemoryTune))
    memory_backing: MemoryBacking | None = at("memoryBacking", part(MemoryBacking))
    numa_tune: NUMATune | None = at("numatune", part(NUMATune))

    vcpus: int | None = at("vcpu", integer)
    current_vcpus: int | None = at("vcpu/@current", integer)
    vcpu_placement: str | None = at("vcpu/@placement", word)
    vcpu_set: str | None = at("vcpu/@cpuset", text)
    io_threads: int | None = at("iothreads", integer)
    io_thread_ids: tuple[IOThread, ...] = at("iothreadids/iothread", parts(IOThread))
    cpu: CPU | None = at("cpu", part(CPU), filled=True)
    cpu_tune: CPUTune | None = at("cputune", part(CPUTune))
    block_io_tune: BlockIOTune | None = at("blkiotune", part(BlockIOTune))
    partition: str | None = at("resource/partition", text, filled=True)
    fibre_channel_id: str | None = at("resource/fibrechannel/@appid", text)

    features: tuple[str, ...] = at("features", feature_lines)
    acpi: bool | None = at("features/acpi", state)
    apic: bool | None = at("features/apic", state)
    pae: bool | None = at("features/pae", state)

    clock_offset: str | None = at("clock/@offset", word)
    clock_basis: str | None = at("clock/@basis", word)
    clock_timezone: str | None = at("clock/@timezone", text)
    clock_adjustment: str | None = at("clock/@adjustment", text, live=True)
    clock_start: int | None = at("clock/@start", integer)
    timers: tuple[Timer, ...] = at("clock/timer", parts(Timer))

    on_poweroff: str | None = at("on_poweroff", word)
    on_reboot: str | None = at("on_reboot", word)
    on_crash: str | None = at("on_crash", word)
    on_lockfailure: str | None = at("on_lockfailure", word)
    suspend_to_memory: bool | None = at("pm/suspend-to-mem/@enabled", yes_no)
    suspend_to_disk: bool | None = at("pm/suspend-to-disk/@enabled", yes_no)

    security_labels: tuple[SecurityLabel, ...] = at("seclabel", parts(SecurityLabel), live=True)
    launch_security: str | None = at("launchSecurity/@type", word)
    key_wrap: tuple[KeyWrap, ...] = at("keywrap/cipher", parts(KeyWrap))
    id_maps: tuple[IDMap, ...] = at("idmap", children(IDMap))

    emulator: str | None = at("devices/emulator", text)
    devices: tuple[Device, ...] = at("devices", children_elements, live=True)

    def differs_from(self, other: Self) -> bool:
        """Whether the two are different definitions: a running domain has pending changes."""
        mine, theirs = _written(self.devices), _written(other.devices)
        return (
            super().differs_from(other)
            or len(mine) != len(theirs)
            or any(map(_other_device, mine, theirs))
            or _other_labels(self, other)
            or _other_balloon(self, other)
        )


def _written(devices: tuple[Device, ...]) -> list[Device]:
    """Those that somebody defined, in an order that a guest keeps when it is saved and restored.

    A container that starts is given the host's root.
    """
    found = [
        one
        for one in devices
        if not (isinstance(one, Filesystem) and (one.target, one.source_directory) == ("/", "/"))
    ]
    return sorted(found, key=attrgetter("id"))


def _other_device(mine: Device, other: Device) -> bool:
    return type(mine) is not type(other) or mine.differs_from(other)


def _other_labels(mine: DomainDefinition, other: DomainDefinition) -> bool:
    """A start adds labels of the models that the definition does not name."""
    theirs = {label.model: label for label in other.security_labels}
    return any(
        label.differs_from(theirs[label.model])
        for label in mine.security_labels
        if label.model in theirs
    )


def _other_balloon(mine: DomainDefinition, other: DomainDefinition) -> bool:
    """Without a balloon a running guest has all its memory, whatever the definition wants."""
    fixed = any(isinstance(one, MemoryBalloon) and one.model == "none" for one in mine.devices)
    return not fixed and mine.current_memory != other.current_memory
