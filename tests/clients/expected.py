"""What clients must see of the node file's domains, written out from the specification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NAMESPACE = "root/virt"
SYSTEM = "Test_ComputerSystem"
HOST = "Test_HostSystem"
SERVICE = "Test_VirtualSystemManagementService"


@dataclass(frozen=True)
class Seen:
    """The state properties of one domain, in numbers of the wire."""

    uuid: str
    enabled: int
    operating: int
    operational: tuple[int, ...]
    health: int
    primary: int
    detailed: int
    transitioning: int
    available: tuple[int, ...]


_UUID = "11111111-2222-4333-8444-00000000000"
# fmt: off
DOMAINS: Final[Mapping[str, Seen]] = {
    #                   UUID      En Operating Op     Health Pr De Tr Available
    "nostate":     Seen(_UUID + "0", 0, 5,     (15,), 0,  0, 0, 5, ()),
    "running":     Seen(_UUID + "1", 2, 32768, (2,),  5,  1, 1, 5, (3, 4, 6, 9, 10, 11)),
    "blocked":     Seen(_UUID + "2", 2, 7,     (2,),  5,  1, 1, 5, (3, 4, 6, 9, 10, 11)),
    "paused":      Seen(_UUID + "3", 9, 7,     (2,),  5,  1, 1, 5, (2, 3, 6, 10, 11)),
    "shutdown":    Seen(_UUID + "4", 4, 5,     (15,), 0,  0, 0, 3, (3,)),
    "shutoff":     Seen(_UUID + "5", 3, 5,     (15,), 0,  0, 0, 5, (2,)),
    "crashed":     Seen(_UUID + "6", 3, 6,     (6,),  20, 3, 4, 5, (3,)),
    # libvirt's test driver has no wake-up
    "pmsuspended": Seen(_UUID + "7", 6, 0,     (15,), 5,  1, 1, 5, (3,)),
}
# fmt: on
