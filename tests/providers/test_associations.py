"""The association table: both directions agree, and what is listed can be fetched."""

import pytest

from tests.clients.expected import DOMAINS
from tests.providers.stage import HOST, NAMESPACE, SYSTEM, Stage, play
from virtcim.broker.provider import AssociationProvider
from virtcim.providers.associations import ASSOCIATIONS, COMPAT_SWAPPED
from virtcim.providers.model import CIMV2, INTEROP
from virtcim.schema.families import member
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import ObjectPathsReply
from virtcim.wbem.status import NotFound, WBEMError

FAMILIES = [association.family for association in ASSOCIATIONS]


def provider_of(stage: Stage, family: str, namespace: str = NAMESPACE) -> AssociationProvider:
    """Return the provider of an association."""
    provider = stage.namespaces.get(namespace).provider(member("Test", family))
    assert isinstance(provider, AssociationProvider)
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
    return [record.path for part in reply.parts for record in part._records]  # type: ignore[attr-defined]


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_both_directions_agree(family: str, *, compat: bool) -> None:
    """From each end of each instance the other is found by its role, in every namespace."""
    elsewhere = next(a.elsewhere for a in ASSOCIATIONS if a.family == family)

    async def scene(stage: Stage) -> None:
        provider = provider_of(stage, family)
        records = [*provider.records()]
        assert records
        for record in records:
            pair = ends(provider, record)
            for near, far, roles in (
                (pair[0], pair[1], (0, 1)),
                (pair[1], pair[0], (1, 0)),
            ):
                role, result_role = (provider.ends[number].role for number in roles)
                for namespace in (NAMESPACE, *elsewhere):
                    found = follow(
                        stage,
                        near,
                        namespace,
                        assoc_class=member("Test", family),
                        role=role,
                        result_role=result_role,
                    )
                    assert far in found

    play(scene, compat=compat)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_instance_can_be_fetched(family: str) -> None:
    """What is listed is found by its path; a pair that is not related is not."""

    async def scene(stage: Stage) -> None:
        provider = provider_of(stage, family)
        records = [*provider.records()]
        for record in records:
            keys = {name.lower(): value for name, value in record.path.keys or ()}
            found = provider.find(keys)
            assert found is not None
            assert found.values == record.values
            stage.broker.read(ops.GetInstance(namespace=NAMESPACE, instance_name=record.path))
        first, second = ends(provider, records[0])
        for wrong in (
            {"antecedent": first, "dependent": first},
            {"antecedent": ObjectPath("X"), "dependent": second},
            {"antecedent": "text", "dependent": second},
        ):
            roles = [end.role.lower() for end in provider.ends]
            keys = dict(zip(roles, wrong.values(), strict=True))
            assert provider.find(keys) is None

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
    """DMTF's antecedent is the host, libvirt-cim's the domain; no other association changes."""

    async def scene(stage: Stage) -> None:
        for family in FAMILIES:
            provider = provider_of(stage, family)
            association = next(a for a in ASSOCIATIONS if a.family == family)
            pairs = {
                (first.class_name, second.class_name)
                for first, second in (ends(provider, record) for record in provider.records())
            }
            swapped = compat and family in COMPAT_SWAPPED
            wanted = {
                (member("Test", row.first), member("Test", row.second)) for row in association.rows
            }
            assert pairs == ({(b, a) for a, b in wanted} if swapped else wanted)
        hosted = provider_of(stage, "Virt_HostedDependency")
        (first, second) = ends(hosted, hosted.records().records[0])
        assert (first.class_name == HOST) is not compat
        assert (second.class_name == HOST) is compat

    play(scene, compat=compat)


def test_profiles_and_what_conforms_to_them() -> None:
    """The system virtualization profile leads to the host, the other to every domain."""

    async def scene(stage: Stage) -> None:
        for profile in stage.records("Test_RegisteredProfile", INTEROP):
            found = follow(stage, profile.path, INTEROP, assoc_class="CIM_ElementConformsToProfile")
            classes = {path.class_name for path in found}
            if "SystemVirtualization" in str(profile["InstanceID"]):
                assert (classes, len(found)) == ({HOST}, 1)
            else:
                assert (classes, len(found)) == ({SYSTEM}, len(DOMAINS))
            assert {path.namespace for path in found} == {NAMESPACE}
        (host,) = follow(
            stage,
            stage.system("running").path,
            CIMV2,
            assoc_class="CIM_ElementConformsToProfile",
        )
        assert host.namespace == INTEROP

    play(scene)


def test_a_domain_leads_to_its_capabilities() -> None:
    """Capabilities are those of the domain, and of no other."""

    async def scene(stage: Stage) -> None:
        running = stage.system("running").path
        (found,) = follow(stage, running, NAMESPACE, assoc_class="CIM_ElementCapabilities")
        assert found.keys == (("InstanceID", "running"),)
        assert follow(stage, found, NAMESPACE) == [running]

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
