"""Definitions of domains: read to be edited, defined, undefined."""

from functools import partial

import libvirt

from virtcim.hypervisors.actions import (
    DefineDomain,
    Definitions,
    ReadDefinitions,
    UndefineDomain,
)
from virtcim.hypervisors.errors import InvalidArgument, NotSupported
from virtcim.hypervisors.libvirt.actions.performing import Performers
from virtcim.hypervisors.libvirt.failures import failure
from virtcim.hypervisors.libvirt.native import (
    XML_INACTIVE,
    XML_LIVE,
    XML_SECURE,
    NativeConnection,
    NativeDomain,
    NativeError,
    translated,
    unless_refused,
)
from virtcim.hypervisors.libvirt.schemes import Scheme
from virtcim.hypervisors.model import DomainUUID

_EVERYTHING: int = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)
_WHAT_OLDER_DRIVERS_KNOW: int = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
)
_UNDEFINE_FLAGS = (_EVERYTHING, _WHAT_OLDER_DRIVERS_KNOW, 0)


def read_definitions(
    connection: NativeConnection, _scheme: Scheme, action: ReadDefinitions
) -> Definitions:
    """Read both texts, with what they hide from who may not change them."""
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        return Definitions(
            name=domain.name(),
            live=_text(domain, XML_LIVE) if domain.isActive() else None,
            persistent=_text(domain, XML_INACTIVE) if domain.isPersistent() else None,
        )


def _text(domain: NativeDomain, flags: int) -> str:
    return unless_refused(
        partial(domain.XMLDesc, flags | XML_SECURE), partial(domain.XMLDesc, flags)
    )


def define_domain(
    connection: NativeConnection, _scheme: Scheme, action: DefineDomain
) -> DomainUUID:
    """Define it and return its UUID, which the hypervisor makes when the text has none."""
    with translated(connection):
        return DomainUUID(connection.defineXML(action.xml).UUIDString())


def undefine_domain(connection: NativeConnection, _scheme: Scheme, action: UndefineDomain) -> None:
    """Undefine it with the most that the driver can remove at once."""
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        for flags in _UNDEFINE_FLAGS:
            if _undefined(domain, flags):
                return


def _undefined(domain: NativeDomain, flags: int) -> bool:
    """Try it with these flags; False when the driver does not know some of them."""
    try:
        domain.undefineFlags(flags)
    except NativeError as error:
        if flags and isinstance(failure(error), InvalidArgument | NotSupported):
            return False
        raise
    return True


PERFORMERS: Performers = {
    ReadDefinitions: read_definitions,
    DefineDomain: define_domain,
    UndefineDomain: undefine_domain,
}
