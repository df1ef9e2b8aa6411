"""Settings that a test makes of a definition's devices."""

from collections.abc import Mapping

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import domain_text, model_of, records
from virtcim.hypervisors.resources import NO_RESOURCES, ResourceFacts
from virtcim.schema.layouts import Record


def settings_of(
    family: str,
    devices: str,
    *,
    resources: ResourceFacts = NO_RESOURCES,
    compat: bool = False,
) -> Mapping[str, Record]:
    """Return the settings of a stopped domain called web, by the ids of their devices."""
    return settings_in(family, domain_text("web", devices), resources=resources, compat=compat)


def settings_in(
    family: str,
    text: str,
    *,
    resources: ResourceFacts = NO_RESOURCES,
    compat: bool = False,
) -> Mapping[str, Record]:
    """Return the settings of a stopped domain with this definition, by the ids of their devices."""
    model = model_of(facts_of(None, text), resources=resources, compat=compat)
    return {str(record["ElementName"]): record for record in records(model, family)}
