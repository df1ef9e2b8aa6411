"""Settings of real definitions: the texts of tests/data, all families, both behaviours."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.hypervisors.definition.corpus import texts
from tests.hypervisors.standing import facts_of
from tests.providers.handmade import model_of, records
from virtcim.hypervisors.model import DomainFacts, DomainUUID
from virtcim.providers import system_settings, views
from virtcim.schema.layouts import EVERYTHING, Record
from virtcim.wbem.objects import Property, Value
from virtcim.wbem.types import INTEGER_RANGES, CIMType

FAMILIES = (
    system_settings.FAMILY,
    *(value for name, value in vars(views).items() if name.endswith("_SETTING")),
)
PYTHON_TYPES = {CIMType.BOOLEAN: bool, CIMType.STRING: str, CIMType.DATETIME: str}

DOMAINS = texts("domains")


def facts(name: str) -> DomainFacts:
    """Return a domain of the corpus; a running one has its text as its definition too."""
    text = DOMAINS[name]
    made = facts_of(text if name.endswith(".live") else None, text)
    return made if made.uuid else replace(made, uuid=DomainUUID(name))


def misfits(record: Record) -> Iterator[str]:
    """Yield what the type of its property does not allow."""
    for declared, value in zip(record.layout.properties, record.values, strict=True):
        if value is None:
            continue
        if declared.is_array is not isinstance(value, tuple):
            yield f"{declared.name}: {value!r}"
        for one in value if isinstance(value, tuple) else (value,):
            if not fits(declared, one):
                yield f"{declared.name}: {one!r}"


def fits(declared: Property, value: Value) -> bool:
    """Say whether a value is of the declared type, and in its range."""
    bounds = INTEGER_RANGES.get(declared.type)
    if bounds is None:
        return isinstance(value, PYTHON_TYPES[declared.type])
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return bounds[0] <= value <= bounds[1]


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("name", DOMAINS)
def test_every_value_fits_its_type(name: str, *, compat: bool) -> None:
    """Whatever a definition says, clients get values that their classes allow."""
    model = model_of(facts(name), compat=compat)
    ids = []
    for family in FAMILIES:
        for record in records(model, family):
            assert [*misfits(record)] == []
            assert record.instance_xml(record.layout.variant(EVERYTHING))
            ids.append(record["InstanceID"])
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", DOMAINS)
def test_every_device_has_a_setting(name: str) -> None:
    """In strict mode nothing that a definition has is missing."""
    model = model_of(facts(name))
    (domain,) = model.host.listing.domains.values()
    found = [record for family in FAMILIES[1:] for record in records(model, family)]
    shown = {record["InstanceID"] for record in found}
    devices = views.setting_views(model, domain)
    expected = {view.instance_id for parts in devices.values() for view in parts}
    assert shown == expected
