"""A world whose clients make classes and instances, over a store in memory that can fail."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from virtcim.broker.broker import Broker
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.restoring import restore
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.keeping import ObjectKeeper
from virtcim.infostore.objects import CIMObject, ObjectKey
from virtcim.schema.compiler import Compiled, compile_mof
from virtcim.schema.layouts import Record
from virtcim.schema.repository import Repository
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    InstanceProperty,
    Property,
    Value,
)
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import InstanceNameReply, Reply
from virtcim.wbem.types import CIMType
from virtcim.wbem.uri import format_uri

N, OTHER = "root/a", "root/b"

QUALIFIERS = """
Qualifier Abstract : boolean = false, Scope(class, association), Flavor(Restricted);
Qualifier Association : boolean = false, Scope(association), Flavor(DisableOverride, ToSubclass);
Qualifier Indication : boolean = false, Scope(class, indication),
    Flavor(DisableOverride, ToSubclass);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier Override : string = null, Scope(property, reference, method), Flavor(Restricted);
Qualifier Required : boolean = false, Scope(property), Flavor(DisableOverride, ToSubclass);
Qualifier Read : boolean = true, Scope(property);
Qualifier Write : boolean = false, Scope(property);
Qualifier MaxLen : uint32 = null, Scope(property);
Qualifier MinLen : uint32 = 0, Scope(property);
Qualifier MaxValue : sint64 = null, Scope(property);
Qualifier MinValue : sint64 = null, Scope(property);
Qualifier ValueMap : string[], Scope(property);
Qualifier EmbeddedInstance : string = null, Scope(property, method, parameter);
Qualifier EmbeddedObject : boolean = false, Scope(property, method, parameter);
Qualifier Fixed : string = null, Scope(class, property), Flavor(DisableOverride, ToSubclass);
Qualifier Description : string = null, Scope(any), Flavor(Translatable);
"""

OWN = """
[Abstract, Fixed("a")] class S_Base { string Caption; };
class S_Named : S_Base { [Key] string Name; [Fixed("b")] uint8 Count; S_Base Missing(); };
class S_Node : S_Base { [Key] string ID; };
[Association] class S_Link { [Key] S_Base REF Left; [Key] S_Base REF Right; };
[Indication] class S_Signal { string Text; };
""".replace("S_Base Missing();", "uint32 Act(uint8 Level);")
"""The server's own classes."""


@cache
def _compiled(text: str) -> Compiled:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "text.mof"
        path.write_text(QUALIFIERS + text)
        return compile_mof(path)


def class_of(text: str) -> ClassDeclaration:
    """Return the last class of a text, which may use the server's own."""
    return _compiled(OWN + text).classes[-1]


def own_repository() -> Repository:
    """The server's own schema."""
    found, one = _compiled(OWN), Repository()
    for qualifier in found.qualifiers:
        one.add_qualifier(qualifier)
    for declaration in found.classes:
        one.add(declaration)
    return one


class Memory:
    """Objects in memory; `fault` is raised instead of keeping any."""

    def __init__(self) -> None:
        self.kept: dict[ObjectKey, CIMObject] = {}
        self.fault: InfostoreError | None = None

    async def objects(self) -> Sequence[CIMObject]:
        """Return all, in the order of making."""
        return tuple(self.kept.values())

    async def write_objects(
        self, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
    ) -> None:
        """Keep them, after a moment in which others run."""
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        for key in removed:
            self.kept.pop(key, None)
        for one in made:
            self.kept.pop(one.key, None)
            self.kept[one.key] = one


class Workbench:
    """One run of a server: `again` is the next one over the same store."""

    def __init__(self, store: Memory | None = None) -> None:
        self.store = store or Memory()
        self.namespaces = Namespaces(ObjectKeeper(self.store))
        self.namespaces.add(Namespace(N, own_repository()), ("alias",))
        self.namespaces.add(Namespace(OTHER, own_repository()))
        self.broker = Broker(self.namespaces, "host")
        asyncio.run(restore(self.namespaces))

    def again(self) -> "Workbench":
        """The next run."""
        return Workbench(self.store)

    def do(self, operation: ops.Operation) -> Reply:
        """Execute an operation."""
        if isinstance(operation, ops.Change):
            return asyncio.run(self.broker.change(operation))
        return self.broker.read(operation)

    def declare(self, text: str, namespace: str = N) -> Reply:
        """Create the last class of a text."""
        return self.do(ops.CreateClass(namespace=namespace, new_class=class_of(text)))

    def make(self, class_name: str, namespace: str = N, **values: Value) -> ObjectPath:
        """Create an instance, and give its path."""
        new = instance(class_name, None, **values)
        reply = self.do(ops.CreateInstance(namespace=namespace, new_instance=new))
        assert isinstance(reply, InstanceNameReply)
        return reply.path

    def found(self, class_name: str, namespace: str = N) -> dict[str, dict[str, Value]]:
        """The instances of a class and its subclasses by their paths."""
        providers, _ = self.namespaces.get(namespace).serving(class_name)
        return {
            format_uri(record.path): {p.name: v for p, v in _pairs(record)}
            for provider in providers
            for record in provider.records()
        }


def _pairs(record: Record) -> list[tuple[Property, Value]]:
    pairs = zip(record.layout.properties, record.values, strict=True)
    return [(p, v) for p, v in pairs if v is not None]


def instance(class_name: str, at: ObjectPath | None = None, **values: Value) -> Instance:
    """Return an instance as a client sends it."""
    return Instance(
        class_name,
        tuple(
            InstanceProperty(
                name=name, type=CIMType.STRING, value=value, is_array=isinstance(value, tuple)
            )
            for name, value in values.items()
        ),
        at,
    )
