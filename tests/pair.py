"""Two hypervisors between which domains migrate."""

import libvirt

from tests.lab import Key, Lab, eventually, press
from virtcim.hypervisors.model import DomainState, DomainUUID

RUNNING = DomainState.RUNNING


class Pair:
    """Two labs, and plain connections to both."""

    def __init__(self, source: Lab, target: Lab) -> None:
        self.source, self.target = source, target

    def guest(self, name: str, *, run: bool = True) -> DomainUUID:
        """Define a guest at the source, and boot it."""
        connection = self.source.connect()
        domain = connection.defineXML(self.source.guest_xml(name))
        if run:
            domain.create()
            eventually(lambda: "READY" in self.source.serial_text(name))
        return DomainUUID(domain.UUIDString())

    def press(self, uuid: DomainUUID, key: Key) -> None:
        """Press a key of the guest at the source."""
        connection = self.source.connect()
        press(connection.lookupByUUIDString(uuid), key)

    def situation(self, lab: Lab, uuid: DomainUUID) -> tuple[DomainState, int, int] | None:
        """State, reason and persistence of a domain at one of the two."""
        connection = lab.connect()
        try:
            domain = connection.lookupByUUIDString(uuid)
            state, reason = domain.state()
            return DomainState(state), reason, domain.isPersistent()
        except libvirt.libvirtError:
            return None

    def moved(self, uuid: DomainUUID) -> bool:
        """Whether it is at the target alone, as a persistent domain."""
        there = self.situation(self.target, uuid)
        return self.situation(self.source, uuid) is None and there is not None and there[2] == 1

    def stayed(self, uuid: DomainUUID) -> bool:
        """Whether it runs at the source alone."""
        here = self.situation(self.source, uuid)
        gone = self.situation(self.target, uuid) is None
        return gone and here is not None and here[0] is RUNNING and here[2] == 1

    def clear(self) -> None:
        """Leave no domain."""
        for lab in (self.source, self.target):
            connection = lab.connect()
            for domain in connection.listAllDomains():
                persistent = domain.isPersistent()
                if domain.isActive():
                    domain.destroy()
                if persistent:
                    domain.undefine()
