"""The association table, assembled: every association of a host, and how profiles are related."""

from virtcim.providers import profiles, templates
from virtcim.providers import service_capabilities as capabilities
from virtcim.providers.associations import Association, Link, Row
from virtcim.providers.device_links import DEVICE_LINKS
from virtcim.providers.job_links import JOB_LINKS
from virtcim.providers.metric_links import METRIC_LINKS
from virtcim.providers.model import CIMV2, INTEROP
from virtcim.providers.network_links import NETWORK_LINKS
from virtcim.providers.pool_links import POOL_LINKS
from virtcim.providers.service_links import SERVICE_LINKS
from virtcim.providers.snapshot_links import SNAPSHOT_LINKS
from virtcim.providers.walks import every
from virtcim.schema.valuemaps import PropertyPolicy, ValueRange, ValueRole

PROFILE = profiles.FAMILY
MIGRATION, MIGRATION_SETTING = capabilities.MIGRATION, capabilities.MIGRATION_SETTING
MANAGEMENT, ALLOCATIONS = capabilities.MANAGEMENT, templates.ALLOCATIONS


def _role(link: Link) -> ValueRole:
    return _template_role(link)[0]


def _range(link: Link) -> ValueRange:
    return _template_role(link)[1]


def _template_role(link: Link) -> tuple[ValueRole, ValueRange]:
    """Return what the values of a setting mean; those of whole systems and migrations are usual."""
    if link.first.layout.class_name == link.model.class_name(ALLOCATIONS):
        return templates.value_role(link.second)
    return ValueRole.DEFAULT, ValueRange.POINT


PROFILE_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_SettingsDefineCapabilities", (
        *(Row(ALLOCATIONS, setting, templates.templates_of(setting), templates.capabilities_of)
          for setting in templates.SETTINGS),
        Row(MIGRATION, MIGRATION_SETTING, every(MIGRATION_SETTING), every(MIGRATION)),
        Row(MANAGEMENT, templates.SYSTEM, templates.system_templates, templates.management_of),
    ), properties={
        "PropertyPolicy": lambda _: PropertyPolicy.INDEPENDENT,
        "ValueRole": _role,
        "ValueRange": _range,
    }),
    Association("Virt_ElementConformsToProfile", tuple(
        Row(PROFILE, family, profiles.conforming(family), profiles.conformed(family))
        for family in profiles.CONFORMING
    ), (INTEROP, CIMV2)),
    Association("Virt_ReferencedProfile", (
        Row(PROFILE, PROFILE, profiles.referencing, profiles.referenced),
    ), (INTEROP,)),
)  # fmt: skip

ASSOCIATIONS: tuple[Association, ...] = (
    *DEVICE_LINKS,
    *POOL_LINKS,
    *SERVICE_LINKS,
    *NETWORK_LINKS,
    *SNAPSHOT_LINKS,
    *METRIC_LINKS,
    *JOB_LINKS,
    *PROFILE_LINKS,
)
"""All associations of a host."""
