"""The association table: both directions agree, and what is listed can be fetched."""

import pytest

from tests.clients.expected import DOMAINS
from tests.providers.stage import HOST, NAMESPACE, SYSTEM, Stage, play
from virtcim.broker.provider import AssociationProvider, is_association
from virtcim.providers.compatibility import LIBVIRT_CIM, STRICT
from virtcim.providers.links import ASSOCIATIONS
from virtcim.providers.model import CIMV2, INTEROP
from virtcim.schema.families import member
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import ObjectPathsReply
from virtcim.wbem.status import NotFound, WBEMError


def provider_of(stage: Stage, family: str, namespace: str = NAMESPACE) -> AssociationProvider:
    """Return the provider of an association."""
    provider = stage.namespaces.get(namespace).provider(member("Test", family))
    assert provider is not None
    assert is_association(provider)
    return provider


def ends(provider: AssociationProvider, record: Record) -> tuple[ObjectPath, ObjectPath]:
    """Return the paths at both ends."""
    first, second = (record[end.role] for end in provider.ends)
    assert isinstance(first, ObjectPath)
    assert isinstance(second, ObjectPath)
    return first, second


def follow(stage: Stage, source: ObjectPath, namespace: str, **filters: str) -> list[ObjectPath]:
    """Return the paths of the records that are associated with a source."""
    operation = ops.AssociatorNames(
        namespace=namespace,
        object_name=ObjectPath(source.class_name, source.keys),
        **filters,
    )
    reply = stage.broker.read(operation)
    assert isinstance(reply, ObjectPathsReply)
    return [record.path for record in reply.objects]  # type: ignore[attr-defined]


@pytest.mark.parametrize("compat", [False, True])
def test_both_directions_agree(*, compat: bool) -> None:
    """From each end of an instance the other is found by its role, in every namespace."""

    async def scene(stage: Stage) -> None:
        for association in ASSOCIATIONS:
            provider = provider_of(stage, association.family)
            for record in samples(provider, compat=compat):
                for near, far in ((0, 1), (1, 0)):
                    for namespace in (NAMESPACE, *association.elsewhere):
                        found = follow(
                            stage,
                            ends(provider, record)[near],
                            namespace,
                            assoc_class=provider.layout.class_name,
                            role=provider.ends[near].role,
                            result_role=provider.ends[far].role,
                        )
                        assert ends(provider, record)[far] in found

    play(scene, compat=compat)


def samples(provider: AssociationProvider, *, compat: bool) -> list[Record]:
    """Return an instance for each pair of classes; libvirt-cim's templates lead nowhere."""
    if compat and provider.layout.class_name.endswith("_SettingsDefineCapabilities"):
        return []
    classes = {tuple(p.class_name for p in ends(provider, r)): r for r in provider.records()}
    return [*classes.values()]


def test_every_instance_can_be_fetched() -> None:
    """What is listed is found by its path; a pair that is not related is not."""

    async def scene(stage: Stage) -> None:
        for association in ASSOCIATIONS:
            provider = provider_of(stage, association.family)
            for record in samples(provider, compat=False):
                stage.broker.read(ops.GetInstance(namespace=NAMESPACE, instance_name=record.path))
                _, second = ends(provider, record)
                roles = [end.role.lower() for end in provider.ends]
                assert provider.find({roles[0]: ObjectPath("X"), roles[1]: second}) is None
                assert provider.find({roles[0]: "text", roles[1]: second}) is None

    play(scene)


def test_listings_follow_the_domains() -> None:
    """There is a link for each domain, kept while nothing changes."""

    async def scene(stage: Stage) -> None:
        provider = provider_of(stage, "Virt_HostedDependency")
        records = provider.records()
        assert provider.records() is records
        assert len(records) == len(DOMAINS)
        await stage.request("running", "9")
        assert provider.records() is not records
        assert len(provider.records()) == len(DOMAINS)

    play(scene)


@pytest.mark.parametrize("compat", [False, True])
def test_the_switch_exchanges_the_ends_of_hosted_dependency(*, compat: bool) -> None:
    """DMTF's antecedent is the host, libvirt-cim's the domain."""

    async def scene(stage: Stage) -> None:
        hosted = provider_of(stage, "Virt_HostedDependency")
        (first, second) = ends(hosted, hosted.records().records[0])
        assert (first.class_name == HOST) is not compat
        assert (second.class_name == HOST) is compat

    play(scene, compat=compat)


@pytest.mark.parametrize("compat", [False, True])
def test_rows_name_classes_that_are_served(*, compat: bool) -> None:
    """Both ends of a row that holds are served, and fit the ends that the MOF declares."""

    async def scene(stage: Stage) -> None:
        behaviour = LIBVIRT_CIM if compat else STRICT
        repository = stage.namespaces.get(NAMESPACE).repository
        for association in ASSOCIATIONS:
            provider = provider_of(stage, association.family)
            for one in association.rows:
                swapped = association.family in behaviour.swapped
                row = one.swapped() if swapped else one
                shown = row.mark in behaviour.rows
                if shown and behaviour.hidden.isdisjoint({row.first, row.second}):
                    for family, end in zip((row.first, row.second), provider.ends, strict=True):
                        name = member("Test", family)
                        assert repository.is_a(name, end.class_name), association.family
                        served = any(space.provider(name) for space in stage.namespaces)
                        assert served, (association.family, name)

    play(scene, compat=compat)


def test_profiles_and_what_conforms_to_them() -> None:
    """The system virtualization profile leads to the host, that of systems to every domain."""

    async def scene(stage: Stage) -> None:
        wanted = {"SystemVirtualization": ({HOST}, 1), "VirtualSystem": ({SYSTEM}, len(DOMAINS))}
        for profile in stage.records("Test_RegisteredProfile", INTEROP):
            name = str(profile["InstanceID"]).split("-")[1]
            if name in wanted:
                found = follow(
                    stage,
                    profile.path,
                    INTEROP,
                    assoc_class="CIM_ElementConformsToProfile",
                    role="ConformantStandard",
                )
                assert ({path.class_name for path in found}, len(found)) == wanted[name]
                assert {path.namespace for path in found} == {NAMESPACE}
        (profile_path,) = follow(
            stage,
            stage.system("running").path,
            CIMV2,
            assoc_class="CIM_ElementConformsToProfile",
        )
        assert profile_path.namespace == INTEROP

    play(scene)


def test_a_domain_leads_to_its_capabilities() -> None:
    """Capabilities are those of the domain, and of no other."""

    async def scene(stage: Stage) -> None:
        running = stage.system("running").path
        found = follow(
            stage,
            running,
            NAMESPACE,
            assoc_class="CIM_ElementCapabilities",
            result_class="CIM_EnabledLogicalElementCapabilities",
        )
        (states,) = [path for path in found if "EnabledLogicalElement" in path.class_name]
        assert states.keys == (("InstanceID", "running"),)
        assert follow(stage, states, NAMESPACE) == [running]

    play(scene)


ERRORS: tuple[tuple[ObjectPath, type[WBEMError]], ...] = (
    (ObjectPath(SYSTEM, (("CreationClassName", SYSTEM), ("Name", "nobody"))), NotFound),
    (ObjectPath("CIM_ComputerSystem", (("CreationClassName", SYSTEM), ("Name", "x"))), NotFound),
)


@pytest.mark.parametrize(("source", "error"), ERRORS)
def test_sources_that_are_not_there(source: ObjectPath, error: type[WBEMError]) -> None:
    """An unknown domain, or its superclass's path, is no source."""

    async def scene(stage: Stage) -> None:
        with pytest.raises(error):
            follow(stage, source, NAMESPACE)

    play(scene)


def test_partners_of_other_hosts_are_not_ours() -> None:
    """A record of another host's namespace has no partners here."""

    async def scene(stage: Stage) -> None:
        provider = provider_of(stage, "Virt_HostedDependency")
        record = stage.system("running")
        foreign = Record(record.layout, "root/virt/other", record.values)
        assert [*provider.partners(1, foreign)] == []
        assert len([*provider.partners(1, record)]) == 1

    play(scene)
