"""Which profiles hosts follow, who follows them, and which use which."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import pytest

from tests.hypervisors.standing import StandingHypervisor
from tests.providers.graph import Graph
from tests.providers.shared_resources import DISK, RESOURCES, VNC, running
from virtcim.providers.compatibility import LIBVIRT_CIM, STRICT
from virtcim.providers.profiles import (
    CONFORMING,
    LEGACY_PROFILES,
    STRICT_PROFILES,
    Profile,
    profiles,
)
from virtcim.providers.registry import FAMILIES
from virtcim.providers.server_profiles import SERVER_PROFILES
from virtcim.providers.service_capabilities import DONE
from virtcim.wbem.paths import ObjectPath

TABLES = pytest.mark.parametrize("table", [STRICT_PROFILES, LEGACY_PROFILES, SERVER_PROFILES])


def play(scene: Callable[[Graph], Awaitable[None]], *, compat: bool) -> None:
    """Look at the graph of a host with everything."""

    async def run() -> None:
        hypervisor = StandingHypervisor((running("a", DISK + VNC),), RESOURCES)
        graph = Graph(hypervisor, "KVM", compat=compat)
        await graph.start()
        await scene(graph)
        await graph.host.close()

    asyncio.run(run())


def ends(graph: Graph, association: str, first: str, second: str) -> list[tuple[str, str]]:
    """Return the ends of all instances: the number of a profile's document, or the class."""
    return [
        (_word(link[first]), _word(link[second]))
        for link in graph.providers()[f"KVM_{association}"].records()
    ]


def _word(path: object) -> str:
    assert isinstance(path, ObjectPath)
    keys: Mapping[str, object] = dict(path.keys or ())
    found = re.match(r"CIM:DSP(\d+)[^_]*(_.)?$", str(keys.get("InstanceID")))
    return found[1] + (found[2] or "") if found else path.class_name.removeprefix("KVM_")


@TABLES
def test_ids_are_unique_and_references_are_there(table: tuple[Profile, ...]) -> None:
    """A profile is registered once, and uses none that is not registered, nor itself."""
    ids = [profile.instance_id for profile in table]
    assert len(set(ids)) == len(ids)
    for profile in table:
        there = {*ids, *(one.instance_id for one in SERVER_PROFILES)}
        assert set(profile.references) <= there - {profile.instance_id}


@TABLES
def test_ids_tell_what_they_name(table: tuple[Profile, ...]) -> None:
    """An id has the document, the name and the version, as clients take it apart."""
    for profile in table:
        found = re.fullmatch(r"CIM:DSP\d{4}-(\w+)-(\d[\w.]*?)(_[a-z])?", profile.instance_id)
        assert found is not None
        assert found[1] == profile.name.replace(" ", "").removesuffix("Profile") or (
            profile.name == "Virtual System Profile"
        )
        assert found[2] == profile.version


def test_profiles_of_libvirt_cim_keep_their_ids() -> None:
    """What both behaviours register has one id, name and version."""
    strict = {profile.instance_id: (profile.name, profile.version) for profile in STRICT_PROFILES}
    legacy = {profile.instance_id: (profile.name, profile.version) for profile in LEGACY_PROFILES}
    for instance_id in strict.keys() & legacy.keys():
        assert strict[instance_id] == legacy[instance_id]
    assert len(strict.keys() & legacy.keys()) == 9
    assert (profiles(STRICT), profiles(LIBVIRT_CIM)) == (STRICT_PROFILES, LEGACY_PROFILES)


def test_migration_is_claimed_once_it_is_done() -> None:
    """Clients of libvirt-cim see its profile; nobody else is told what is not there."""
    names = {profile.name for profile in STRICT_PROFILES}
    assert ("Virtual System Migration" in names) == ("MigrateVirtualSystemToHost" in DONE)


def test_who_conforms_is_served() -> None:
    """Each family that conforms to a profile has instances, and a class."""
    served = {family.name for family in FAMILIES} | {"Virt_RegisteredProfile"}
    assert set(CONFORMING) <= served


def test_central_instances() -> None:
    """In strict mode each profile has the instances that are its centre, and no others."""

    async def scene(graph: Graph) -> None:
        pairs = Counter(
            ends(graph, "ElementConformsToProfile", "ConformantStandard", "ManagedElement")
        )
        assert {pair: count for pair, count in pairs.items() if pair[0] < "1042"} == {
            ("1027", "PowerManagementService"): 1,
            ("1041_d", "DiskPool"): 2, ("1041_n", "NetworkPool"): 3,
            ("1041_p", "ProcessorPool"): 1, ("1041_m", "MemoryPool"): 1,
            ("1041_g", "GraphicsPool"): 1, ("1041_i", "InputPool"): 1,
            ("1041_c", "ControllerPool"): 1,
        }  # fmt: skip
        assert pairs["1042", "HostSystem"] == pairs["1057", "ComputerSystem"] == 1
        assert pairs["1043", "AllocationCapabilities"] == 10
        assert pairs["1097", "VirtualEthernetSwitch"] > 0
        assert pairs["1053", "BaseMetricDefinition"] > 0

    play(scene, compat=False)


def test_references_of_profiles() -> None:
    """Antecedent is what is referenced (DSP1033); the virtualization of systems uses all others."""

    async def scene(graph: Graph) -> None:
        pairs = ends(graph, "ReferencedProfile", "Antecedent", "Dependent")
        assert len(set(pairs)) == len(pairs)
        used = {one for one, user in pairs if user == "1042"}
        assert len(used) == len(STRICT_PROFILES) - 1
        assert {one for one, user in pairs if user == "1057"} == {"1027", "1053"}
        assert ("1041_p", "1044") in pairs
        assert {user for one, user in pairs if one == "1043"} >= {"1041_d", "1045", "1059_g"}

    play(scene, compat=False)


def test_profiles_for_clients_of_libvirt_cim() -> None:
    """It relates scoping instances too, and writes the ends of references the other way round."""

    async def scene(graph: Graph) -> None:
        pairs = ends(graph, "ElementConformsToProfile", "ConformantStandard", "ManagedElement")
        of_system = {profile for profile, element in pairs if element == "ComputerSystem"}
        assert of_system == {"1057", "1043", "1041_d", "1041_n", "1041_p", "1041_m"}
        assert {profile for profile, element in pairs if element == "HostSystem"} == {
            "1042", "1076",
        }  # fmt: skip
        references = ends(graph, "ReferencedProfile", "Antecedent", "Dependent")
        assert ("1057", "1042") in references
        assert ("1042", "1081") in references
        assert len(references) == 12

    play(scene, compat=True)
