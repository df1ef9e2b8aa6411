"""Statements that select instances (DSP0200 section 5.3.2.13), and what they select.

`SELECT *` gives whole instances, which have paths; a list of columns gives rows, which have none.
The order of checks is namespace, language, syntax, class, meaning.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from virtcim.broker import associations
from virtcim.broker.associations import Find
from virtcim.broker.calling import CALLER
from virtcim.broker.filtering import Selecting, different
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.projection import Projection
from virtcim.schema.layouts import EVERYTHING, Record
from virtcim.schema.pulled import Form, RecordWriter
from virtcim.schema.records import RelatedRecords
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.errors import invalid, not_served
from virtcim.wbem.query.reading import parse_statement
from virtcim.wbem.query.tree import Select, Traversal
from virtcim.wbem.replies import ClassObjectsReply, ObjectsReply, QueriedReply, Reply
from virtcim.wbem.status import AccessDenied

_ROW = b"<VALUE.OBJECT>%b</VALUE.OBJECT>"


@dataclass(frozen=True, slots=True)
class Selected:
    """What a statement selects, how each is written, and of which class it is."""

    batches: Iterator[Sequence[Record]]
    write: Callable[[Record], bytes]
    result_class: ClassDeclaration | None


def exec_query(namespaces: Namespaces, host: str, operation: ops.ExecQuery) -> Reply:
    """Return what a statement selects."""
    namespace = namespaces.get(operation.namespace)
    statement = parse_statement(operation.query_language, operation.query)
    if isinstance(statement, Traversal):
        return _traversed(namespaces, host, operation.namespace, statement)
    found = _select(namespace, statement, RecordWriter(Form.OBJECT_WITH_PATH, host), _ROW)
    return QueriedReply(b"".join(map(found.write, batch)) for batch in found.batches)


def selected(namespaces: Namespaces, host: str, operation: ops.OpenQueryInstances) -> Selected:
    """Return what the statement of a pulled enumeration selects."""
    namespace = namespaces.get(operation.namespace)
    text = operation.filter_query
    statement = parse_statement(operation.filter_query_language, text)
    whole = RecordWriter(Form.INSTANCE, host)
    if isinstance(statement, Select):
        return _select(namespace, statement, whole, b"%b")
    if statement.class_definitions_only or statement.path.keys is None:
        raise not_served("classes where instances are pulled", text, 0)
    if operation.return_query_result_class:
        raise not_served("the class of what an association leads to", text, 0)
    find = _find(namespaces, operation.namespace, statement)
    return Selected(Selecting().among(different(find())), whole, None)


def _select(
    namespace: Namespace, query: Select, whole: Callable[[Record], bytes], row: bytes
) -> Selected:
    providers, declaration = namespace.serving(query.class_name)
    if query.within is not None:
        place = query.text.lower().rfind("within")
        raise invalid("WITHIN, which is for indications,", query.text, place)
    selecting = Selecting.by(query, namespace, query.class_name)
    if query.columns is None:
        return Selected(selecting.of(providers), whole, declaration)
    projection = Projection(query, query.columns, namespace.repository)
    return Selected(
        selecting.of(providers),
        lambda record: row % projection.write(record),
        projection.declaration(),
    )


# ASSOCIATORS OF, REFERENCES OF


def _traversed(namespaces: Namespaces, host: str, namespace: str, statement: Traversal) -> Reply:
    if statement.path.keys is None:
        operation = _operation(namespaces, namespace, statement)
        if isinstance(operation, ops.References):
            return associations.references(namespaces, host, operation)
        return associations.associators(namespaces, host, operation)
    find = _find(namespaces, namespace, statement)
    if statement.class_definitions_only:
        return _classes(host, find)
    return ObjectsReply(RelatedRecords(find, EVERYTHING, host))


def _find(namespaces: Namespaces, namespace: str, statement: Traversal) -> Find:
    operation = _operation(namespaces, namespace, statement)
    if isinstance(operation, ops.References):
        return associations.referring(namespaces, operation)
    return associations.associated(namespaces, operation)


def _operation(
    namespaces: Namespaces, namespace: str, statement: Traversal
) -> ops.Associators | ops.References:
    """Return the operation that the statement is."""
    path = statement.path
    asked = namespaces.get(namespace)
    if path.namespace is not None and namespaces.get(path.namespace) is not asked:
        raise invalid(f"an object that is not in {asked.name}", statement.text, 0)
    keep = CALLER.get().keep
    if keep is not None and not keep(asked.name, path.class_name):
        raise AccessDenied(f"you may not see instances of {path.class_name} in {asked.name}")
    if statement.references:
        return ops.References(
            namespace=namespace,
            object_name=path,
            result_class=statement.result_class,
            role=statement.role,
        )
    return ops.Associators(
        namespace=namespace,
        object_name=path,
        assoc_class=statement.association_class,
        result_class=statement.result_class,
        role=statement.role,
        result_role=statement.result_role,
    )


def _classes(host: str, find: Find) -> ClassObjectsReply:
    """Return the classes of what is found, each once."""
    found = {(record.namespace, record.layout.class_name): record.layout for record in find()}
    return ClassObjectsReply(
        tuple(
            (ObjectPath(name, None, namespace, host), layout.declaration)
            for (namespace, name), layout in found.items()
        )
    )
