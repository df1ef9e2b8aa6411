"""Actions → functions over the binding, one table per driver.

The rule: what a driver cannot do is absent. The functions block, in a worker's thread; each takes
the connection, what is peculiar to the driver, and the action.
"""

from collections.abc import Mapping
from types import MappingProxyType

from virtcim.hypervisors.libvirt.actions import changes, domains
from virtcim.hypervisors.libvirt.actions.performing import Performers

# fmt: off
PERFORMERS: Mapping[str, Performers] = MappingProxyType({
    "qemu": {**domains.PERFORMERS, **changes.PERFORMERS["qemu"]},
    "xen":  {**domains.PERFORMERS, **changes.PERFORMERS["xen"]},
    "test": {**domains.PERFORMERS, **changes.PERFORMERS["test"]},
    "lxc":  {**domains.PERFORMERS, **changes.PERFORMERS["lxc"]},
})
# fmt: on
