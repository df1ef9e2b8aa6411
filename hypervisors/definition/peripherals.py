"""Every other kind of device that has fields of its own."""

from virtcim.hypervisors.definition.converters import (
    integer,
    many,
    memory_size,
    names,
    present,
    switch,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.devices import Address, Device, address_converter
from virtcim.hypervisors.definition.fields import (
    at,
    declared,
)


@declared
class Input(Device):
    """An `<input>`; kind: "mouse", "tablet", "keyboard", "passthrough", "evdev"."""

    element: str = "input"
    kind: str | None = at("@type", word)
    bus: str | None = at("@bus", word)
    model: str | None = at("@model", word)
    source_device: str | None = at("source/@dev", text, also=("source/@evdev",))
    grab: str | None = at("source/@grab", word)
    grab_toggle: str | None = at("source/@grabToggle", word)
    repeat: bool | None = at("source/@repeat", switch)


@declared
class Controller(Device):
    """A `<controller>`.

    kind: "pci", "scsi", "usb", "virtio-serial", "sata", "ide", "fdc", "ccid", "xenbus", "isa", ...
    model_name: what QEMU calls it. pci_hole: bytes of the 64-bit PCI hole.
    """

    element: str = "controller"
    kind: str | None = at("@type", word)
    index: int | None = at("@index", integer)
    model: str | None = at("@model", word)
    ports: int | None = at("@ports", integer)
    vectors: int | None = at("@vectors", integer)
    max_grant_frames: int | None = at("@maxGrantFrames", integer)
    max_event_channels: int | None = at("@maxEventChannels", integer)
    queues: int | None = at("driver/@queues", integer)
    commands_per_lun: int | None = at("driver/@cmd_per_lun", integer)
    max_sectors: int | None = at("driver/@max_sectors", integer)
    io_event_fd: bool | None = at("driver/@ioeventfd", switch)
    io_thread: int | None = at("driver/@iothread", integer)
    model_name: str | None = at("model/@name", word)
    chassis_number: int | None = at("target/@chassisNr", integer)
    chassis: int | None = at("target/@chassis", integer)
    port: str | None = at("target/@port", word)
    bus_number: int | None = at("target/@busNr", integer)
    target_index: int | None = at("target/@index", integer)
    hotplug: bool | None = at("target/@hotplug", switch)
    numa_node: int | None = at("target/node", integer)
    pci_hole: int | None = at("pcihole64", memory_size)
    start_port: int | None = at("master/@startport", integer)


@declared
class MemoryDevice(Device):
    """A `<memory>` among the devices; all its sizes are bytes.

    model: "dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc".
    requested, current: of "virtio-mem", which grows and shrinks.
    """

    element: str = "memory"
    model: str | None = at("@model", word)
    access: str | None = at("@access", word)
    discard: bool | None = at("@discard", yes_no)
    uuid: str | None = at("uuid", text)
    source_path: str | None = at("source/path", text)
    source_nodes: str | None = at("source/nodemask", text)
    page_size: int | None = at("source/pagesize", memory_size)
    align_size: int | None = at("source/alignsize", memory_size)
    persistent: bool = at("source/pmem", present)
    size: int | None = at("target/size", memory_size)
    node: int | None = at("target/node", integer)
    block: int | None = at("target/block", memory_size)
    requested: int | None = at("target/requested", memory_size)
    current: int | None = at("target/current", memory_size, live=True)
    label_size: int | None = at("target/label/size", memory_size)
    readonly: bool = at("target/readonly", present)


@declared
class MemoryBalloon(Device):
    """The `<memballoon>`; period: seconds between the guest's statistics."""

    element: str = "memballoon"
    model: str | None = at("@model", word)
    autodeflate: bool | None = at("@autodeflate", switch)
    free_page_reporting: bool | None = at("@freePageReporting", switch)
    period: int | None = at("stats/@period", integer)


@declared
class Watchdog(Device):
    """A `<watchdog>`."""

    element: str = "watchdog"
    model: str | None = at("@model", word)
    action: str | None = at("@action", word)


@declared
class HostDevice(Device):
    """A `<hostdev>`: a device of the host given to the guest.

    mode: "subsystem" or "capabilities" (containers).
    kind: "usb", "pci", "scsi", "scsi_host", "mdev"; of a container "storage", "misc", "net".
    source_node: path on the host, or interface, of a container's.
    """

    element: str = "hostdev"
    mode: str | None = at("@mode", word)
    kind: str | None = at("@type", word)
    managed: bool | None = at("@managed", yes_no)
    model: str | None = at("@model", word)
    raw_io: bool | None = at("@rawio", yes_no)
    sgio: str | None = at("@sgio", word)
    display: bool | None = at("@display", switch)
    ram_framebuffer: bool | None = at("@ramfb", switch)
    driver: str | None = at("driver/@name", word)
    source_address: Address | None = at("source/address", address_converter)
    startup_policy: str | None = at("source/@startupPolicy", word)
    vendor_id: str | None = at("source/vendor/@id", word)
    product_id: str | None = at("source/product/@id", word)
    adapter: str | None = at("source/adapter/@name", text)
    source_protocol: str | None = at("source/@protocol", word)
    source_name: str | None = at("source/@name", text)
    wwpn: str | None = at("source/@wwpn", text)
    source_node: str | None = at("source/block", text, also=("source/char", "source/interface"))
    rom_bar: bool | None = at("rom/@bar", switch)
    rom_file: str | None = at("rom/@file", text)
    rom_enabled: bool | None = at("rom/@enabled", yes_no)
    teaming: str | None = at("teaming/@type", word)
    readonly: bool = at("readonly", present)
    shareable: bool = at("shareable", present)


@declared
class Sound(Device):
    """A `<sound>` card."""

    element: str = "sound"
    model: str | None = at("@model", word)
    codecs: tuple[str, ...] = at("codec/@type", many(word))
    audio_id: int | None = at("audio/@id", integer)


@declared
class TPM(Device):
    """A `<tpm>`; backend: "passthrough", "emulator", "external"."""

    element: str = "tpm"
    model: str | None = at("@model", word)
    backend: str | None = at("backend/@type", word)
    version: str | None = at("backend/@version", word)
    persistent_state: bool | None = at("backend/@persistent_state", yes_no)
    source_path: str | None = at("backend/device/@path", text, also=("backend/source/@path",))
    encryption_secret: str | None = at("backend/encryption/@secret", text)
    active_banks: tuple[str, ...] = at("backend/active_pcr_banks", names)


@declared
class RandomGenerator(Device):
    """An `<rng>`.

    backend: "random", "egd", "builtin". source_path: the host's generator.
    rate_bytes: how many the guest gets in rate_period milliseconds.
    """

    element: str = "rng"
    model: str | None = at("@model", word)
    backend: str | None = at("backend/@model", word)
    backend_type: str | None = at("backend/@type", word)
    source_path: str | None = at("backend", text)
    rate_bytes: int | None = at("rate/@bytes", integer)
    rate_period: int | None = at("rate/@period", integer)


@declared
class Vsock(Device):
    """A `<vsock>`; cid: the guest's number, at automatic ones once it runs."""

    element: str = "vsock"
    model: str | None = at("@model", word)
    automatic: bool | None = at("cid/@auto", yes_no)
    cid: int | None = at("cid/@address", integer, filled=True)
