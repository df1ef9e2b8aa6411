"""Rows and classes that queries are asked of."""

from collections.abc import Mapping

from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    InstanceProperty,
    Property,
    Qualifier,
    Value,
)
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.matching import matcher
from virtcim.wbem.query.reading import parse_filter, parse_statement
from virtcim.wbem.query.rows import NO_SCHEMA, InstanceRow, Row, Schema
from virtcim.wbem.query.tree import Filter, Select
from virtcim.wbem.types import CIMType


def instance(class_name: str, /, path: ObjectPath | None = None, **values: Value) -> Instance:
    """Make an instance; what type its properties have is nobody's business here."""
    properties = tuple(
        InstanceProperty(
            name=name, type=CIMType.STRING, value=value, is_array=isinstance(value, tuple)
        )
        for name, value in values.items()
    )
    return Instance(class_name, properties, path)


VOLUME = instance("CIM_Volume", Size=2**40, Tags=("fast", None, "new"), Owner=instance("X", Uid=0))

SYSTEM = InstanceRow(
    instance(
        "KVM_System",
        ObjectPath("KVM_System", (("Name", "web"),), "root/virt"),
        Name="web",
        Caption='say "it\'s"\n',
        Letter="A",
        EnabledState=2,
        Load=0.5,
        Cold=-7,
        Big=2**64 - 1,
        Dedicated=(1, 2, 3),
        Roles=("db", "web"),
        Some=(1, None),
        Nothing=(),
        IsUp=True,
        Absent=None,
        Started="20260102030405.000006+000",
        Uptime="00000003010203.000000:000",
        System=ObjectPath("Test_Host", (("Id", 5), ("Name", "h")), "root/virt"),
        Volume=VOLUME,
        Volumes=(VOLUME, instance("CIM_Volume", Size=1)),
    )
)
"""A row with a property of every kind."""


def selects(query: Filter | Select, row: Row = SYSTEM, schema: Schema = NO_SCHEMA) -> bool:
    """Tell whether the query selects the row."""
    return matcher(query, schema)(row)


def fql(text: str, row: Row = SYSTEM) -> bool:
    """Tell whether a filter selects the row."""
    return selects(parse_filter("DMTF:FQL", text), row)


def statement(name: str, text: str) -> Select:
    """Read a select statement."""
    found = parse_statement(name, text)
    assert isinstance(found, Select)
    return found


def _qualifiers(**values: Value) -> tuple[Qualifier, ...]:
    return tuple(Qualifier(name, CIMType.STRING, value) for name, value in values.items())


def _declared(name: str, cim_type: CIMType, *, is_array: bool = False) -> Property:
    return Property(name=name, type=cim_type, is_array=is_array)


_STATES = _qualifiers(
    ValueMap=("0", "2", "3", "5..7", ".."),
    Values=("Unknown", "Enabled", "Disabled", "Vendor", "Reserved"),
)

_ELEMENT = (
    _declared("Name", CIMType.STRING),
    Property(name="EnabledState", type=CIMType.UINT16, qualifiers=_STATES),
    Property(name="Kind", type=CIMType.UINT8, qualifiers=_qualifiers(Values=("None", "Some"))),
    _declared("Load", CIMType.REAL32),
    _declared("IsUp", CIMType.BOOLEAN),
    _declared("Started", CIMType.DATETIME),
    _declared("System", CIMType.REFERENCE),
    _declared("Dedicated", CIMType.UINT16, is_array=True),
    _declared("Roles", CIMType.STRING, is_array=True),
    _declared("Days", CIMType.DATETIME, is_array=True),
    Property(
        name="Volume",
        type=CIMType.STRING,
        embedding="instance",
        qualifiers=_qualifiers(EmbeddedInstance="CIM_Volume"),
    ),
)

_INDICATION = (
    Property(name="SourceInstance", type=CIMType.STRING, embedding="object"),
    Property(name="PreviousInstance", type=CIMType.STRING, embedding="object"),
    _declared("Sequence", CIMType.SINT64),
)


class Classes:
    """A schema of a few classes."""

    parents: Mapping[str, str] = {
        "kvm_system": "cim_system",
        "cim_system": "cim_element",
    }
    declarations: Mapping[str, ClassDeclaration] = {
        "cim_element": ClassDeclaration(name="CIM_Element", properties=_ELEMENT[:1]),
        "cim_system": ClassDeclaration(name="CIM_System", properties=_ELEMENT),
        "kvm_system": ClassDeclaration(name="KVM_System", properties=_ELEMENT),
        "cim_volume": ClassDeclaration(
            name="CIM_Volume", properties=(_declared("Size", CIMType.UINT64),)
        ),
        "cim_change": ClassDeclaration(name="CIM_Change", properties=_INDICATION),
    }

    def find(self, name: str, /) -> ClassDeclaration | None:
        """Return a class."""
        return self.declarations.get(name.lower())

    def is_a(self, name: str, ancestor: str, /) -> bool:
        """Tell whether the one class is the other or below it."""
        here: str | None = name.lower()
        while here is not None:
            if here == ancestor.lower():
                return True
            here = self.parents.get(here)
        return False


CLASSES = Classes()
