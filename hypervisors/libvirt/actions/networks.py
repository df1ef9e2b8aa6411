"""Virtual networks: made and removed."""

from virtcim.hypervisors.actions.networks import CreateNetwork, DeleteNetwork
from virtcim.hypervisors.libvirt.actions.performing import Performers
from virtcim.hypervisors.libvirt.actions.undoing import undone
from virtcim.hypervisors.libvirt.native import translated
from virtcim.hypervisors.libvirt.native_resources import ResourceConnection
from virtcim.hypervisors.libvirt.schemes import Scheme


def create_network(connection: ResourceConnection, _scheme: Scheme, action: CreateNetwork) -> str:
    """Define it and start it."""
    with translated(connection):
        network = connection.networkDefineXML(action.xml)
        with undone(network.undefine):
            network.create()
            with undone(network.destroy):
                network.setAutostart(int(action.autostart))
        return network.UUIDString()


def delete_network(connection: ResourceConnection, _scheme: Scheme, action: DeleteNetwork) -> None:
    """Stop it if it is active, and undefine it if it is defined."""
    with translated(connection):
        network = connection.networkLookupByUUIDString(action.uuid)
        persistent = network.isPersistent()
        if network.isActive():
            network.destroy()
            if persistent:
                with undone(network.create):
                    network.undefine()
        elif persistent:
            network.undefine()


PERFORMERS: Performers = {CreateNetwork: create_network, DeleteNetwork: delete_network}
