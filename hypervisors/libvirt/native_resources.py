"""What changes call on networks, storage pools, volumes and filters of the binding.

The rule: as in native.py, whose connection these calls are made on.
"""

from typing import Protocol

from virtcim.hypervisors.libvirt.native import (
    NativeConnection,
    NativeFilter,
    NativeNetwork,
    NativePool,
    NativeVolume,
)


class ChangeableNetwork(NativeNetwork, Protocol):
    """What we do to a virNetwork."""

    def create(self) -> int: ...  # noqa: D102
    def destroy(self) -> int: ...  # noqa: D102
    def undefine(self) -> int: ...  # noqa: D102
    def setAutostart(self, autostart: int) -> int: ...  # noqa: D102, N802


class ChangeableVolume(NativeVolume, Protocol):
    """What we do to a virStorageVol."""

    def path(self) -> str: ...  # noqa: D102
    def delete(self, flags: int) -> int: ...  # noqa: D102
    def resize(self, capacity: int, flags: int) -> int: ...  # noqa: D102


class ChangeablePool(NativePool, Protocol):
    """What we do to a virStoragePool."""

    def isActive(self) -> int: ...  # noqa: D102, N802
    def build(self, flags: int) -> int: ...  # noqa: D102
    def create(self, flags: int) -> int: ...  # noqa: D102
    def destroy(self) -> int: ...  # noqa: D102
    def undefine(self) -> int: ...  # noqa: D102
    def refresh(self, flags: int) -> int: ...  # noqa: D102
    def setAutostart(self, autostart: int) -> int: ...  # noqa: D102, N802
    def createXML(self, xml: str, flags: int) -> ChangeableVolume: ...  # noqa: D102, N802
    def storageVolLookupByName(self, name: str) -> ChangeableVolume: ...  # noqa: D102, N802


class ChangeableFilter(NativeFilter, Protocol):
    """What we do to a virNWFilter."""

    def undefine(self) -> int: ...  # noqa: D102


class ResourceConnection(NativeConnection, Protocol):
    """What changes of resources call on a virConnect."""

    def networkDefineXML(self, xml: str) -> ChangeableNetwork: ...  # noqa: D102, N802
    def networkLookupByUUIDString(self, uuid: str) -> ChangeableNetwork: ...  # noqa: D102, N802
    def storagePoolDefineXML(self, xml: str, flags: int) -> ChangeablePool: ...  # noqa: D102, N802
    def storagePoolLookupByUUIDString(self, uuid: str) -> ChangeablePool: ...  # noqa: D102, N802
    def nwfilterDefineXML(self, xml: str) -> ChangeableFilter: ...  # noqa: D102, N802
    def nwfilterLookupByUUIDString(self, uuid: str) -> ChangeableFilter: ...  # noqa: D102, N802
