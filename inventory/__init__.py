"""The inventory: hosts and the current, immutable snapshot of each of their domains."""

from virtcim.inventory.host import Communication, Host
from virtcim.inventory.hosts import Inventory
from virtcim.inventory.remembering import Records
from virtcim.inventory.snapshots import Domain, Listing

__all__ = ["Communication", "Domain", "Host", "Inventory", "Listing", "Records"]
