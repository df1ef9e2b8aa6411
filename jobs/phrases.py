"""What a domain is now, as sentences about failed work go on."""

from collections.abc import Mapping
from types import MappingProxyType

from virtcim.hypervisors.model import DomainState, DomainUUID
from virtcim.inventory.host import Host

# Total over DomainState.
STATES: Mapping[DomainState, str] = MappingProxyType({
    DomainState.UNKNOWN:     "in a state that is not known",
    DomainState.NOSTATE:     "in no state",
    DomainState.RUNNING:     "running",
    DomainState.BLOCKED:     "running",
    DomainState.PAUSED:      "paused",
    DomainState.SHUTDOWN:    "shutting down",
    DomainState.SHUTOFF:     "off",
    DomainState.CRASHED:     "crashed",
    DomainState.PMSUSPENDED: "asleep",
})  # fmt: skip


def what_is_now(host: Host, uuid: DomainUUID) -> str:
    """Say what a domain is now, by the listing."""
    domain = host.listing.domains.get(uuid)
    if domain is None:
        return "the domain does not exist any more"
    kept = ", and its memory is saved: its next start goes on from there"
    return f"the domain is {STATES[domain.facts.state]}" + kept * domain.facts.managed_save
