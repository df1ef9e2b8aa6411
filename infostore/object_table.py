"""CIM objects in a database: what is written in one transaction, and read in order."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select

from virtcim.infostore.objects import CIMObject, ObjectKey, ObjectKind
from virtcim.infostore.tables import CIM_OBJECT
from virtcim.infostore.upsert import upsert


def read_objects(connection: Connection) -> list[CIMObject]:
    """Read all, in the order of making."""
    rows = connection.execute(select(CIM_OBJECT).order_by(CIM_OBJECT.c.place))
    return [
        CIMObject(ObjectKey(row.namespace, ObjectKind(row.kind), row.name), row.text)
        for row in rows
    ]


def write_objects(
    connection: Connection, made: Iterable[CIMObject], removed: Iterable[ObjectKey]
) -> None:
    """Remove some, then write others behind all that are there."""
    for key in removed:
        connection.execute(
            delete(CIM_OBJECT).where(
                CIM_OBJECT.c.namespace == key.namespace,
                CIM_OBJECT.c.kind == key.kind.value,
                CIM_OBJECT.c.name == key.name,
            )
        )
    last = connection.execute(select(func.max(CIM_OBJECT.c.place))).scalar() or 0
    rows = [
        {
            "namespace": one.key.namespace,
            "kind": one.key.kind.value,
            "name": one.key.name,
            "place": place,
            "text": one.text,
        }
        for place, one in enumerate(made, last + 1)
    ]
    if rows:
        connection.execute(upsert(connection.dialect.name, CIM_OBJECT), rows)
