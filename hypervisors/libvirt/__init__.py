"""The libvirt driver: QEMU/KVM, LXC, Xen and libvirt's own test hypervisor, local or remote.

The rule: nothing outside this package imports the libvirt binding.
"""

from virtcim.hypervisors.libvirt.driver import Deadlines, LibvirtHypervisor

__all__ = ["Deadlines", "LibvirtHypervisor"]
