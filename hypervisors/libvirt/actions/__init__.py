"""Actions → functions over the binding, one table per driver.

The rule: what a driver cannot do is absent. The functions block, in a worker's thread; each takes
the connection, what is peculiar to the driver, and the action.
"""

from collections.abc import Mapping
from types import MappingProxyType

from virtcim.hypervisors.libvirt.actions import (
    domains,
    migration,
    networks,
    pools,
    snapshots,
)
from virtcim.hypervisors.libvirt.actions.performing import Performers

_SHARED: Performers = {**pools.PERFORMERS, **networks.PERFORMERS}
"""What libvirt's own drivers of networks and storage do, whichever driver runs the domains."""

_SNAPSHOTS: Performers = {**snapshots.SNAPSHOTS, **snapshots.MEMORY, **snapshots.CONTROL}

# fmt: off
PERFORMERS: Mapping[str, Performers] = MappingProxyType({
    "qemu": {**domains.PERFORMERS, **_SHARED, **_SNAPSHOTS, **migration.PERFORMERS},
    "xen":  {**domains.PERFORMERS, **_SHARED, **snapshots.MEMORY, **migration.UNCONTROLLED},
    "test": {**domains.PERFORMERS, **_SHARED, **_SNAPSHOTS},
    "lxc":  {**domains.PERFORMERS, **_SHARED},
})
# fmt: on
