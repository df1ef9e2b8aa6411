"""Paths as libvirt-cim reads them: the table, and what a test hypervisor cannot show."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.stage import NAMESPACE, SYSTEM, Stage, play
from virtcim.broker.provider import Keys
from virtcim.broker.rules import STANDARD
from virtcim.providers.compatibility import LIBVIRT_CIM, STRICT
from virtcim.providers.legacy_paths import (
    READINGS,
    TELLING_KEYS,
    read_fixed,
    read_path,
    telling_key,
)
from virtcim.providers.registry import FAMILIES
from virtcim.schema.families import build_repository
from virtcim.schema.layouts import Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import Failed, NotFound

MODEL: Any = None
"""Classes whose paths are read without a look at the host."""


class Fixed:
    """A provider of the instances that it is given by their keys."""

    def __init__(self, class_name: str, *rows: Mapping[str, str]) -> None:
        declaration = build_repository(("KVM",)).find(class_name)
        assert declaration is not None
        self.layout = Layout(declaration)
        self._records = RecordSet(
            self.layout,
            (
                Record(
                    self.layout,
                    NAMESPACE,
                    tuple(row.get(p.name.lower(), p.value) for p in self.layout.properties),
                )
                for row in rows
            ),
        )

    def records(self) -> RecordSet:
        """Return all."""
        return self._records

    def look_up(self, keys: Keys) -> Record | None:
        """Return the one with this telling key."""
        telling = telling_key(self.layout)
        return next((r for r in self._records if r[telling] == keys[telling]), None)

    def absent(self, keys: Keys) -> str:
        """Say that there is none."""
        return f"no {keys[telling_key(self.layout)]}"


FILTER = {
    "systemcreationclassname": "KVM_HostSystem",
    "systemname": "host",
    "creationclassname": "KVM_FilterList",
    "name": "clean-traffic",
}
SERVICE = {**FILTER, "creationclassname": "KVM_SwitchService", "name": "Switch"}


def test_each_class_is_one_of_the_model() -> None:
    """The table has no class that is not served, and every served class can be read."""
    served = {family.name.partition("_")[2] for family in FAMILIES}
    assert READINGS.keys() <= served
    repository = build_repository(("KVM",))
    for name in served:
        declaration = repository.find(f"KVM_{name}")
        assert declaration is not None
        assert telling_key(Layout(declaration)) in TELLING_KEYS


def test_only_the_name_of_a_filter_counts() -> None:
    """A list of filters is found by its name, whatever the other keys say."""
    filters = Fixed("KVM_FilterList", FILTER)
    (record,) = filters.records()
    for keys in ({"name": "clean-traffic"}, {**FILTER, "systemname": "other"}):
        assert read_path(MODEL, filters, keys) is record
    missing = read_path(MODEL, filters, {"systemname": "host"})
    assert isinstance(missing, NotFound)
    assert missing.reason == "No such instance (Name)"


def test_case_does_not_count_where_nothing_is_looked_up() -> None:
    """The keys of what is the only one of its class are compared without case and outer blanks."""
    service = Fixed("KVM_SwitchService", SERVICE)
    (record,) = service.records()
    keys = {name: f" {value.upper()}\n" for name, value in SERVICE.items()}
    assert read_path(MODEL, service, keys) is record


def test_a_service_that_is_not_there() -> None:
    """Without an instance there is nothing to compare the keys with."""
    gone = read_path(MODEL, Fixed("KVM_SwitchService"), SERVICE)
    assert isinstance(gone, NotFound)
    assert gone.reason == "No such instance"


@pytest.mark.parametrize(
    ("keys", "error", "reason"),
    [
        ({}, Failed, "No InstanceID specified"),
        ({"instanceid": "y"}, NotFound, "No such instance (InstanceID)"),
    ],
)
def test_fixed_instances(keys: Keys, error: type[Exception], reason: str) -> None:
    """Instances that never change are found by their id."""
    profiles = Fixed("KVM_RegisteredProfile", {"instanceid": "x"})
    (record,) = profiles.records()
    assert read_fixed(profiles.records(), profiles.layout, {"instanceid": " X"}) is record
    found = read_fixed(profiles.records(), profiles.layout, keys)
    assert isinstance(found, error)
    assert str(found) == reason


def test_references_are_read_by_the_same_rules() -> None:
    """A reference with surplus keys leads to its instance with the switch on; others to none."""

    async def scene(stage: Stage) -> None:
        provider = stage.namespaces.get(NAMESPACE).provider("Test_SystemDevice")
        assert provider is not None
        link = provider.records().records[0]
        system, device = link["GroupComponent"], link["PartComponent"]
        assert isinstance(system, ObjectPath)
        assert isinstance(device, ObjectPath)
        strange = replace(system, keys=(*(system.keys or ()), ("Strange", "x")))
        found = provider.find({"groupcomponent": strange, "partcomponent": device})
        assert found is not None
        assert found.path == link.path
        nowhere = replace(system, keys=(("CreationClassName", SYSTEM),))
        assert provider.find({"groupcomponent": nowhere, "partcomponent": device}) is None

    play(scene, compat=True)


def test_the_switch_alone_loosens() -> None:
    """Without the switch the standard's rules hold."""
    assert STRICT.rules is STANDARD
    assert not STRICT.padded_messages
    assert LIBVIRT_CIM.rules.loose_keys
    assert LIBVIRT_CIM.padded_messages
