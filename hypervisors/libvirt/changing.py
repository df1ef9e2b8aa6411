"""Doing one thing to one domain. Functions block, in a worker's thread."""

from virtcim.hypervisors.errors import HypervisorFailure, InvalidState, NotSupported
from virtcim.hypervisors.libvirt.native import NativeConnection, NativeDomain, translated
from virtcim.hypervisors.libvirt.schemes import Scheme
from virtcim.hypervisors.libvirt.states import state_and_reason
from virtcim.hypervisors.libvirt.verbs import SENSIBLE
from virtcim.hypervisors.model import DomainState, DomainUUID, Verb


def change_domain(
    connection: NativeConnection, scheme: Scheme, uuid: DomainUUID, verb: Verb
) -> None:
    """Do it; raises NotSupported when the driver's table has no such verb."""
    change = scheme.verbs.get(verb)
    if change is None:
        raise NotSupported(f"the {scheme.driver} driver cannot {verb.value.replace('_', ' ')}")
    with translated(connection):
        domain = connection.lookupByUUIDString(uuid)
    try:
        with translated(connection):
            change(domain)
    except HypervisorFailure as error:
        if _state(connection, domain, scheme) not in SENSIBLE[verb]:
            raise InvalidState(error.detail) from error
        raise


def _state(connection: NativeConnection, domain: NativeDomain, scheme: Scheme) -> DomainState:
    with translated(connection):
        return state_and_reason(*domain.state(), nostate=scheme.nostate)[0]
