"""Verbs → calls of libvirt, one table per driver.

The rule: what a driver cannot do is absent. The functions block, in a worker's thread.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from virtcim.hypervisors.errors import InvalidState, NotSupported
from virtcim.hypervisors.libvirt.native import NativeDomain
from virtcim.hypervisors.model import DomainState, Verb

Change = Callable[[NativeDomain], object]


def _off_and_on(domain: NativeDomain) -> None:
    """Reset where the hypervisor has no reset; a transient domain would be lost by it."""
    if not domain.isActive():
        raise InvalidState("the domain is not running")
    if not domain.isPersistent():
        raise NotSupported("a transient domain cannot be reset by this hypervisor")
    domain.destroy()
    domain.create()


def _unless_frozen(ask: Change) -> Change:
    """A frozen container cannot obey, and asking it can block the lxc driver for every client."""

    def ask_if_it_can_hear(domain: NativeDomain) -> None:
        if domain.state()[0] == DomainState.PAUSED:
            raise InvalidState("the container is frozen")
        ask(domain)

    return ask_if_it_can_hear


def _drop_saved_state(domain: NativeDomain) -> None:
    if not domain.hasManagedSaveImage():
        raise InvalidState("the domain has no managed save image")
    domain.managedSaveRemove()


# fmt: off
_COMMON: dict[Verb, Change] = {
    Verb.START:            lambda domain: domain.create(),
    Verb.RESUME:           lambda domain: domain.resume(),
    Verb.DESTROY:          lambda domain: domain.destroy(),
    Verb.SHUTDOWN:         lambda domain: domain.shutdown(),
    Verb.SUSPEND:          lambda domain: domain.suspend(),
    Verb.REBOOT:           lambda domain: domain.reboot(),
}
_SAVING: dict[Verb, Change] = {
    Verb.SAVE:             lambda domain: domain.managedSave(),
    Verb.DROP_SAVED_STATE: _drop_saved_state,
}
_WAKING: dict[Verb, Change] = {
    Verb.WAKEUP:           lambda domain: domain.pMWakeup(),
}
_RESET: dict[Verb, Change] = {
    Verb.RESET:            lambda domain: domain.reset(),
}
_OFF_AND_ON: dict[Verb, Change] = {
    Verb.RESET:            _off_and_on,
}

_NOT_FROZEN: dict[Verb, Change] = {
    Verb.SHUTDOWN:         _unless_frozen(_COMMON[Verb.SHUTDOWN]),
    Verb.REBOOT:           _unless_frozen(_COMMON[Verb.REBOOT]),
}

# What each libvirt driver implements (virHypervisorDriver of libvirt 9.0).
VERBS: Mapping[str, Mapping[Verb, Change]] = MappingProxyType({
    "qemu": _COMMON | _SAVING | _WAKING | _RESET,
    "xen":  _COMMON | _SAVING | _WAKING | _OFF_AND_ON,
    "test": _COMMON | _SAVING | _RESET,
    "lxc":  _COMMON | _NOT_FROZEN | _OFF_AND_ON,
})
# fmt: on

_ACTIVE = frozenset(DomainState) - {DomainState.SHUTOFF, DomainState.UNKNOWN}

# The states in which a failure of a verb is not the state's fault. Drivers disagree: many report an
# INTERNAL_ERROR where others say OPERATION_INVALID. Total over Verb.
# fmt: off
SENSIBLE: Mapping[Verb, frozenset[DomainState]] = MappingProxyType({
    Verb.START:            frozenset({DomainState.SHUTOFF}),
    Verb.RESUME:           frozenset({DomainState.PAUSED}),
    Verb.WAKEUP:           frozenset({DomainState.PMSUSPENDED}),
    Verb.DESTROY:          _ACTIVE,
    Verb.DROP_SAVED_STATE: frozenset(DomainState),
    Verb.SHUTDOWN:         _ACTIVE,
    Verb.SAVE:             _ACTIVE,
    Verb.SUSPEND:          _ACTIVE - {DomainState.PAUSED, DomainState.PMSUSPENDED},
    Verb.REBOOT:           _ACTIVE,
    Verb.RESET:            _ACTIVE,
})
# fmt: on
