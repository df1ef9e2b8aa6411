"""What clients made in former runs of the server, read back at its start.

The rule: what cannot be read any more, since the server's own classes have changed, is left out and
said; it stays in the infostore.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import structlog

from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.schema_changes import check_redeclared
from virtcim.infostore.objects import CIMObject, ObjectKind
from virtcim.schema.checking import declared
from virtcim.schema.repository import Repository, SchemaError
from virtcim.wbem.kept_text import kept_class, kept_instance, kept_qualifier
from virtcim.wbem.status import WBEMError

log = structlog.get_logger("virtcim.broker")


async def restore(namespaces: Namespaces) -> None:
    """Read everything back; raises InfostoreError."""
    if namespaces.keeper is None:
        return
    objects = await namespaces.keeper.objects()
    for kind in _READERS:
        for one in objects:
            if one.key.kind is kind:
                _restore(namespaces, one)


def _restore(namespaces: Namespaces, one: CIMObject) -> None:
    try:
        _READERS[one.key.kind](namespaces, one)
    except (ValueError, SchemaError, WBEMError) as error:
        log.warning(
            "object_not_restored",
            namespace=one.key.namespace,
            kind=one.key.kind.value,
            name=one.key.name,
            error=str(error),
        )


def _namespace(namespaces: Namespaces, one: CIMObject) -> None:
    if one.key.namespace in namespaces:
        raise ValueError("the server has a namespace of this name itself")
    namespaces.add(Namespace(one.key.namespace, Repository(), is_own=False))


def _qualifier(namespaces: Namespaces, one: CIMObject) -> None:
    namespace, qualifier = namespaces.get(one.key.namespace), kept_qualifier(one.text)
    check_redeclared(namespace, qualifier)
    namespace.repository.add_qualifier(qualifier)


def _class(namespaces: Namespaces, one: CIMObject) -> None:
    repository = namespaces.get(one.key.namespace).repository
    repository.add(declared(kept_class(one.text), repository))


def _instance(namespaces: Namespaces, one: CIMObject) -> None:
    instance = kept_instance(one.text)
    namespace = namespaces.get(one.key.namespace)
    if namespace.serves(instance.class_name):
        raise ValueError(f"class {instance.class_name} has a provider now")
    if namespaces.keeper is not None:
        kept = namespace.keep(instance.class_name, namespaces.keeper, namespaces.home)
        kept.restore(instance)


_READERS: Mapping[ObjectKind, Callable[[Namespaces, CIMObject], None]] = MappingProxyType({
    ObjectKind.NAMESPACE: _namespace,
    ObjectKind.QUALIFIER: _qualifier,
    ObjectKind.CLASS:     _class,
    ObjectKind.INSTANCE:  _instance,
})  # fmt: skip
"""Total over ObjectKind, in the order in which they need each other."""
