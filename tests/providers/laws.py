"""The laws of the graph: whatever a host has, its instances and associations agree."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

from tests.providers.graph import Graph, references_of
from virtcim.broker.provider import AssociationProvider, Provider, is_association
from virtcim.hypervisors.port import Hypervisor
from virtcim.schema.layouts import Record
from virtcim.schema.records import RelatedRecords
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import ObjectPathsReply

Law = Callable[[Graph], None]

TOLD_FROM_ONE_END = frozenset({
    "ElementAllocatedFromPool",  # pairs of pools
    "SettingsDefineCapabilities",  # templates share their names
})  # fmt: skip
"""Associations of which libvirt-cim tells some instances from one end alone."""


def look(
    hypervisor: Callable[[], Hypervisor], prefix: str, law: Law, *, compat: bool = False
) -> None:
    """Start a host, and see whether a law holds."""

    async def play() -> None:
        graph = Graph(hypervisor(), prefix, compat=compat)
        await graph.start()
        try:
            law(graph)
        finally:
            await graph.host.close()

    asyncio.run(play())


def names_lead_to_instances(graph: Graph) -> None:
    """GetInstance of each enumerated name gives the enumerated instance, and no name is twice."""
    for name, provider in _lawful(graph).items():
        seen = set()
        for record in provider.records():
            found = graph.resolve(record.path)
            assert found is not None, record.path
            assert found.values == record.values, name
            assert record.path.identity() not in seen, record.path
            seen.add(record.path.identity())


def references_resolve(graph: Graph) -> None:
    """Every reference in every instance names an instance that is there."""
    for provider in _lawful(graph).values():
        for record in provider.records():
            for path in references_of(record):
                assert graph.resolve(path) is not None, (record.path, path)


def associations_have_two_ends(graph: Graph) -> None:
    """What is related to something is found from it, and the other way round."""
    for association in graph.associations():
        family = association.layout.class_name.partition("_")[2]
        if not graph.compat or family not in TOLD_FROM_ONE_END:
            links = {tuple(p.identity() for p in references_of(r)) for r in association.records()}
            assert links == set(_from_second_ends(graph, association)), family


def references_lead_to_associators(graph: Graph) -> None:
    """Associators are the far ends of References, for an instance of each class."""
    for provider in _lawful(graph).values():
        if not is_association(provider) and provider.records().records:
            record = provider.records().records[0]
            namespace = record.namespace
            source = ObjectPath(record.path.class_name, record.path.keys)
            far = _names(graph, ops.AssociatorNames(namespace=namespace, object_name=source))
            links = _names(graph, ops.ReferenceNames(namespace=namespace, object_name=source))
            ends = [path for link in links for path in references_of(link)]
            own = record.path.identity()
            others = {path.identity() for path in ends} - {own}
            assert {one.path.identity() for one in far} - {own} == others, record.path


def nothing_is_an_orphan(graph: Graph) -> None:
    """Every instance is related to another one; libvirt-cim has some that are not."""
    related: set[object] = set()
    for association in graph.associations():
        for link in association.records():
            related.update(path.identity() for path in references_of(link))
    for provider in graph.providers().values():
        if not is_association(provider) and not graph.compat:
            for record in provider.records():
                assert record.path.identity() in related, record.path


def arrays_have_no_gaps(graph: Graph) -> None:
    """No array has NULL among its items: clients such as wbemcli cannot read that."""
    for provider in graph.providers().values():
        for record in provider.records():
            for declared, value in zip(record.layout.properties, record.values, strict=True):
                gap = isinstance(value, tuple) and None in value
                assert not gap, (record.path, declared.name)


LAWS: tuple[Law, ...] = (
    arrays_have_no_gaps,
    names_lead_to_instances,
    references_resolve,
    associations_have_two_ends,
    references_lead_to_associators,
    nothing_is_an_orphan,
)


def _lawful(graph: Graph) -> Mapping[str, Provider]:
    """Return all providers; libvirt-cim's templates have names that lead nowhere."""
    lawless = "_SettingsDefineCapabilities" if graph.compat else "none"
    return {name: p for name, p in graph.providers().items() if not name.endswith(lawless)}


def _from_second_ends(
    graph: Graph, association: AssociationProvider
) -> Iterator[tuple[object, ...]]:
    """Yield the instances found from the second ends: those that are listed, and the linked."""
    listed = (
        record
        for provider in graph.providers().values()
        if not is_association(provider)
        for record in provider.records()
    )
    linked = (graph.resolve([*references_of(link)][1]) for link in association.records())
    for record in (*listed, *linked):
        assert record is not None
        for partner in association.partners(1, record):
            yield partner.path.identity(), record.path.identity()


def _names(graph: Graph, operation: ops.AssociatorNames | ops.ReferenceNames) -> list[Record]:
    reply = graph.broker.read(operation)
    assert isinstance(reply, ObjectPathsReply)
    assert isinstance(reply.objects, RelatedRecords)
    return [*reply.objects]
