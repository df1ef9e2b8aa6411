"""The interop namespace: what discovery clients look for."""

import pytest

from tests.providers.stage import SERVER, Stage, play
from virtcim.providers.interop import (
    NAMESPACE,
    OBJECT_MANAGER,
    PROFILE,
    manager_name,
)
from virtcim.providers.model import Server
from virtcim.providers.profiles import LEGACY_PROFILES, STRICT_PROFILES, Profile
from virtcim.wbem import operations as ops
from virtcim.wbem.status import NotFound

MANAGER = manager_name(Server(SERVER, "1"))


def test_the_name_of_the_manager_is_always_the_same() -> None:
    """It depends on the host alone."""
    assert manager_name(Server(SERVER, "2", compat=True)) == MANAGER
    assert manager_name(Server("other", "1")) != MANAGER


def test_object_manager() -> None:
    """There is exactly one, with its brand and version."""

    async def scene(stage: Stage) -> None:
        (record,) = stage.records("CIM_ObjectManager", "interop")
        assert {name: record[name] for name in OBJECT_MANAGER} == {
            "SystemCreationClassName": "CIM_ComputerSystem",
            "SystemName": SERVER,
            "CreationClassName": "CIM_ObjectManager",
            "Name": MANAGER,
            "ElementName": "virtcim",
            "Caption": "virtcim",
            "Description": "virtcim version 1.2.3",
            "EnabledState": 2,
            "RequestedState": 12,
            "OperationalStatus": (2,),
            "StatusDescriptions": ("serving",),
            "HealthState": 5,
            "PrimaryStatus": 1,
            "Started": True,
            "GatherStatisticalData": False,
        }

    play(scene)


def test_namespaces() -> None:
    """Every namespace is listed, the interop one under both of its names."""

    async def scene(stage: Stage) -> None:
        records = stage.records("CIM_Namespace", "root/interop")
        names = [record["Name"] for record in records]
        assert names == ["root/virt", "root/interop", "root/cimv2", "interop"]
        for record, name in zip(records, names, strict=True):
            assert isinstance(name, str)
            stage.namespaces.get(name)
            assert {key: record[key] for key in NAMESPACE} == {
                "SystemCreationClassName": "CIM_ComputerSystem",
                "SystemName": SERVER,
                "ObjectManagerCreationClassName": "CIM_ObjectManager",
                "ObjectManagerName": MANAGER,
                "CreationClassName": "CIM_Namespace",
                "Name": name,
                "ElementName": name,
                "ClassInfo": 1,
                "DescriptionOfClassInfo": "CIM 2.49",
                "ClassType": 2,
                "ClassTypeVersion": "2.49.0",
            }

    play(scene)


@pytest.mark.parametrize(
    ("compat", "profiles"), [(False, STRICT_PROFILES), (True, LEGACY_PROFILES)]
)
def test_profiles(*, compat: bool, profiles: tuple[Profile, ...]) -> None:
    """Each profile is registered as the table of the behaviour has it."""

    async def scene(stage: Stage) -> None:
        records = stage.records("Test_RegisteredProfile", "root/PG_InterOp")
        for record, profile in zip(records, profiles, strict=True):
            assert {name: record[name] for name in PROFILE} == {
                "InstanceID": profile.instance_id,
                "ElementName": profile.name,
                "RegisteredOrganization": 2,
                "RegisteredName": profile.name,
                "RegisteredVersion": profile.version,
                "SpecificationType": 2,
                "AdvertiseTypes": (2,),
            }

    play(scene, compat=compat)


@pytest.mark.parametrize(
    "class_name", ["CIM_ObjectManager", "CIM_Namespace", "Test_RegisteredProfile"]
)
def test_instances_are_found_by_their_paths(class_name: str) -> None:
    """What is enumerated can be fetched, and nothing else."""

    async def scene(stage: Stage) -> None:
        for record in stage.records(class_name, "interop"):
            stage.broker.read(ops.GetInstance(namespace="interop", instance_name=record.path))
            keys = tuple((name, "other") for name, _ in record.path.keys or ())
            other = type(record.path)(class_name, keys)
            with pytest.raises(NotFound):
                stage.broker.read(ops.GetInstance(namespace="interop", instance_name=other))

    play(scene)
