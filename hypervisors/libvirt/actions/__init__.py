"""Actions → functions over the binding, one table per driver.

The rule: what a driver cannot do is absent. The functions block, in a worker's thread; each takes
the connection, what is peculiar to the driver, and the action.
"""

from collections.abc import Mapping
from types import MappingProxyType

from virtcim.hypervisors.libvirt.actions import (
    changes,
    domains,
    filters,
    migration,
    networks,
    pools,
    snapshots,
)
from virtcim.hypervisors.libvirt.actions.performing import Performers

_RESOURCES: Performers = {**pools.PERFORMERS, **networks.PERFORMERS}
_SHARED: Performers = {**_RESOURCES, **filters.PERFORMERS}
"""What libvirt's own drivers of networks and storage do, whichever driver runs the domains."""

_SNAPSHOTS: Performers = {**snapshots.SNAPSHOTS, **snapshots.MEMORY, **snapshots.CONTROL}

_OF_DOMAINS: Mapping[str, Performers] = {
    driver: {**domains.PERFORMERS, **found} for driver, found in changes.PERFORMERS.items()
}

# fmt: off
PERFORMERS: Mapping[str, Performers] = MappingProxyType({
    "qemu": {**_OF_DOMAINS["qemu"], **_SHARED, **_SNAPSHOTS, **migration.PERFORMERS},
    "xen":  {**_OF_DOMAINS["xen"], **_SHARED, **snapshots.MEMORY, **migration.UNCONTROLLED},
    "test": {**_OF_DOMAINS["test"], **_RESOURCES, **_SNAPSHOTS},
    "lxc":  {**_OF_DOMAINS["lxc"], **_SHARED},
})
# fmt: on
