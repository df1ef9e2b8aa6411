"""Network filters: read to be edited, defined, undefined."""

from virtcim.hypervisors.actions.filters import DefineFilter, ReadFilter, UndefineFilter
from virtcim.hypervisors.libvirt.actions.performing import Performers
from virtcim.hypervisors.libvirt.native import translated
from virtcim.hypervisors.libvirt.native_resources import ResourceConnection
from virtcim.hypervisors.libvirt.schemes import Scheme


def read_filter(connection: ResourceConnection, _scheme: Scheme, action: ReadFilter) -> str:
    """Read its text."""
    with translated(connection):
        return connection.nwfilterLookupByUUIDString(action.uuid).XMLDesc(0)


def define_filter(connection: ResourceConnection, _scheme: Scheme, action: DefineFilter) -> str:
    """Define it; the hypervisor keeps the old one when it cannot be followed."""
    with translated(connection):
        return connection.nwfilterDefineXML(action.xml).UUIDString()


def undefine_filter(
    connection: ResourceConnection, _scheme: Scheme, action: UndefineFilter
) -> None:
    """Undefine it."""
    with translated(connection):
        connection.nwfilterLookupByUUIDString(action.uuid).undefine()


PERFORMERS: Performers = {
    ReadFilter: read_filter,
    DefineFilter: define_filter,
    UndefineFilter: undefine_filter,
}
