"""What an event makes us read again, one table.

The rule: an event is a reason to read, never a fact. What it says may be overtaken by the next one.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from virtcim.hypervisors.events import DomainEvent, EventId, Lifecycle


class Scope(IntEnum):
    """How much to read again; the larger includes the smaller."""

    NOTHING = 0
    STATE = 1  # everything but the definition, unless the domain has become another incarnation
    DEFINITION = 2  # everything


# Total over EventId. LIFECYCLE is decided by the second table.
# fmt: off
SCOPES: Mapping[EventId, Scope] = MappingProxyType({
    EventId.LIFECYCLE:                 Scope.DEFINITION,
    EventId.REBOOT:                    Scope.STATE,
    EventId.RTC_CHANGE:                Scope.DEFINITION,  # the clock's adjustment
    EventId.WATCHDOG:                  Scope.STATE,
    EventId.IO_ERROR:                  Scope.NOTHING,     # IO_ERROR_REASON says it, too
    EventId.GRAPHICS:                  Scope.NOTHING,
    EventId.IO_ERROR_REASON:           Scope.STATE,
    EventId.CONTROL_ERROR:             Scope.STATE,
    EventId.BLOCK_JOB:                 Scope.NOTHING,     # BLOCK_JOB_2 says it, too
    EventId.DISK_CHANGE:               Scope.DEFINITION,
    EventId.TRAY_CHANGE:               Scope.DEFINITION,
    EventId.PMWAKEUP:                  Scope.STATE,
    EventId.PMSUSPEND:                 Scope.STATE,
    EventId.BALLOON_CHANGE:            Scope.DEFINITION,
    EventId.PMSUSPEND_DISK:            Scope.STATE,
    EventId.DEVICE_REMOVED:            Scope.DEFINITION,
    EventId.BLOCK_JOB_2:               Scope.DEFINITION,
    EventId.TUNABLE:                   Scope.DEFINITION,
    EventId.AGENT_LIFECYCLE:           Scope.DEFINITION,  # the channel's state
    EventId.DEVICE_ADDED:              Scope.DEFINITION,
    EventId.MIGRATION_ITERATION:       Scope.NOTHING,
    EventId.JOB_COMPLETED:             Scope.STATE,
    EventId.DEVICE_REMOVAL_FAILED:     Scope.NOTHING,
    EventId.METADATA_CHANGE:           Scope.DEFINITION,
    EventId.BLOCK_THRESHOLD:           Scope.NOTHING,
    EventId.MEMORY_FAILURE:            Scope.NOTHING,
    EventId.MEMORY_DEVICE_SIZE_CHANGE: Scope.DEFINITION,
    EventId.NIC_MAC_CHANGE:            Scope.DEFINITION,
    EventId.VCPU_REMOVED:              Scope.DEFINITION,
    EventId.CHANNEL_LIFECYCLE:         Scope.DEFINITION,
})

# Total over Lifecycle. A start or stop may exchange the live definition for the persistent one.
LIFECYCLE_SCOPES: Mapping[object, Scope] = MappingProxyType({
    Lifecycle.DEFINED:     Scope.DEFINITION,
    Lifecycle.UNDEFINED:   Scope.DEFINITION,
    Lifecycle.STARTED:     Scope.DEFINITION,
    Lifecycle.SUSPENDED:   Scope.STATE,
    Lifecycle.RESUMED:     Scope.STATE,
    Lifecycle.STOPPED:     Scope.DEFINITION,
    Lifecycle.SHUTDOWN:    Scope.STATE,
    Lifecycle.PMSUSPENDED: Scope.STATE,
    Lifecycle.CRASHED:     Scope.STATE,
})
# fmt: on


def scope_of(event: DomainEvent) -> Scope:
    """How much this event makes us read; everything for an unknown lifecycle."""
    if event.event is EventId.LIFECYCLE:
        return LIFECYCLE_SCOPES.get(event.arguments[0], Scope.DEFINITION)
    return SCOPES[event.event]
