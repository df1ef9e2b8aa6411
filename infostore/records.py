"""What is remembered of one domain: the facts that a hypervisor cannot hold.

A record is keyed by host and domain UUID, never by name, so that it follows a rename.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# The largest number that is kept of each. RequestedState is a uint16; shares and caps are uint64
# in CIM, but no hypervisor takes one near the bound of a signed 64-bit column.
BOUNDS: Mapping[str, int] = {
    "requested_state": 2**16 - 1,
    "weight": 2**63 - 1,
    "limit": 2**63 - 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRecord:
    """The durable record of one domain.

    ``requested_state`` is the CIM RequestedState last carried out, None when none was.
    ``migrating`` says that a migration of the domain is under way.
    ``weight`` and ``limit`` are processor shares and cap as a client asked for them, None when
    it never did. Raises ValueError for a number that cannot be kept.
    """

    requested_state: int | None = None
    migrating: bool = False
    weight: int | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        for name, largest in BOUNDS.items():
            number = getattr(self, name)
            if number is not None and not 0 <= number <= largest:
                raise ValueError(f"{name} must be between 0 and {largest}, not {number}")
