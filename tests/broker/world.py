"""A small world to ask: a schema of a few classes, and providers over plain rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

from tests.dsp0203 import check
from virtcim.broker.broker import Broker
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.provider import Arguments, End, Keys, MethodBody, MethodResult
from virtcim.broker.rules import STANDARD, Rules
from virtcim.broker.union import united
from virtcim.schema.compiler import compile_mof
from virtcim.schema.layouts import Layout, Record, Values
from virtcim.schema.records import RecordSet
from virtcim.schema.repository import Repository
from virtcim.wbem.encode import encode
from virtcim.wbem.objects import Instance, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.reading import PATH_READERS, read_instance
from virtcim.wbem.replies import Reply
from virtcim.wbem.status import Failed, WBEMError

MOF = """
Qualifier Abstract : boolean = false, Scope(class, association), Flavor(Restricted);
Qualifier Association : boolean = false, Scope(class, association),
    Flavor(DisableOverride, ToSubclass);
Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride, ToSubclass);
Qualifier In : boolean = true, Scope(parameter);
Qualifier Out : boolean = false, Scope(parameter);
Qualifier Required : boolean = false, Scope(property, parameter);
Qualifier EmbeddedInstance : string = null, Scope(property, method, parameter);
Qualifier Description : string = null, Scope(any), Flavor(Translatable);

[Abstract] class T_Thing { [Description("text")] string Caption; };
class T_Setting : T_Thing {
    [Key] string InstanceID;
    uint16 Count = 1; sint64 Depth; boolean On; real64 Share; datetime When; char16 Letter;
    string Words[]; uint8 Numbers[]; T_Thing REF Of;
    [EmbeddedInstance("T_Thing")] string Inner;
};
class T_DiskSetting : T_Setting { string Disk; };
class T_System : T_Thing {
    [Key] string Name;
    [Key] uint16 Number;
    [Key] boolean Live;
    uint8 Load = 3;
    uint32 Act([Required] uint8 Level, T_System REF Other, string Names[], uint16 Numbers[],
               [EmbeddedInstance("T_System")] string Config, datetime When, boolean Flag,
               [EmbeddedInstance("T_Setting")] string Settings[],
               [In(false), Out] string Said,
               [In(false), Out, EmbeddedInstance("T_Thing")] string Made,
               [In(false), Out, EmbeddedInstance("T_Thing")] string All[],
               [In(false), Out, Required] T_System REF Found);
    uint32 Idle();
};
class T_Special : T_System { string Extra; };
class T_Device : T_Thing { [Key] string DeviceID; };
class T_Bare : T_Thing { [Key] string Name; };
class T_Keyless { string Text; };
class CIM_Service : T_Thing { [Key] string Name; uint32 Start(); };
class T_Service : CIM_Service { };
class T_Services : CIM_Service { };
class T_NoService : CIM_Service { };
[Association] class T_Relation { [Key] T_Thing REF First; [Key] T_Thing REF Second; };
[Association] class T_Has : T_Relation {
    [Key] T_System REF First; [Key] T_Device REF Second; uint8 Weight = 7;
};
[Association] class T_Knows : T_Relation { [Key] T_System REF First; [Key] T_System REF Second; };
[Association] class T_Never : T_Relation { [Key] T_Bare REF First; [Key] T_Device REF Second; };
"""


@cache
def repository() -> Repository:
    """Compile the schema."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "world.mof"
        path.write_text(MOF)
        compiled = compile_mof(path)
    one = Repository()
    for qualifier in compiled.qualifiers:
        one.add_qualifier(qualifier)
    for declaration in compiled.classes:
        one.add(declaration)
    return one


@cache
def layout(class_name: str) -> Layout:
    """Return the layout of a class."""
    declaration = repository().find(class_name)
    assert declaration is not None
    return Layout(declaration)


class Rows:
    """A provider of fixed instances."""

    def __init__(
        self,
        class_name: str,
        rows: Iterable[Mapping[str, Value]],
        namespaces: Sequence[str] = ("root/a",),
        methods: Mapping[str, MethodBody] | None = None,
    ) -> None:
        self.layout = layout(class_name)
        self.namespaces = tuple(namespaces)
        self.methods: Mapping[str, MethodBody] = methods or {}
        self.rehearsed: frozenset[str] = frozenset()
        self.set = RecordSet(
            self.layout, (Record(self.layout, namespaces[0], self._values(row)) for row in rows)
        )

    def _values(self, row: Mapping[str, Value]) -> Values:
        return tuple(row.get(p.name, p.value) for p in self.layout.properties)

    def records(self) -> RecordSet:
        """Return all."""
        return self.set

    def find(self, keys: Keys) -> Record | None:
        """Return the one with these keys."""
        return next((r for r in self.set if all(r[k] == v for k, v in keys.items())), None)


class Judges(Rows):
    """A provider that says itself what is wrong with a path."""

    def read_path(self, keys: Keys) -> Record | WBEMError:
        """Return the first instance with those of the keys that are given."""
        return self.find(keys) or Failed(f"{self.layout.class_name} knows no {sorted(keys)}")


class Links:
    """An association over pairs of records."""

    def __init__(
        self,
        class_name: str,
        pairs: Iterable[tuple[Record, Record]],
        namespaces: Sequence[str] = ("root/a",),
    ) -> None:
        self.layout = layout(class_name)
        self.namespaces = tuple(namespaces)
        self.methods: Mapping[str, MethodBody] = {}
        self.rehearsed: frozenset[str] = frozenset()
        ends = [p for p in self.layout.properties if p.reference_class]
        self.ends = (
            End(ends[0].name, ends[0].reference_class or ""),
            End(ends[1].name, ends[1].reference_class or ""),
        )
        self._pairs = tuple(pairs)

    def records(self) -> RecordSet:
        """Return all."""
        return RecordSet(self.layout, (self.link(*pair) for pair in self._pairs))

    def find(self, keys: Keys) -> Record | None:
        """Return the one with these keys."""
        return next((r for r in self.records() if all(r[k] == v for k, v in keys.items())), None)

    def partners(self, end: int, source: Record) -> Iterator[Record]:
        """Yield what stands at the other end."""
        return (pair[1 - end] for pair in self._pairs if pair[end] is source)

    def link(self, first: Record, second: Record) -> Record:
        """Return the association instance."""
        ends = {"First": first.path, "Second": second.path}
        values = tuple(ends.get(p.name, p.value) for p in self.layout.properties)
        return Record(self.layout, self.namespaces[0], values)


class Calls:
    """Method bodies that remember how they were called."""

    def __init__(self) -> None:
        self.seen: list[tuple[Record, Arguments]] = []
        self.result = MethodResult(0)

    async def __call__(self, record: Record, arguments: Arguments) -> MethodResult:
        """Remember the call."""
        self.seen.append((record, arguments))
        return self.result


def system(name: str, number: int = 1, *, live: bool = True, **others: Value) -> dict[str, Value]:
    """Return a row of T_System."""
    return {"Name": name, "Number": number, "Live": live, **others}


class World:
    """Namespaces with everything in them; `calls` is what methods were told."""

    def __init__(self, rules: Rules = STANDARD) -> None:
        self.calls = Calls()
        start = {"Start": self.calls}
        systems = Judges(
            "T_System",
            (system("one"), system("two", 2, live=False), system(" padded ", Caption="c")),
            methods={"Act": self.calls},
        )
        specials = Rows("T_Special", (system("special", Extra="e"),), methods={"Act": self.calls})
        devices = Rows("T_Device", ({"DeviceID": "d1"}, {"DeviceID": "d2"}))
        others = Rows("T_Service", ({"Name": "s"},), methods=start)
        distant = Rows("T_Bare", ({"Name": "far"},), ("root/b",))
        near = Rows("T_Bare", ({"Name": "near"},), ("root/c",))
        self.systems = systems
        self.one, self.two, self.padded = systems.set.records
        self.special = specials.set.records[0]
        self.d1, self.d2 = devices.set.records
        self.far, self.near = distant.set.records[0], near.set.records[0]
        providers = (
            systems,
            specials,
            devices,
            others,
            distant,
            near,
            Rows("T_Services", ({"Name": "1"}, {"Name": "2"}), methods=start),
            Rows("T_NoService", (), methods=start),
            Links("T_Has", ((self.one, self.d1), (self.one, self.d2), (self.special, self.d1))),
            Links("T_Knows", ((self.one, self.two), (self.one, self.special))),
            Links("T_Never", ((self.far, self.d1),), ("root/b", "root/d")),
            Links("T_Never", ((self.near, self.d2),), ("root/c", "root/d")),
        )
        self.namespaces = Namespaces()
        self.namespaces.add(Namespace("root/a", repository(), rules), ("a", "Root/Alias"))
        for name in ("root/b", "root/c", "root/d"):
            self.namespaces.add(Namespace(name, repository(), rules))
        for provider, namespace in united(providers):
            self.namespaces.get(namespace).add(provider)
        self.broker = Broker(self.namespaces, "host")


# What a reply says


def message(reply: Reply) -> etree._Element:
    """Return the message of a reply, checked against the document type."""
    body = b"".join(encode("1", "X", reply))
    check(body)
    return etree.fromstring(body)


_PATHS = ("INSTANCEPATH", "CLASSPATH")


def paths(reply: Reply) -> list[ObjectPath]:
    """Return the paths of a reply, full ones where it has them."""
    root = message(reply)
    tags = _PATHS if next(root.iter(*_PATHS), None) is not None else ("INSTANCENAME",)
    return [
        PATH_READERS[str(element.tag)](element)
        for element in root.iter(*tags)
        if not any(parent.tag == "VALUE.REFERENCE" for parent in element.iterancestors())
    ]


def names(reply: Reply) -> list[str]:
    """Return the class and the first key value of each path, `X:value`, or the class alone."""
    return [
        f"{path.class_name}:{path.keys[0][1]}" if path.keys else path.class_name
        for path in paths(reply)
    ]


def instances(reply: Reply) -> list[Instance]:
    """Return the instances of a reply."""
    return [read_instance(element) for element in message(reply).iter("INSTANCE")]
