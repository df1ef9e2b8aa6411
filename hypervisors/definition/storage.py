"""Disks and filesystems."""

from dataclasses import replace
from typing import ClassVar, Self

from virtcim.hypervisors.definition.converters import (
    byte_size,
    integer,
    memory_size_of,
    present,
    switch,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.devices import Address, Device, address_converter
from virtcim.hypervisors.definition.fields import Declared, at, declared, part, parts
from virtcim.hypervisors.definition.readers import chain


@declared
class SourceHost(Declared):
    """One server of a network source."""

    name: str | None = at("@name", text)
    port: int | None = at("@port", integer)
    transport: str | None = at("@transport", word)
    socket: str | None = at("@socket", text)


@declared
class BackingStore(Declared):
    """One image below a disk's image, or the copy of a running block job.

    path: file, device, directory, or name of a network image.
    """

    kind: str | None = at("@type", word)
    format: str | None = at("format/@type", word)
    path: str | None = at(
        "source/@file",
        text,
        also=("source/@dev", "source/@dir", "source/@name", "source/@volume", "source/@path"),
    )
    protocol: str | None = at("source/@protocol", word)
    hosts: tuple[SourceHost, ...] = at("source/host", parts(SourceHost))


@declared
class Mirror(BackingStore):
    """Where a running block job copies a disk to."""

    job: str | None = at("@job", word)
    ready: str | None = at("@ready", word)


@declared
class Limits(Declared):
    """What a disk may do per second (`<iotune>`); `_max` are bursts, `_length` their seconds."""

    total_bytes: int | None = at("total_bytes_sec", integer)
    read_bytes: int | None = at("read_bytes_sec", integer)
    write_bytes: int | None = at("write_bytes_sec", integer)
    total_operations: int | None = at("total_iops_sec", integer)
    read_operations: int | None = at("read_iops_sec", integer)
    write_operations: int | None = at("write_iops_sec", integer)
    total_bytes_max: int | None = at("total_bytes_sec_max", integer)
    read_bytes_max: int | None = at("read_bytes_sec_max", integer)
    write_bytes_max: int | None = at("write_bytes_sec_max", integer)
    total_operations_max: int | None = at("total_iops_sec_max", integer)
    read_operations_max: int | None = at("read_iops_sec_max", integer)
    write_operations_max: int | None = at("write_iops_sec_max", integer)
    total_bytes_length: int | None = at("total_bytes_sec_max_length", integer)
    total_operations_length: int | None = at("total_iops_sec_max_length", integer)
    operation_size: int | None = at("size_iops_sec", integer)
    group: str | None = at("group_name", text)


@declared
class Geometry(Declared):
    """How a disk pretends to be built."""

    cylinders: int | None = at("@cyls", integer)
    heads: int | None = at("@heads", integer)
    sectors: int | None = at("@secs", integer)
    translation: str | None = at("@trans", word)


@declared
class Disk(Device):
    """A `<disk>`.

    kind: of its source: "file", "block", "dir", "network", "volume", "nvme", "vhostuser", ...
    device: "disk", "cdrom", "floppy", "lun"; None means "disk".
    target: its name in the guest, as libvirt suggests it.
    order: of its elements, as libvirt writes them.
    backing: the images below, the nearest first.
    logical_block_size, physical_block_size, discard_granularity, cache_size: bytes.
    """

    order: ClassVar[tuple[str, ...]] = (
        "driver", "auth", "source", "backingStore", "geometry", "blockio", "mirror", "target",
        "iotune", "readonly", "shareable", "transient", "serial", "wwn", "vendor", "product",
        "encryption", "boot", "alias", "address",
    )  # fmt: skip

    element: str = "disk"
    kind: str | None = at("@type", word)
    device: str | None = at("@device", word)
    model: str | None = at("@model", word)
    raw_io: bool | None = at("@rawio", yes_no)
    sgio: str | None = at("@sgio", word)
    snapshot: str | None = at("@snapshot", word)

    driver: str | None = at("driver/@name", word)
    format: str | None = at("driver/@type", word, filled=True)
    cache: str | None = at("driver/@cache", word)
    io: str | None = at("driver/@io", word)
    discard: str | None = at("driver/@discard", word)
    detect_zeroes: str | None = at("driver/@detect_zeroes", word)
    error_policy: str | None = at("driver/@error_policy", word)
    read_error_policy: str | None = at("driver/@rerror_policy", word)
    copy_on_read: bool | None = at("driver/@copy_on_read", switch)
    io_thread: int | None = at("driver/@iothread", integer)
    queues: int | None = at("driver/@queues", integer)
    queue_size: int | None = at("driver/@queue_size", integer)
    io_event_fd: bool | None = at("driver/@ioeventfd", switch)
    metadata_cache: int | None = at("driver/metadata_cache/max_size", byte_size)

    source_file: str | None = at("source/@file", text)
    source_device: str | None = at("source/@dev", text)
    source_directory: str | None = at("source/@dir", text)
    source_protocol: str | None = at("source/@protocol", word)
    source_name: str | None = at("source/@name", text)
    source_query: str | None = at("source/@query", text)
    source_hosts: tuple[SourceHost, ...] = at("source/host", parts(SourceHost))
    source_pool: str | None = at("source/@pool", text)
    source_volume: str | None = at("source/@volume", text)
    source_mode: str | None = at("source/@mode", word)
    source_type: str | None = at("source/@type", word)
    source_path: str | None = at("source/@path", text)
    source_namespace: int | None = at("source/@namespace", integer)
    source_managed: bool | None = at("source/@managed", yes_no)
    source_address: Address | None = at("source/address", address_converter)
    source_tls: bool | None = at("source/@tls", yes_no)
    source_initiator: str | None = at("source/initiator/iqn/@name", text)
    source_snapshot: str | None = at("source/snapshot/@name", text)
    source_configuration: str | None = at("source/config/@file", text)
    startup_policy: str | None = at("source/@startupPolicy", word)
    user: str | None = at("auth/@username", text, also=("source/auth/@username",))
    encryption: str | None = at("encryption/@format", word, also=("source/encryption/@format",))
    backing: tuple[BackingStore, ...] = at(
        "backingStore", chain(BackingStore, "backingStore"), filled=True
    )
    mirror: Mirror | None = at("mirror", part(Mirror), live=True)

    target: str | None = at("target/@dev", text)
    bus: str | None = at("target/@bus", word)
    removable: bool | None = at("target/@removable", switch)
    tray: str | None = at("target/@tray", word, live=True)
    rotation_rate: int | None = at("target/@rotation_rate", integer)
    serial: str | None = at("serial", text)
    wwn: str | None = at("wwn", text)
    vendor: str | None = at("vendor", text)
    product: str | None = at("product", text)
    readonly: bool = at("readonly", present)
    shareable: bool = at("shareable", present)
    transient: bool = at("transient", present)
    logical_block_size: int | None = at("blockio/@logical_block_size", integer)
    physical_block_size: int | None = at("blockio/@physical_block_size", integer)
    discard_granularity: int | None = at("blockio/@discard_granularity", integer)
    geometry: Geometry | None = at("geometry", part(Geometry))
    limits: Limits | None = at("iotune", part(Limits))

    def differs_from(self, other: Self) -> bool:
        """Whether the two are different definitions.

        A running transient disk is an overlay over what was defined, which its end throws away.
        """
        if self.transient and other.transient and (_is_over(self, other) or _is_over(other, self)):
            made = ("kind", "format", "source_file", "source_device")
            other = replace(other, **{key: getattr(self, key) for key in made})
        return super().differs_from(other)

    @property
    def path(self) -> str | None:
        """What it is made of, as one name: a path, or the name of a network image."""
        return (
            self.source_file
            or self.source_device
            or self.source_directory
            or self.source_path
            or self.source_name
        )


def _is_over(overlay: Disk, other: Disk) -> bool:
    return bool(overlay.backing) and overlay.backing[0].path == other.path


@declared
class Filesystem(Device):
    """A `<filesystem>`.

    kind: "mount", "bind", "file", "block", "ram", "template", "volume"; None means "mount".
    target: a directory (containers) or a tag (9p, virtiofs).
    usage: bytes of a "ram" one. space_hard_limit, space_soft_limit: bytes.
    """

    element: str = "filesystem"
    kind: str | None = at("@type", word)
    access_mode: str | None = at("@accessmode", word)
    file_mode: str | None = at("@fmode", word)
    directory_mode: str | None = at("@dmode", word)
    multi_devices: str | None = at("@multidevs", word)
    model: str | None = at("@model", word)
    driver: str | None = at("driver/@type", word)
    format: str | None = at("driver/@format", word)
    write_policy: str | None = at("driver/@wrpolicy", word)
    queue_size: int | None = at("driver/@queue", integer)
    binary: str | None = at("binary/@path", text)
    cache: str | None = at("binary/cache/@mode", word)
    source_directory: str | None = at("source/@dir", text)
    source_file: str | None = at("source/@file", text)
    source_device: str | None = at("source/@dev", text)
    source_name: str | None = at("source/@name", text)
    source_pool: str | None = at("source/@pool", text)
    source_volume: str | None = at("source/@volume", text)
    source_socket: str | None = at("source/@socket", text)
    usage: int | None = at("source", memory_size_of("usage", "units"))
    target: str | None = at("target/@dir", text)
    readonly: bool = at("readonly", present)
    space_hard_limit: int | None = at("space_hard_limit", byte_size)
    space_soft_limit: int | None = at("space_soft_limit", byte_size)

    @property
    def path(self) -> str | None:
        """What it is made of, as one name."""
        return (
            self.source_directory
            or self.source_file
            or self.source_device
            or self.source_name
            or self.source_volume
            or self.source_socket
        )
