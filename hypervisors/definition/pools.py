"""A storage pool's definition."""

from virtcim.hypervisors.definition.converters import (
    byte_size,
    integer,
    many,
    text,
    word,
)
from virtcim.hypervisors.definition.fields import (
    Declared,
    at,
    declared,
    parts,
)


@declared
class PoolHost(Declared):
    """One server of a pool."""

    name: str | None = at("@name", text)
    port: int | None = at("@port", integer)


@declared
class PoolDefinition(Declared):
    """A `<pool>`; capacity, allocation, available: bytes, 0 while it is inactive.

    kind: "dir", "fs", "netfs", "logical", "disk", "iscsi", "scsi", "rbd", "gluster", ...
    adapter_type: "scsi_host" or "fc_host", whose names are wwnn and wwpn.
    user: with which it authenticates itself.
    """

    kind: str | None = at("@type", word)
    name: str | None = at("name", text)
    uuid: str | None = at("uuid", text)
    capacity: int | None = at("capacity", byte_size)
    allocation: int | None = at("allocation", byte_size)
    available: int | None = at("available", byte_size)
    target: str | None = at("target/path", text)
    target_mode: str | None = at("target/permissions/mode", text)
    target_owner: int | None = at("target/permissions/owner", integer)
    target_group: int | None = at("target/permissions/group", integer)
    target_label: str | None = at("target/permissions/label", text)
    hosts: tuple[PoolHost, ...] = at("source/host", parts(PoolHost))
    source_directory: str | None = at("source/dir/@path", text)
    source_devices: tuple[str, ...] = at("source/device/@path", many(text))
    source_name: str | None = at("source/name", text)
    format: str | None = at("source/format/@type", word)
    protocol_version: str | None = at("source/protocol/@ver", word)
    initiator: str | None = at("source/initiator/iqn/@name", text)
    adapter_type: str | None = at("source/adapter/@type", word)
    adapter: str | None = at("source/adapter/@name", text)
    adapter_parent: str | None = at("source/adapter/@parent", text)
    wwnn: str | None = at("source/adapter/@wwnn", text)
    wwpn: str | None = at("source/adapter/@wwpn", text)
    user: str | None = at("source/auth/@username", text)
    vendor: str | None = at("source/vendor/@name", text)
    product: str | None = at("source/product/@name", text)
