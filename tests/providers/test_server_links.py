"""What belongs to the server, and what follows its profiles."""

import pytest

from tests.providers.stage import Stage, play
from virtcim.providers.profiles import PROFILE_REGISTRATION, STRICT_PROFILES
from virtcim.providers.server_links import SERVER_LINKS
from virtcim.schema.layouts import Record
from virtcim.schema.records import RelatedRecords
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import ObjectPathsReply
from virtcim.wbem.status import NotFound

WBEM_SERVER = "CIM:DSP1092-WBEMServer-1.0.0"
NAMES = ("root/virt", "root/interop", "root/cimv2", "interop")


def ends(stage: Stage, class_name: str) -> set[tuple[str, str]]:
    """Return the two ends of each instance, in short."""
    pairs = set()
    for record in stage.records(class_name, "interop"):
        first, second = (v for v in record.values if isinstance(v, ObjectPath))
        pairs.add((_short(first), _short(second)))
    return pairs


def _short(path: ObjectPath) -> str:
    keys = {name.lower(): str(value) for name, value in path.keys or ()}
    telling = keys.get("instanceid", "")
    return telling if telling.startswith("CIM:") else path.class_name.removeprefix("CIM_")


EXPECTED = {
    "CIM_HostedService": {("ComputerSystem", "ObjectManager"), ("ComputerSystem", "WBEMServer")},
    "CIM_HostedAccessPoint": {("ComputerSystem", "CIMXMLCommunicationMechanism")},
    "CIM_CommMechanismForManager": {("ObjectManager", "CIMXMLCommunicationMechanism")},
    "CIM_ServiceAccessBySAP": {("WBEMServer", "CIMXMLCommunicationMechanism")},
    "CIM_NamespaceInManager": {("ObjectManager", "Namespace")},
    "CIM_HostedDependency": {("WBEMServer", "WBEMServerNamespace")},
    "CIM_ElementCapabilities": {("WBEMServer", "WBEMServerCapabilities")},
    "CIM_ElementStatisticalData": {("ObjectManager", "CIMOMStatisticalData")},
    "CIM_ElementConformsToProfile": {
        (WBEM_SERVER, "WBEMServer"),
        *((PROFILE_REGISTRATION, one) for one in (WBEM_SERVER, PROFILE_REGISTRATION)),
        *((PROFILE_REGISTRATION, one.instance_id) for one in STRICT_PROFILES),
    },
    "CIM_ReferencedProfile": {
        (PROFILE_REGISTRATION, WBEM_SERVER),
        *(
            (PROFILE_REGISTRATION, one.instance_id)
            for one in STRICT_PROFILES
            if PROFILE_REGISTRATION in one.references
        ),
    },
}
"""All that is related, by association."""

LEGACY = {
    "CIM_ElementConformsToProfile": {
        (WBEM_SERVER, "WBEMServer"),
        *((PROFILE_REGISTRATION, one) for one in (WBEM_SERVER, PROFILE_REGISTRATION)),
    },
    "CIM_ReferencedProfile": {(PROFILE_REGISTRATION, WBEM_SERVER)},
}
"""What differs where clients of libvirt-cim find its profiles and nothing about them."""


@pytest.mark.parametrize("compat", [False, True], ids=["strict", "compat"])
@pytest.mark.parametrize("class_name", [link.name for link in SERVER_LINKS])
def test_what_is_related(class_name: str, *, compat: bool) -> None:
    """Each association relates what its profile asks for."""

    async def scene(stage: Stage) -> None:
        expected = {**EXPECTED, **(LEGACY if compat else {})}
        assert ends(stage, class_name) == expected[class_name]

    play(scene, compat=compat)


@pytest.mark.parametrize("class_name", ["CIM_NamespaceInManager", "CIM_HostedDependency"])
def test_every_namespace_belongs_to_the_server(class_name: str) -> None:
    """Under each of its names; and they are written once as long as they are the same."""

    async def scene(stage: Stage) -> None:
        assert len(stage.records(class_name, "interop")) == len(NAMES)
        assert stage.records(class_name, "interop") == stage.records(class_name, "interop")

    play(scene)


def far(stage: Stage, source: Record, **filters: str) -> list[ObjectPath]:
    """Return what AssociatorNames finds from an instance of the interop namespace."""
    asked = ops.AssociatorNames(namespace="interop", object_name=source.path, **filters)
    reply = stage.broker.read(asked)
    assert isinstance(reply, ObjectPathsReply)
    assert isinstance(reply.objects, RelatedRecords)
    return [record.path for record in reply.objects]


def test_profiles_lead_to_their_centre_across_namespaces() -> None:
    """From the profile of hosts the host of root/virt is found, and the profile from there."""

    async def scene(stage: Stage) -> None:
        profile = next(
            one for one in stage.records("Test_RegisteredProfile", "interop")
            if str(one["RegisteredName"]) == "System Virtualization"
        )  # fmt: skip
        asked = {"assoc_class": "CIM_ElementConformsToProfile"}
        (host,) = far(stage, profile, result_role="ManagedElement", **asked)
        assert (host.namespace, host.class_name) == ("root/virt", "Test_HostSystem")
        (record,) = stage.records("Test_HostSystem")
        assert profile.path in far(stage, record, result_role="ConformantStandard", **asked)
        (about,) = far(stage, profile, result_role="ConformantStandard", **asked)
        assert _short(about) == PROFILE_REGISTRATION

    play(scene)


def test_the_server_is_found_by_its_profile_and_from_its_system() -> None:
    """Both ways that DSP1033 knows lead to the same instance."""

    async def scene(stage: Stage) -> None:
        (server,) = stage.records("CIM_WBEMServer", "interop")
        profile = next(
            one for one in stage.records("CIM_RegisteredProfile", "interop")
            if one["InstanceID"] == WBEM_SERVER
        )  # fmt: skip
        (system,) = stage.records("CIM_ComputerSystem", "interop")
        conforms = {"assoc_class": "CIM_ElementConformsToProfile"}
        assert far(stage, profile, result_role="ManagedElement", **conforms) == [server.path]
        hosted = {"assoc_class": "CIM_HostedService", "result_class": "CIM_WBEMServer"}
        assert far(stage, system, **hosted) == [server.path]
        assert far(stage, server, assoc_class="CIM_HostedService") == [system.path]

    play(scene)


def test_links_are_found_by_their_ends() -> None:
    """What is enumerated can be fetched; two ends that are not related are no instance."""

    async def scene(stage: Stage) -> None:
        for link in SERVER_LINKS:
            for record in stage.records(link.name, "interop"):
                stage.broker.read(ops.GetInstance(namespace="interop", instance_name=record.path))
        (capabilities,) = stage.records("CIM_WBEMServerCapabilities", "interop")
        (manager,) = stage.records("CIM_ObjectManager", "interop")
        for element in (manager.path, ObjectPath("CIM_Service", ()), capabilities.path):
            unrelated = ObjectPath(
                "CIM_ElementCapabilities",
                (("ManagedElement", element), ("Capabilities", capabilities.path)),
            )
            with pytest.raises(NotFound):
                stage.broker.read(ops.GetInstance(namespace="interop", instance_name=unrelated))

    play(scene)
