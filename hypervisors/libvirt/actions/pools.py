"""Storage pools and volumes: made, changed, removed."""

import libvirt

from virtcim.hypervisors.actions.pools import (
    CreatePool,
    CreateVolume,
    DeletePool,
    DeleteVolume,
    RefreshPool,
    ResizeVolume,
)
from virtcim.hypervisors.libvirt.actions.performing import Performers
from virtcim.hypervisors.libvirt.actions.undoing import undone
from virtcim.hypervisors.libvirt.native import translated
from virtcim.hypervisors.libvirt.native_resources import ChangeablePool, ResourceConnection
from virtcim.hypervisors.libvirt.schemes import Scheme

_SHRINK: int = libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK


def create_pool(connection: ResourceConnection, _scheme: Scheme, action: CreatePool) -> str:
    """Define it, build its directory, start it; in this order, since a build needs a definition."""
    with translated(connection):
        pool = connection.storagePoolDefineXML(action.xml, 0)
        with undone(pool.undefine):
            if action.build:
                pool.build(0)  # without flags no device is formatted
            pool.create(0)
            with undone(pool.destroy):
                pool.setAutostart(int(action.autostart))
        return pool.UUIDString()


def delete_pool(connection: ResourceConnection, _scheme: Scheme, action: DeletePool) -> None:
    """Stop it if it is active, and undefine it if it is defined."""
    with translated(connection):
        pool = connection.storagePoolLookupByUUIDString(action.uuid)
        persistent = pool.isPersistent()
        if pool.isActive():
            pool.destroy()
            if persistent:
                with undone(lambda: pool.create(0)):
                    pool.undefine()
        elif persistent:
            pool.undefine()


def refresh_pool(connection: ResourceConnection, _scheme: Scheme, action: RefreshPool) -> None:
    """Have the volumes looked for."""
    with translated(connection):
        _pool(connection, action.uuid).refresh(0)


def create_volume(connection: ResourceConnection, _scheme: Scheme, action: CreateVolume) -> str:
    """Make it; the hypervisor removes what it began when it fails."""
    with translated(connection):
        return _pool(connection, action.pool).createXML(action.xml, 0).path()


def delete_volume(connection: ResourceConnection, _scheme: Scheme, action: DeleteVolume) -> None:
    """Delete it."""
    with translated(connection):
        _pool(connection, action.pool).storageVolLookupByName(action.name).delete(0)


def resize_volume(connection: ResourceConnection, _scheme: Scheme, action: ResizeVolume) -> None:
    """Give it another capacity."""
    with translated(connection):
        volume = _pool(connection, action.pool).storageVolLookupByName(action.name)
        volume.resize(action.capacity, _SHRINK if action.shrink else 0)


def _pool(connection: ResourceConnection, uuid: str) -> ChangeablePool:
    return connection.storagePoolLookupByUUIDString(uuid)


PERFORMERS: Performers = {
    CreatePool: create_pool,
    DeletePool: delete_pool,
    RefreshPool: refresh_pool,
    CreateVolume: create_volume,
    DeleteVolume: delete_volume,
    ResizeVolume: resize_volume,
}
