"""What two servers are asked: every operation with every combination of what can matter."""

import itertools
from collections.abc import Iterator
from typing import Any

import pywbem

from tests.clients.twins import NAMESPACE, Ask

FLAGS = (None, True, False)
NO = "T_Nothing"
CLASSES = ("T_Element", "T_Thing", "t_small", "T_Link", "T_StrongLink", "T_Signal", NO)
SOURCES = ("T_Thing", "T_Small", "T_Other", "T_Element", "T_Part", NO)
LINKS = (None, "T_Link", "T_StrongLink", "t_triple", "T_Thing", NO)
ENDS = (None, "T_Element", "T_Small", "T_Other", NO)
ROLES = (None, "Left", "right", "Nope", "")
LISTS: tuple[object, ...] = (
    None, [], ["caption", "CAPTION", "Nope"], ["ID", "Less", "Words"], "ID"
)  # fmt: skip


def path(class_name: str, namespace: str = NAMESPACE, **keys: object) -> Any:
    """Return the path of an instance."""
    return pywbem.CIMInstanceName(class_name, keys, namespace=namespace)


def other(number: int = 1) -> Any:
    """Return the path of a T_Other."""
    return path("T_Other", ID="a", Number=pywbem.Uint16(number))


A, B, C = path("T_Thing", ID="a"), path("T_Thing", ID="B b"), path("T_Small", ID="c")
LINK = path("T_Link", Left=A, Right=B)
PATHS = (
    A, B, C, other(), LINK, path("t_small", iD="c"), path("t_link", LEFT=A, riGHt=B),
    path("T_Thing", ID="c"), path("T_Small", ID="C"), other(2), path("T_Link", Left=B, Right=A),
    path(NO, ID="a"), path("T_Element", ID="a"), path("T_Signal", Text="x"),
    path("T_Thing", Nope="a"), path("T_Thing", ID="a", Nope="b"), path("T_Other", ID="a"),
    path("T_Thing", ID=pywbem.Uint8(1)), path("T_Other", ID="a", Number="1"),
    path("T_Thing", "root/nowhere", ID="a"),
)  # fmt: skip
"""Of what is there, of what is not, and of what cannot be."""


def grid(operation: str, **axes: Any) -> Iterator[Ask]:
    """Yield an operation with every combination of its arguments."""
    for values in itertools.product(*axes.values()):
        yield Ask(operation, dict(zip(axes, values, strict=True)))


def classes() -> Iterator[Ask]:
    """Yield operations on classes and qualifiers."""
    flags = {"LocalOnly": FLAGS, "IncludeQualifiers": FLAGS, "IncludeClassOrigin": FLAGS}
    yield from grid("GetClass", ClassName=["T_Small", "T_StrongLink", "t_element"], **flags)
    yield from grid("GetClass", ClassName=CLASSES, LocalOnly=FLAGS, PropertyList=LISTS)
    yield from grid("EnumerateClasses", ClassName=["T_Element"], DeepInheritance=FLAGS, **flags)
    yield from grid("EnumerateClasses", ClassName=[None, *CLASSES], DeepInheritance=FLAGS)
    yield from grid("EnumerateClassNames", ClassName=[None, *CLASSES], DeepInheritance=FLAGS)
    yield from grid("GetQualifier", QualifierName=["Key", "key", "Description", "Nope"])
    yield Ask("EnumerateQualifiers", {})


def instances() -> Iterator[Ask]:
    """Yield operations that read instances."""
    flags = {"LocalOnly": FLAGS, "IncludeQualifiers": FLAGS, "IncludeClassOrigin": FLAGS}
    yield from grid("GetInstance", InstanceName=PATHS)
    yield from grid("GetInstance", InstanceName=[C], **flags)
    yield from grid("GetInstance", InstanceName=[A, LINK], PropertyList=LISTS)
    yield from grid("EnumerateInstances", ClassName=["T_Element"], DeepInheritance=FLAGS, **flags)
    yield from grid(
        "EnumerateInstances", ClassName=CLASSES, DeepInheritance=FLAGS, PropertyList=LISTS
    )
    yield from grid("EnumerateInstanceNames", ClassName=CLASSES)
    yield from grid("ExecQuery", QueryLanguage=["WQL"], Query=["SELECT * FROM T_Thing"])


def associations() -> Iterator[Ask]:
    """Yield operations that follow associations, of instances and of classes."""
    for name in ("Associators", "AssociatorNames"):
        yield from grid(name, ObjectName=PATHS)
        yield from grid(name, ObjectName=[C, "T_Small"], AssocClass=LINKS, ResultClass=ENDS)
        yield from grid(name, ObjectName=SOURCES, AssocClass=LINKS)
        yield from grid(name, ObjectName=[C, "T_Small"], Role=ROLES, ResultRole=ROLES)
    for name in ("References", "ReferenceNames"):
        yield from grid(name, ObjectName=PATHS)
        yield from grid(name, ObjectName=[C, *SOURCES], ResultClass=LINKS, Role=ROLES[:3])
    for name in ("Associators", "References"):
        flags = {"IncludeQualifiers": FLAGS, "IncludeClassOrigin": FLAGS}
        yield from grid(name, ObjectName=[C, "T_Small"], **flags, PropertyList=LISTS)


def pulled() -> Iterator[Ask]:
    """Yield operations on enumerations, which are read to their ends, and generators."""
    for start, most in (("Open", [1, 100]), ("Iter", [2])):
        counts = {"MaxObjectCount": most}
        yield from grid(
            f"{start}EnumerateInstances", ClassName=CLASSES, DeepInheritance=FLAGS, **counts
        )
        yield from grid(
            f"{start}EnumerateInstances", ClassName=["T_Element"], IncludeClassOrigin=FLAGS,
            PropertyList=LISTS, **counts,
        )  # fmt: skip
        yield from grid(f"{start}EnumerateInstancePaths", ClassName=CLASSES, **counts)
        for what in ("Instances", "InstancePaths"):
            for name in (f"{start}Associator{what}", f"{start}Reference{what}"):
                yield from grid(name, InstanceName=PATHS, MaxObjectCount=[1])
                yield from grid(name, InstanceName=[C], ResultClass=LINKS, Role=ROLES[:3], **counts)
    bad: list[dict[str, object]] = [
        {"ContinueOnError": True},
        {"FilterQuery": "ID = 'a'"},
        {"FilterQueryLanguage": "WQL"},
    ]
    for choices in bad:
        yield Ask(
            "OpenEnumerateInstances", {"ClassName": "T_Thing", "MaxObjectCount": 1, **choices}
        )


def elsewhere() -> Iterator[Ask]:
    """Yield operations in a namespace that is not there."""
    away = {"namespace": "root/nowhere"}
    for operation in ("GetClass", "EnumerateClasses", "EnumerateClassNames", "EnumerateInstances"):
        yield Ask(operation, {"ClassName": "T_Thing", **away})
    for operation in ("EnumerateInstanceNames", "OpenEnumerateInstances", "DeleteClass"):
        yield Ask(operation, {"ClassName": "T_Thing", **away})
    yield Ask("EnumerateQualifiers", away)
    yield Ask("GetQualifier", {"QualifierName": "Key", **away})
    yield Ask("CreateInstance", {"NewInstance": pywbem.CIMInstance("T_Thing"), **away})


def methods() -> Iterator[Ask]:
    """Yield extrinsic calls, of which nobody implements any."""
    targets = [A, C, path("T_Thing", ID="c"), path(NO, ID="a"), "T_Thing", NO]
    yield from grid("InvokeMethod", MethodName=["Act", "Count", "Nope"], ObjectName=targets)
    yield Ask("InvokeMethod", {"MethodName": "Act", "ObjectName": A, "Level": pywbem.Uint8(1)})


def new(class_name: str, **values: Any) -> Any:
    """Return an instance to be made."""
    return pywbem.CIMInstance(class_name, [_member(*pair) for pair in values.items()])


def changed(at: Any, class_name: str | None = None, **values: Any) -> Any:
    """Return an instance to be changed."""
    one = new(class_name or at.classname, **values)
    one.path = at
    return one


def _member(name: str, value: object) -> Any:
    kind = "char16" if name.startswith("Sign") else "string"
    if isinstance(value, str | list) or value is None:
        return pywbem.CIMProperty(name, value, type=kind, is_array=isinstance(value, list))
    return pywbem.CIMProperty(name, value)


def declared(name: str, superclass: str | None = None, **kinds: str) -> Any:
    """Return a class whose first property is its key."""
    key = pywbem.CIMQualifier("Key", value=True)
    members = [
        pywbem.CIMProperty(each, None, type=kind, qualifiers=[] if number or superclass else [key])
        for number, (each, kind) in enumerate(kinds.items())
    ]
    return pywbem.CIMClass(name, superclass=superclass, properties=members)


def writes() -> Iterator[Ask]:
    """Yield changes, each of which finds what the ones before have left."""
    for one in (
        new("T_Thing", ID="n", Caption="new", Words=["x", None, ""], U8=pywbem.Uint8(1)),
        new("T_Thing", ID="n"),
        new("T_Small", ID="m", Caption=None, Sign="y", Signs=["a", " "]),
        new("t_thing", iD="l", wORDS=[]),
        new("T_Thing"),
        new("T_Thing", ID=None),
        new("T_Thing", ID="k", Nope="x"),
        new("T_Thing", ID="k", Caption=["x"]),
        new(NO, ID="x"),
        new("T_Link", Left=B, Right=B),
        new("T_Link", Left=A, Right=B),
        new("T_Link", Left=A),
    ):
        yield Ask("CreateInstance", {"NewInstance": one})
    at = path("T_Thing", ID="n")
    for one, names in (
        (changed(at, Caption="newer"), None),
        (changed(at, Caption="newest", R64=pywbem.Real64(1.5)), ["R64"]),
        (changed(at, Caption="gone"), []),
        (changed(at, caption=None), ["CAPTION"]),
        (changed(at), ["Numbers"]),
        (changed(at, ID="o"), None),
        (changed(at, ID="n", Flag=False), None),
        (changed(at, Nope="x"), None),
        (changed(at, Caption="x"), ["Nope"]),
        (changed(path("T_Thing", ID="zz"), Caption="x"), None),
        (changed(path(NO, ID="zz"), Caption="x"), None),
        (changed(at, "T_Small", Caption="x"), None),
        (changed(path("T_Link", Left=B, Right=B), Weight=pywbem.Uint8(9)), None),
    ):
        yield Ask("ModifyInstance", {"ModifiedInstance": one, "PropertyList": names})
    gone = (at, at, path("T_Link", Left=B, Right=B), path(NO, ID="a"), path("T_Thing", Nope="a"))
    yield from grid("DeleteInstance", InstanceName=gone)


def declarations() -> Iterator[Ask]:
    """Yield changes of classes and qualifiers."""
    for one in (
        declared("T_New", ID="string", Size="uint8"),
        declared("T_New", ID="string"),
        declared("T_Newer", "T_New", More="boolean"),
        declared("T_Lost", NO, More="boolean"),
        declared("T_Bad", "T_New", Size="uint16"),
    ):
        yield Ask("CreateClass", {"NewClass": one})
    for one in (
        declared("T_Newer", "T_New", More="boolean", Most="datetime"),
        declared("T_New", ID="string"),
        declared(NO, ID="string"),
    ):
        yield Ask("ModifyClass", {"ModifiedClass": one})
    yield from grid("DeleteClass", ClassName=[NO, "T_Newer", "t_new", "T_New"])
    mine = pywbem.CIMQualifierDeclaration("Mine", "string", scopes={"CLASS": True})
    yield Ask("SetQualifier", {"QualifierDeclaration": mine})
    yield from grid("DeleteQualifier", QualifierName=["mine", "Mine", "Key"])


READS = (classes, instances, associations, pulled, elsewhere, methods)
CHANGES = (
    (writes, [
        Ask("EnumerateInstances", {"ClassName": "T_Element"}),
        Ask("EnumerateInstances", {"ClassName": "T_Link"}),
    ]),
    (declarations, [
        Ask("EnumerateClasses", {"DeepInheritance": True, "LocalOnly": False}),
        Ask("EnumerateQualifiers", {}),
    ]),
)  # fmt: skip
"""Changes, and what shows all that one of them may have changed."""
