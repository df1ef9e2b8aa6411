"""The interop namespace: what discovery clients look for."""

import pytest

from tests.providers.stage import SERVER, Stage, play
from virtcim.providers.interop import PROFILE, SERVER_CLASSES
from virtcim.providers.model import Server
from virtcim.providers.profiles import LEGACY_PROFILES, STRICT_PROFILES, Profile
from virtcim.providers.server_profiles import SERVER_PROFILES, registered
from virtcim.providers.server_state import manager_name
from virtcim.wbem import operations as ops
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import MethodNotAvailable, NotFound, NotSupported

MANAGER = manager_name(Server(SERVER, "1"))

RUNNING = {
    "EnabledState": 2,
    "EnabledDefault": 2,
    "RequestedState": 12,
    "TransitioningToState": 12,
    "OperationalStatus": (2,),
    "HealthState": 5,
    "PrimaryStatus": 1,
    "OperatingStatus": 16,
    "DetailedStatus": 1,
    "CommunicationStatus": 2,
}
OF_SERVER = {
    **RUNNING,
    "SystemCreationClassName": "CIM_ComputerSystem",
    "SystemName": SERVER,
    "StatusDescriptions": ("serving",),
}
BRAND = {
    "Name": MANAGER,
    "ElementName": "virtcim",
    "Caption": "virtcim",
    "Description": "virtcim version 1.2.3",
    "Started": True,
}
EXPECTED = {
    "CIM_ComputerSystem": {
        **RUNNING,
        "CreationClassName": "CIM_ComputerSystem",
        "Name": SERVER,
        "ElementName": SERVER,
        "NameFormat": "IP",
        "Caption": "Machine of the WBEM server",
        "Description": "The machine that the WBEM server runs on",
        "StatusDescriptions": ("runs the WBEM server",),
        "Dedicated": (1,),
    },
    "CIM_ObjectManager": {
        **OF_SERVER,
        **BRAND,
        "CreationClassName": "CIM_ObjectManager",
        "GatherStatisticalData": True,
    },
    "CIM_WBEMServer": {**OF_SERVER, **BRAND, "CreationClassName": "CIM_WBEMServer"},
    "CIM_WBEMServerCapabilities": {
        "InstanceID": f"{MANAGER}:capabilities",
        "ElementName": "Capabilities of virtcim",
        "Caption": "Capabilities of virtcim",
        "ElementNameEditSupported": False,
        "RequestedStatesSupported": (),
        "OperationsSupported": (3, 4),
    },
}


def test_the_name_of_the_manager_is_always_the_same() -> None:
    """It depends on the host alone."""
    assert manager_name(Server(SERVER, "2", compat=True)) == MANAGER
    assert manager_name(Server("other", "1")) != MANAGER


@pytest.mark.parametrize("compat", [False, True], ids=["strict", "compat"])
@pytest.mark.parametrize("class_name", EXPECTED)
def test_the_server_is_there_once(class_name: str, *, compat: bool) -> None:
    """There is exactly one of each, with brand, version and state."""

    async def scene(stage: Stage) -> None:
        (record,) = stage.records(class_name, "interop")
        assert {name: record[name] for name in SERVER_CLASSES[class_name]} == EXPECTED[class_name]

    play(scene, compat=compat)


def test_the_server_is_named_as_its_machine() -> None:
    """All SystemNames are the name of one system that is there, and of the host of its domains."""

    async def scene(stage: Stage) -> None:
        (system,) = stage.records("CIM_ComputerSystem", "interop")
        for class_name in SERVER_CLASSES:
            for record in stage.records(class_name, "interop"):
                if "systemname" in record.layout.keys:
                    assert record["SystemName"] == system["Name"], class_name
                    assert record["SystemCreationClassName"] == system["CreationClassName"]

    play(scene)


@pytest.mark.parametrize("method", ["StartService", "StopService", "RequestStateChange"])
def test_the_server_is_not_stopped_by_its_clients(method: str) -> None:
    """Its methods that are not done are said to be so."""

    async def scene(stage: Stage) -> None:
        for class_name in ("CIM_ObjectManager", "CIM_WBEMServer"):
            (record,) = stage.records(class_name, "interop")
            asked = ops.InvokeMethod(
                namespace="interop", method=method, target=record.path,
                arguments=(Argument("RequestedState", None, "3"),)
                if method == "RequestStateChange" else (),
            )  # fmt: skip
            with pytest.raises(MethodNotAvailable):
                await stage.broker.change(asked)

    play(scene)


def test_the_server_stays() -> None:
    """No client removes what the server says of itself, but namespaces."""

    async def scene(stage: Stage) -> None:
        for class_name in SERVER_CLASSES.keys() - {"CIM_Namespace", "CIM_WBEMServerNamespace"}:
            for record in stage.records(class_name, "interop"):
                asked = ops.DeleteInstance(namespace="interop", instance_name=record.path)
                with pytest.raises(NotSupported):
                    await stage.broker.change(asked)

    play(scene)


@pytest.mark.parametrize("compat", [False, True], ids=["strict", "compat"])
def test_profiles_of_the_server(*, compat: bool) -> None:
    """What the server follows itself is registered by exactly DMTF's class."""

    async def scene(stage: Stage) -> None:
        records = stage.records("CIM_RegisteredProfile", "interop")
        named = ("InstanceID", "RegisteredName", "RegisteredVersion")
        assert [tuple(record[name] for name in named) for record in records] == [
            ("CIM:DSP1092-WBEMServer-1.0.0", "WBEM Server Profile", "1.0.0"),
            ("CIM:DSP1033-ProfileRegistration-1.0.0", "Profile Registration", "1.0.0"),
        ]  # fmt: skip
        for record in records:
            assert record["RegisteredOrganization"] == 2
            assert record["SpecificationType"] == 2
            assert record["AdvertiseTypes"] == (2,)
            assert record["ElementName"] == record["RegisteredName"]

    play(scene, compat=compat)


def test_indications_are_registered_when_they_are_served() -> None:
    """Nothing is registered before its central class is there."""
    names = [one.name for one in registered({*SERVER_CLASSES, "CIM_IndicationService"})]
    assert names == [one.name for one in SERVER_PROFILES]
    assert ("Indications", "1.1.0") in {(one.name, one.version) for one in SERVER_PROFILES}
    assert registered(()) == ()


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


@pytest.mark.parametrize("class_name", [*SERVER_CLASSES, "Test_RegisteredProfile"])
def test_instances_are_found_by_their_paths(class_name: str) -> None:
    """What is enumerated can be fetched, and nothing else."""

    async def scene(stage: Stage) -> None:
        for record in stage.records(class_name, "interop"):
            stage.broker.read(ops.GetInstance(namespace="interop", instance_name=record.path))
            keys = tuple((name, "other") for name, _ in record.path.keys or ())
            other = ObjectPath(class_name, keys)
            with pytest.raises(NotFound):
                stage.broker.read(ops.GetInstance(namespace="interop", instance_name=other))

    play(scene)
