"""What a select statement makes of an instance: a row that has its columns and no path.

The rule: a column has the type that its class declares; where no class does, that of its value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from virtcim.broker.filtering import RecordRow
from virtcim.schema.layouts import Record
from virtcim.wbem.objects import (
    ClassDeclaration,
    Embedding,
    Instance,
    InstanceProperty,
    Property,
    Value,
)
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.errors import invalid, not_served
from virtcim.wbem.query.matching import looker
from virtcim.wbem.query.rows import Schema
from virtcim.wbem.query.tree import (
    ClassNameOf,
    Column,
    ObjectPathOf,
    Operand,
    PropertyName,
    Select,
)
from virtcim.wbem.types import CIMType
from virtcim.wbem.writing import instance_xml


@dataclass(frozen=True, slots=True)
class Kind:
    """What the values of a column are."""

    type: CIMType
    is_array: bool = False
    reference_class: str | None = None
    embedding: Embedding | None = None


@dataclass(frozen=True, slots=True)
class ProjectedColumn:
    """A column: its name, how its value is found, and what that is; None if nobody knows before."""

    name: str
    get: Callable[[RecordRow], Any]
    kind: Kind | None

    def declaration(self) -> Property:
        """Return it as a property of a class."""
        kind = self.kind or Kind(CIMType.STRING)
        return Property(
            name=self.name,
            type=kind.type,
            is_array=kind.is_array,
            reference_class=kind.reference_class,
            embedding=kind.embedding,
        )

    def of(self, row: RecordRow) -> InstanceProperty:
        """Return it as a property of the row that is made."""
        value = self.get(row)
        kind = self.kind or _kind_of(value)
        return InstanceProperty(
            name=self.name,
            type=kind.type,
            value=value,
            is_array=kind.is_array,
            reference_class=kind.reference_class,
            embedding=kind.embedding,
        )


class Projection:
    """The columns of a statement; raises InvalidQuery or QueryFeatureNotSupported."""

    def __init__(self, query: Select, columns: Sequence[Column], schema: Schema) -> None:
        found = schema.find(query.class_name)
        self._class_name = query.class_name if found is None else found.name
        by_name: dict[str, ProjectedColumn] = {}
        for column in columns:
            one = _projected(query, column, schema)
            if by_name.setdefault(one.name.lower(), one) is not one:
                text = f"two columns have the name {one.name[:40]}"
                raise invalid(text, query.text, column.operand.place)
        self._columns = tuple(by_name.values())

    def declaration(self) -> ClassDeclaration:
        """Return the class of the rows, which is of the name of the class that is asked."""
        properties = tuple(column.declaration() for column in self._columns)
        return ClassDeclaration(name=self._class_name, properties=properties)

    def write(self, record: Record) -> bytes:
        """Return the row of a record as INSTANCE."""
        row = RecordRow(record)
        properties = tuple(column.of(row) for column in self._columns)
        return instance_xml(Instance(self._class_name, properties)).encode()


def _projected(query: Select, column: Column, schema: Schema) -> ProjectedColumn:
    operand, name = column.operand, column.name
    if isinstance(operand, PropertyName) and (not operand.steps or name == "*"):
        raise not_served("a whole object as a column", query.text, operand.place)
    get, declared = looker(query, operand, schema)
    if declared is not None and declared.name.lower() == name.lower():
        name = declared.name
    if not name:
        raise invalid("a column that AS gives no name", query.text, operand.place)
    return ProjectedColumn(name, get, _known_kind(query, operand, declared))


def _known_kind(query: Select, operand: Operand, declared: Property | None) -> Kind | None:
    if isinstance(operand, ClassNameOf):
        return Kind(CIMType.STRING)
    if isinstance(operand, ObjectPathOf):
        target = None if operand.operand.steps else query.class_name
        return Kind(CIMType.REFERENCE, reference_class=target)
    if declared is None:
        return None
    whole = isinstance(operand, PropertyName) and operand.steps[-1].index is None
    return Kind(
        declared.type,
        declared.is_array and whole,
        declared.reference_class,
        declared.embedding,
    )


def _kind_of(value: Value) -> Kind:
    """Return what a value is by itself; NULL is text."""
    is_array = isinstance(value, tuple)
    elements = value if isinstance(value, tuple) else (value,)
    sample = next((one for one in elements if one is not None), None)
    if isinstance(sample, Instance | ClassDeclaration):
        embedding: Embedding = "instance" if isinstance(sample, Instance) else "object"
        return Kind(CIMType.STRING, is_array, embedding=embedding)
    return Kind(_type_of(sample), is_array)


def _type_of(value: object) -> CIMType:
    if isinstance(value, bool):
        return CIMType.BOOLEAN
    if isinstance(value, int):
        return CIMType.SINT64 if value < 2**63 else CIMType.UINT64
    if isinstance(value, float):
        return CIMType.REAL64
    return CIMType.REFERENCE if isinstance(value, ObjectPath) else CIMType.STRING
