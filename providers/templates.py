"""Templates: settings that say what can be asked of the pools and of the host.

The rule: a template is an instance of a family that domains have instances of too. A family takes
them with `shared=templates.of(FAMILY)`; then they can be fetched and reached by associations
(SettingsDefineCapabilities), and are not enumerated: a client that lists the settings of a class
wants those of domains, and libvirt-cim lists no others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import cast

from virtcim.broker.provider import Keys
from virtcim.inventory.snapshots import Domain
from virtcim.providers import (
    allocation_capabilities,
    service_capabilities,
    templates_systems,
    views,
)
from virtcim.providers.associations import Walk
from virtcim.providers.families import DomainFamily, Values
from virtcim.providers.model import HostModel
from virtcim.providers.pools import pools
from virtcim.providers.serving import DomainPartsProvider
from virtcim.providers.templates_flavours import VALUE_ROLES, Flavour
from virtcim.providers.templates_legacy import (
    DISK_POOL_DEFINITION,
    NETWORK_DEFINITION,
    VOLUME_DEFINITION,
    legacy_templates,
)
from virtcim.providers.templates_machine import machine_templates
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import ValueRange, ValueRole

SYSTEM = templates_systems.FAMILY
ALLOCATIONS, MANAGEMENT = allocation_capabilities.FAMILY, service_capabilities.MANAGEMENT

DEFINITIONS = (NETWORK_DEFINITION, DISK_POOL_DEFINITION, VOLUME_DEFINITION)
"""Families that have templates alone: definitions of what is to be made in or as a pool."""

SETTINGS = (
    views.PROCESSOR_SETTING,
    views.MEMORY_SETTING,
    views.NET_SETTING,
    views.DISK_SETTING,
    views.GRAPHICS_SETTING,
    views.INPUT_SETTING,
    *DEFINITIONS,
)
"""Families of devices' settings that have templates."""


def of(family: str) -> Callable[[HostModel], tuple[Values, ...]]:
    """Return a function to the templates of a family, for DomainFamily.shared."""
    return lambda model: templates(model).get(family, ())


def templates(model: HostModel) -> Mapping[str, tuple[Values, ...]]:
    """Return the templates of a host by family; kept as long as its pools are the same."""
    given = (model.host.resources.machine, pools(model))
    return model.derive(templates, given, lambda: _by_family(model))


def _by_family(model: HostModel) -> Mapping[str, tuple[Values, ...]]:
    legacy = model.behaviour.legacy_templates
    settings = legacy_templates(model) if legacy else machine_templates(model)
    systems = (
        templates_systems.legacy_systems(model)
        if legacy
        else templates_systems.machine_systems(model)
    )
    found: defaultdict[str, list[Values]] = defaultdict(list)
    for template in (*settings, *systems):
        found[template.family].append(template.values)
    return MappingProxyType({family: tuple(values) for family, values in found.items()})


# What they are related to


def templates_of(family: str) -> Walk:
    """Return a walk from the capabilities of a pool to templates of what can be asked of it."""

    def walk(model: HostModel, capabilities: Record) -> Iterator[Record]:
        wanted = capabilities["InstanceID"]
        return (record for record in _shared(model, family) if record["PoolID"] == wanted)

    return walk


def capabilities_of(model: HostModel, setting: Record) -> Iterator[Record]:
    """Walk from a template to the capabilities of its pool; from a domain's setting nowhere."""
    wanted = setting["PoolID"]
    if isinstance(wanted, str) and is_template(model, setting):
        found = model.provider(ALLOCATIONS).find({"instanceid": wanted})
        if found is not None:
            yield found


def system_templates(model: HostModel, _capabilities: Record) -> Iterable[Record]:
    """Walk from the capabilities of the management of domains to the templates of systems."""
    return _shared(model, SYSTEM)


def management_of(model: HostModel, setting: Record) -> Iterable[Record]:
    """Walk from a template of a system to the capabilities of the management of domains."""
    return model.provider(MANAGEMENT).records() if is_template(model, setting) else ()


def is_template(model: HostModel, setting: Record) -> bool:
    """Tell whether a setting is a template: no domain owns it."""
    return model.owner(setting) is None


def flavour_of(setting: Record) -> Flavour:
    """Return what the values of a template are, as its InstanceID says."""
    instance_id, pool_id = str(setting["InstanceID"]), f"{setting['PoolID']}/"
    words = instance_id.removeprefix(pool_id)
    return next((one for one in Flavour if one in words.split("/")[0]), Flavour.DEFAULT)


def value_role(setting: Record) -> tuple[ValueRole, ValueRange]:
    """Return what CIM_SettingsDefineCapabilities says of a template."""
    return VALUE_ROLES[flavour_of(setting)]


def _shared(model: HostModel, family: str) -> Iterable[Record]:
    return cast("DomainPartsProvider", model.provider(family)).shared_records()


# Families that domains have no instances of


def _no_parts(_model: HostModel, _domain: Domain) -> tuple[()]:
    return ()


def _nobody(_keys: Keys) -> tuple[()]:
    return ()


FAMILIES = tuple(
    DomainFamily(name=family, getters={}, parts=_no_parts, owners=_nobody, shared=of(family))
    for family in DEFINITIONS
)
