"""Which instances must be fetched before an operation reads them.

Most providers have theirs in memory, and nothing is waited for. Those that fetch (provider.Fetched)
are asked here for what the operation may touch. The rule: an operation sees instances as they were
at some moment after it came in, or fails; it is never answered without those that could not be
fetched. What is wrong with the operation itself is left to the operation to say.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from itertools import chain
from types import MappingProxyType
from typing import Any

from virtcim.broker.namespaces import Namespace, Namespaces, typed_keys
from virtcim.broker.provider import Fetched, Keys, Provider
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.reading import parse_statement
from virtcim.wbem.query.tree import Select
from virtcim.wbem.status import InvalidParameter, WBEMError

Need = tuple[Fetched, Keys | None]
"""A provider and the keys of the instance that is needed of it; None means all instances."""

_NOTHING: Mapping[Hashable, Record | None] = MappingProxyType({})
FOUND: ContextVar[Mapping[Hashable, Record | None]] = ContextVar("found", default=_NOTHING)
"""What was fetched by its keys for the operation that runs, as its provider tells it apart."""


def fetched(namespaces: Namespaces, operation: ops.Operation) -> Awaitable[None] | None:
    """Begin to fetch what an operation may touch; return what to wait for, None if nothing is.

    Waiting raises WBEMError.
    """
    FOUND.set(_NOTHING)  # requests of a connection inherit from each other
    needs = NEEDS.get(type(operation))
    if needs is None:
        return None
    begun: list[Awaitable[None]] = []
    with suppress(WBEMError):  # the operation says it
        begun = [provider.fetch(keys) for provider, keys in needs(namespaces, operation)]
    return _all(begun) if begun else None


async def _all(begun: Iterable[Awaitable[None]]) -> None:
    for one in begun:  # they were begun together
        await one


def _of_path(namespaces: Iterable[Namespace], path: ObjectPath) -> Iterator[Need]:
    for namespace in namespaces:
        found = namespace.fetched.get(path.class_name.lower())
        if found is not None:
            yield found, None if path.keys is None else _keys(namespace, path)


def _keys(namespace: Namespace, path: ObjectPath) -> Keys | None:
    """Return the keys of a path; None, for all instances, if they do not fit the class."""
    provider = namespace.provider(path.class_name)
    try:
        return None if provider is None else typed_keys(provider.layout, path)
    except InvalidParameter:
        return None


def _named(find: Callable[[Any], ObjectPath | None]) -> "Needs":
    """Return what finds the needs of an operation on one instance."""

    def needs(namespaces: Namespaces, operation: Any) -> Iterable[Need]:
        path = find(operation)
        namespace = namespaces.get(operation.namespace)
        return () if path is None else _of_path((namespace,), path)

    return needs


def _called(namespaces: Namespaces, operation: ops.InvokeMethod) -> Iterable[Need]:
    """Return the instance, or for the class of a service its only one; static methods need none."""
    namespace, target = namespaces.get(operation.namespace), operation.target
    if target.keys is None and not namespace.repository.is_a(target.class_name, "CIM_Service"):
        return ()
    return _of_path((namespace,), target)


def _of_class(namespace: Namespace, class_name: str) -> Iterator[Need]:
    for provider in namespace.serving(class_name)[0]:
        found = namespace.fetched.get(provider.layout.class_name.lower())
        if found is not None:
            yield found, None


def _enumerated(namespaces: Namespaces, operation: Any) -> Iterable[Need]:
    return _of_class(namespaces.get(operation.namespace), operation.class_name)


def _queried(
    namespaces: Namespaces, operation: ops.ExecQuery | ops.OpenQueryInstances
) -> Iterable[Need]:
    namespace = namespaces.get(operation.namespace)
    if isinstance(operation, ops.ExecQuery):
        statement = parse_statement(operation.query_language, operation.query)
    else:
        statement = parse_statement(operation.filter_query_language, operation.filter_query)
    if isinstance(statement, Select):
        return _of_class(namespace, statement.class_name)
    only = statement.result_class if statement.references else statement.association_class
    return _walked(namespaces, namespace, statement.path, only, ends=not statement.references)


# Associations


def _associated(namespaces: Namespaces, operation: Any) -> Iterable[Need]:
    path = _source(operation)
    namespace = namespaces.get(operation.namespace)
    return _walked(namespaces, namespace, path, operation.assoc_class, ends=True)


def _referring(namespaces: Namespaces, operation: Any) -> Iterable[Need]:
    path = _source(operation)
    namespace = namespaces.get(operation.namespace)
    return _walked(namespaces, namespace, path, operation.result_class, ends=False)


def _source(operation: Any) -> ObjectPath:
    path: ObjectPath = getattr(operation, "object_name", None) or operation.instance_name
    return path


def _walked(
    namespaces: Namespaces,
    namespace: Namespace,
    source: ObjectPath,
    only: str | None,
    *,
    ends: bool,
) -> Iterable[Need]:
    """Return the source, the associations that may refer to it, and what may stand at their ends.

    only: the class of the associations that count. ends: whether the ends are read at all.
    """
    if source.keys is None:
        return ()
    links = tuple(_links(namespace, source.class_name, only))
    ours = ((p, None) for p, _ in links if isinstance(p, Fetched))
    far = _ends(namespaces, namespace, chain.from_iterable(r for _, r in links)) if ends else ()
    needs = (*_of_path(namespaces, source), *ours, *far)
    return {(id(one), keys is None): (one, keys) for one, keys in needs}.values()


Link = tuple[Provider, tuple[str, ...]]
"""Who has an association class, and the classes that its instances refer to."""


def _links(namespace: Namespace, source: str, only: str | None) -> Iterator[Link]:
    is_a = namespace.repository.is_a
    for one in namespace.referring():
        targets = tuple(p.reference_class or "" for p in one.references)
        name = one.layout.class_name
        if only and not is_a(name, only):
            continue
        provider = namespace.provider(name)
        if provider is not None and any(is_a(source, target) for target in targets):
            yield provider, targets


def _ends(namespaces: Namespaces, asked: Namespace, targets: Iterable[str]) -> Iterator[Need]:
    """Return who has instances to which one may refer; of classes unknown here it may be any."""
    wanted, is_a = frozenset(targets), asked.repository.is_a
    if not wanted:
        return
    for namespace in namespaces:
        for name, found in namespace.fetched.items():
            if not is_a(name, name) or any(is_a(name, target) for target in wanted):
                yield found, None


Needs = Callable[[Namespaces, Any], Iterable[Need]]

NEEDS: Mapping[type, Needs] = MappingProxyType({
    ops.GetInstance:                 _named(lambda o: o.instance_name),
    ops.GetProperty:                 _named(lambda o: o.instance_name),
    ops.SetProperty:                 _named(lambda o: o.instance_name),
    ops.ModifyInstance:              _named(lambda o: o.modified_instance.path),
    ops.DeleteInstance:              _named(lambda o: o.instance_name),
    ops.InvokeMethod:                _called,
    ops.EnumerateInstances:          _enumerated,
    ops.EnumerateInstanceNames:      _enumerated,
    ops.OpenEnumerateInstances:      _enumerated,
    ops.OpenEnumerateInstancePaths:  _enumerated,
    ops.Associators:                 _associated,
    ops.AssociatorNames:             _associated,
    ops.OpenAssociatorInstances:     _associated,
    ops.OpenAssociatorInstancePaths: _associated,
    ops.References:                  _referring,
    ops.ReferenceNames:              _referring,
    ops.OpenReferenceInstances:      _referring,
    ops.OpenReferenceInstancePaths:  _referring,
    ops.ExecQuery:                   _queried,
    ops.OpenQueryInstances:          _queried,
})  # fmt: skip
"""What each operation touches of instances; all others touch none."""
