"""All providers of a server, built for its hosts: the one list of what is served."""

from collections.abc import Callable, Iterable

from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.provider import Provider
from virtcim.broker.union import united
from virtcim.inventory.host import Host
from virtcim.providers.associations import ASSOCIATIONS, TableAssociation
from virtcim.providers.capabilities import CapabilitiesProvider
from virtcim.providers.computer_system import ComputerSystemProvider
from virtcim.providers.host_system import HostSystemProvider
from virtcim.providers.interop import interop_providers, profile_provider
from virtcim.providers.management_service import ManagementServiceProvider
from virtcim.providers.model import CIMV2, INTEROP, HostModel, Server
from virtcim.schema.families import build_repository

PROVIDERS: tuple[Callable[[HostModel], Provider], ...] = (
    ComputerSystemProvider,
    HostSystemProvider,
    ManagementServiceProvider,
    CapabilitiesProvider,
)
"""One of each for every host."""


def build_namespaces(hosts: Iterable[Host], server: Server) -> Namespaces:
    """Return the server's namespaces with all providers.

    Raises ProviderError or LayoutError when a provider does not fit the schema.
    """
    served = tuple(hosts)
    prefixes = tuple(dict.fromkeys(host.prefix for host in served))
    repository = build_repository(prefixes)
    namespaces = Namespaces()
    for host in served:
        namespaces.add(Namespace(host.namespace, repository))
    namespaces.add(Namespace(INTEROP, repository), ("interop", "root/PG_InterOp"))
    namespaces.add(Namespace(CIMV2, repository))
    profiles = {prefix: profile_provider(repository, prefix) for prefix in prefixes}
    found: list[Provider] = [*profiles.values()]
    for host in served:
        model = HostModel(host, server, repository)
        model.add(profiles[host.prefix])
        found += _host_providers(model)
    # Clients that found the interop namespace under its alias expect to see it listed by that name.
    found += interop_providers(server, repository, (*namespaces.names, "interop"))
    for provider, namespace in united(found):
        namespaces.get(namespace).add(provider)
    return namespaces


def _host_providers(model: HostModel) -> list[Provider]:
    providers = [build(model) for build in PROVIDERS]
    providers += [TableAssociation(model, association) for association in ASSOCIATIONS]
    for provider in providers:
        model.add(provider)
    return providers
