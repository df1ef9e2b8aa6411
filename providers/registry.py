"""All providers of a server, built for its hosts: the one list of what is served."""

from collections.abc import Iterable, Iterator

from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.provider import Provider
from virtcim.broker.union import united
from virtcim.infostore.objects import Keeper
from virtcim.inventory.host import Host
from virtcim.jobs import Engine
from virtcim.providers import (
    allocation_capabilities,
    capabilities,
    character_settings,
    computer_system,
    configuration_job,
    console_access,
    controller_settings,
    controllers,
    devices,
    disk_settings,
    disks,
    displays,
    filter_rules,
    generic_settings,
    graphics_settings,
    host_devices,
    host_system,
    input_settings,
    inputs,
    management_service,
    memory_settings,
    method_results,
    metric_service,
    metrics,
    migration_job,
    net_settings,
    network_ports,
    pools,
    processor_settings,
    processors,
    service_capabilities,
    services,
    snapshot_job,
    switch_ports,
    switches,
    system_settings,
    templates,
    volumes,
)
from virtcim.providers.associations import TableAssociation
from virtcim.providers.families import Family
from virtcim.providers.interop import interop_providers, profile_provider
from virtcim.providers.links import ASSOCIATIONS
from virtcim.providers.model import CIMV2, INTEROP, HostModel, Server
from virtcim.providers.serving import provider_of
from virtcim.schema.families import build_repository

FAMILIES: tuple[Family, ...] = (
    *host_system.FAMILIES,
    *management_service.FAMILIES,
    *computer_system.FAMILIES,
    *capabilities.FAMILIES,
    *network_ports.FAMILIES,
    *disks.FAMILIES,
    *processors.FAMILIES,
    *displays.FAMILIES,
    *inputs.FAMILIES,
    *controllers.FAMILIES,
    *devices.FAMILIES,
    *system_settings.FAMILIES,
    *processor_settings.FAMILIES,
    *memory_settings.FAMILIES,
    *disk_settings.FAMILIES,
    *net_settings.FAMILIES,
    *graphics_settings.FAMILIES,
    *character_settings.FAMILIES,
    *input_settings.FAMILIES,
    *controller_settings.FAMILIES,
    *generic_settings.FAMILIES,
    *host_devices.FAMILIES,
    *volumes.FAMILIES,
    *switches.FAMILIES,
    *switch_ports.FAMILIES,
    *console_access.FAMILIES,
    *filter_rules.FAMILIES,
    *allocation_capabilities.FAMILIES,
    *pools.FAMILIES,
    *service_capabilities.FAMILIES,
    *services.FAMILIES,
    *templates.FAMILIES,
    *metrics.FAMILIES,
    *metric_service.FAMILIES,
    *migration_job.FAMILIES,
    *snapshot_job.FAMILIES,
    *configuration_job.FAMILIES,
    *method_results.FAMILIES,
)
"""Each has a provider for every host."""


def build_namespaces(
    hosts: Iterable[Host], server: Server, engine: Engine, keeper: Keeper | None = None
) -> Namespaces:
    """Return the server's namespaces with all providers; `keeper` has what clients make.

    Raises ProviderError or LayoutError when a provider does not fit the schema.
    """
    served = tuple(hosts)
    prefixes = tuple(dict.fromkeys(host.prefix for host in served))
    repository = build_repository(prefixes)
    rules = server.behaviour.rules
    namespaces = Namespaces(keeper)
    for host in served:
        namespaces.add(Namespace(host.namespace, repository.copy(), rules))
    namespaces.add(Namespace(INTEROP, repository.copy(), rules), ("interop", "root/PG_InterOp"))
    namespaces.add(Namespace(CIMV2, repository.copy(), rules))
    profiles = {
        prefix: profile_provider(repository, prefix, server.behaviour) for prefix in prefixes
    }
    found: list[Provider] = [*profiles.values()]
    for host in served:
        model = HostModel(host, server, repository, engine)
        model.add(profiles[host.prefix])
        found += _host_providers(model)
    # Clients that found the interop namespace under its alias expect to see it listed by that name.
    found += interop_providers(server, repository, namespaces, ("interop",), profiles.values())
    for provider, namespace in united(found):
        namespaces.get(namespace).add(provider)
    return namespaces


def _host_providers(model: HostModel) -> Iterator[Provider]:
    for family in FAMILIES:
        if family.name in model.behaviour.hidden:
            continue
        provider = provider_of(model, family)
        model.add(provider)
        yield provider
    for association in ASSOCIATIONS:
        yield TableAssociation(model, association)
