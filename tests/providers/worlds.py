"""Hosts to look at: those of libvirt's test driver, and one that has the whole corpus."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.providers.corpus import everything
from tests.serving import EIGHT_STATES
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.port import Hypervisor


@dataclass(frozen=True, slots=True)
class World:
    """A hypervisor to be made, and the prefix of its classes."""

    name: str
    prefix: str
    hypervisor: Callable[[], Hypervisor]


WORLDS = (
    World("default", "Test", lambda: LibvirtHypervisor("test:///default")),
    World("corpus", "KVM", everything),
    World("states", "Test", lambda: LibvirtHypervisor(f"test://{EIGHT_STATES}")),
)
