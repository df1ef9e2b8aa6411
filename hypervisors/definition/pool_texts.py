"""Texts of storage pools and volumes that are to be made."""

from dataclasses import dataclass

from virtcim.hypervisors.definition.making import made, named, written
from virtcim.hypervisors.definition.xml import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPool:
    """A storage pool to be defined; what is None or empty is left to the hypervisor.

    kind: as in PoolFacts. target: where its volumes appear on the host.
    devices: what it is made of; of an iSCSI pool, the name of the target.
    adapter: name of a SCSI adapter; wwpn, wwnn: of a Fibre Channel one instead.
    source_name: of the volume group.
    """

    name: str
    kind: str
    uuid: str | None = None
    target: str | None = None
    host: str | None = None
    directory: str | None = None
    devices: tuple[str, ...] = ()
    adapter: str | None = None
    wwpn: str | None = None
    wwnn: str | None = None
    source_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVolume:
    """A volume to be made; sizes are bytes, format None is left to the pool."""

    name: str
    capacity: int
    allocation: int | None = None
    format: str | None = None


def pool_text(pool: NewPool) -> str:
    """Return a `<pool>`; raises InvalidArgument."""
    source = made(
        "source",
        made("host", name=pool.host) if pool.host else None,
        made("dir", path=pool.directory) if pool.directory else None,
        *(made("device", path=path) for path in pool.devices),
        _adapter(pool),
        named("name", pool.source_name),
    )
    target = made("target", named("path", pool.target)) if pool.target else None
    children = (
        named("name", pool.name),
        named("uuid", pool.uuid),
        source if len(source) else None,
        target,
    )
    return written(made("pool", *children, type=pool.kind))


def _adapter(pool: NewPool) -> Element | None:
    if pool.wwpn or pool.wwnn:
        return made("adapter", type="fc_host", wwpn=pool.wwpn, wwnn=pool.wwnn, parent=pool.adapter)
    return made("adapter", type="scsi_host", name=pool.adapter) if pool.adapter else None


def volume_text(volume: NewVolume) -> str:
    """Return a `<volume>`; raises InvalidArgument."""
    form = made("format", type=volume.format) if volume.format else None
    return written(
        made(
            "volume",
            named("name", volume.name),
            made("capacity", text=str(volume.capacity), unit="bytes"),
            None
            if volume.allocation is None
            else made("allocation", text=str(volume.allocation), unit="bytes"),
            made("target", form) if form is not None else None,
        )
    )
