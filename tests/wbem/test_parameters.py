"""The table of operations: every parameter read, every default, everything that is wrong."""

from collections.abc import Mapping
from dataclasses import MISSING, fields

import pytest

from tests.rawhttp import intrinsic, parameter
from tests.wbem.messages import class_name, path, text
from virtcim.wbem import operations as ops
from virtcim.wbem.decode import operation, read_call
from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    QualifierDeclaration,
)
from virtcim.wbem.operations import Operation
from virtcim.wbem.parameters import OPERATIONS
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.refusal import CIMErrorToken, Refusal
from virtcim.wbem.status import InvalidParameter, NotSupported
from virtcim.wbem.types import CIMType

TRUE, FALSE = text(" true "), text("FALSE")
X = ObjectPath("X", (("K", 5),))
LIST = "<VALUE.ARRAY><VALUE> A </VALUE><VALUE>b</VALUE></VALUE.ARRAY>"
INSTANCE = '<INSTANCE CLASSNAME="X"/>'
CLASS = '<CLASS NAME="X"/>'
QUALIFIER = '<QUALIFIER.DECLARATION NAME="Q" TYPE="string"/>'

Sample = tuple[str, object]

# Wire name: what a client sends, what arrives; no value is a default.
SAMPLES: Mapping[str, Sample] = {
    "AssocClass": (class_name("A"), "A"),
    "ClassName": (class_name("X"), "X"),
    "ContinueOnError": (TRUE, True),
    "DeepInheritance": (TRUE, True),
    "EnumerationContext": (text(" c "), " c "),
    "FilterQuery": (text("q"), "q"),
    "FilterQueryLanguage": (text("DMTF:FQL"), "DMTF:FQL"),
    "IncludeClassOrigin": (TRUE, True),
    "IncludeQualifiers": (TRUE, True),
    "InstanceName": (path(), X),
    "LocalOnly": (FALSE, False),
    "MaxObjectCount": (text("0x10"), 16),
    "ModifiedClass": (CLASS, ClassDeclaration(name="X")),
    "ModifiedInstance": (
        f"<VALUE.NAMEDINSTANCE>{path()}{INSTANCE}</VALUE.NAMEDINSTANCE>",
        Instance("X", (), X),
    ),
    "NewClass": (CLASS, ClassDeclaration(name="X")),
    "NewInstance": (INSTANCE, Instance("X", ())),
    "NewValue": (text("v"), "v"),
    "ObjectName": (path(), X),
    "OperationTimeout": (text("4294967295"), 4294967295),
    "PropertyList": (LIST, ("A", "b")),
    "PropertyName": (text("P"), "P"),
    "QualifierDeclaration": (
        QUALIFIER,
        QualifierDeclaration("Q", CIMType.STRING, False, None, frozenset()),  # noqa: FBT003
    ),
    "QualifierName": (text("Q"), "Q"),
    "Query": (text("SELECT"), "SELECT"),
    "QueryLanguage": (text("WQL"), "WQL"),
    "ResultClass": (class_name("R"), "R"),
    "ResultRole": (text(" r "), "r"),
    "ReturnQueryResultClass": (TRUE, True),
    "Role": (class_name("Antecedent"), "Antecedent"),
}

SELECTED = "IncludeQualifiers IncludeClassOrigin PropertyList"
COMMON = "FilterQueryLanguage FilterQuery OperationTimeout ContinueOnError MaxObjectCount"
ENDS = "AssocClass ResultClass Role ResultRole"

# Operation: required parameters, optional ones (DSP0200 section 5.3.2).
DOCUMENT: Mapping[type[Operation], tuple[str, str]] = {
    ops.GetClass: ("ClassName", f"LocalOnly {SELECTED}"),
    ops.EnumerateClasses: (
        "",
        "ClassName DeepInheritance LocalOnly IncludeQualifiers IncludeClassOrigin",
    ),
    ops.EnumerateClassNames: ("", "ClassName DeepInheritance"),
    ops.CreateClass: ("NewClass", ""),
    ops.ModifyClass: ("ModifiedClass", ""),
    ops.DeleteClass: ("ClassName", ""),
    ops.GetQualifier: ("QualifierName", ""),
    ops.EnumerateQualifiers: ("", ""),
    ops.SetQualifier: ("QualifierDeclaration", ""),
    ops.DeleteQualifier: ("QualifierName", ""),
    ops.GetInstance: ("InstanceName", f"LocalOnly {SELECTED}"),
    ops.EnumerateInstances: ("ClassName", f"LocalOnly DeepInheritance {SELECTED}"),
    ops.EnumerateInstanceNames: ("ClassName", ""),
    ops.CreateInstance: ("NewInstance", ""),
    ops.ModifyInstance: ("ModifiedInstance", "IncludeQualifiers PropertyList"),
    ops.DeleteInstance: ("InstanceName", ""),
    ops.GetProperty: ("InstanceName PropertyName", ""),
    ops.SetProperty: ("InstanceName PropertyName", "NewValue"),
    ops.Associators: ("ObjectName", f"{ENDS} {SELECTED}"),
    ops.AssociatorNames: ("ObjectName", ENDS),
    ops.References: ("ObjectName", f"ResultClass Role {SELECTED}"),
    ops.ReferenceNames: ("ObjectName", "ResultClass Role"),
    ops.ExecQuery: ("QueryLanguage Query", ""),
    ops.OpenEnumerateInstances: (
        "ClassName",
        f"DeepInheritance IncludeClassOrigin PropertyList {COMMON}",
    ),
    ops.OpenEnumerateInstancePaths: ("ClassName", COMMON),
    ops.OpenReferenceInstances: (
        "InstanceName",
        f"ResultClass Role IncludeClassOrigin PropertyList {COMMON}",
    ),
    ops.OpenReferenceInstancePaths: ("InstanceName", f"ResultClass Role {COMMON}"),
    ops.OpenAssociatorInstances: (
        "InstanceName",
        f"{ENDS} IncludeClassOrigin PropertyList {COMMON}",
    ),
    ops.OpenAssociatorInstancePaths: ("InstanceName", f"{ENDS} {COMMON}"),
    ops.OpenQueryInstances: (
        "FilterQuery FilterQueryLanguage",
        "ReturnQueryResultClass OperationTimeout ContinueOnError MaxObjectCount",
    ),
    ops.PullInstancesWithPath: ("EnumerationContext MaxObjectCount", ""),
    ops.PullInstancePaths: ("EnumerationContext MaxObjectCount", ""),
    ops.PullInstances: ("EnumerationContext MaxObjectCount", ""),
    ops.CloseEnumeration: ("EnumerationContext", ""),
    ops.EnumerationCount: ("EnumerationContext", ""),
}

# What a left-out parameter means, where the operation does not say otherwise.
DEFAULTS = {
    "LocalOnly": True,
    "DeepInheritance": False,
    "IncludeClassOrigin": False,
    "IncludeQualifiers": False,
    "ReturnQueryResultClass": False,
    "ContinueOnError": False,
    "MaxObjectCount": 0,
}
OTHER_DEFAULTS = {
    (ops.GetClass, "IncludeQualifiers"): True,
    (ops.EnumerateClasses, "IncludeQualifiers"): True,
    (ops.ModifyInstance, "IncludeQualifiers"): True,
    (ops.EnumerateInstances, "DeepInheritance"): True,
    (ops.OpenEnumerateInstances, "DeepInheritance"): True,
}

each_operation = pytest.mark.parametrize(
    "kind", DOCUMENT, ids=[operation.__name__ for operation in DOCUMENT]
)


def field(name: str) -> str:
    """Return the field of a parameter."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def decoded(name: str, *parameters: str) -> Operation:
    """Return the operation that a client's bytes mean."""
    return operation(read_call(intrinsic(name, *parameters)))


def given(names: str) -> dict[str, str]:
    """Return the parameters as a client sends them, by name."""
    return {name: parameter(name, SAMPLES[name][0]) for name in names.split()}


def test_the_table_is_the_document() -> None:
    """Every operation of the document is in the table, and no other; every reader is tested."""
    assert {name: spec.name for name, spec in OPERATIONS.items()} == {
        kind.__name__.lower(): kind.__name__ for kind in DOCUMENT
    }
    used = {name for names in DOCUMENT.values() for name in " ".join(names).split()}
    assert used == set(SAMPLES)


@each_operation
def test_every_parameter_in_any_case(kind: type[Operation]) -> None:
    """All parameters of an operation arrive, whatever the case of their names and their order."""
    names = " ".join(DOCUMENT[kind])
    sent = [parameter(name.upper(), SAMPLES[name][0]) for name in reversed(names.split())]
    values = {field(name): SAMPLES[name][1] for name in names.split()}
    assert decoded(kind.__name__.upper(), *sent) == kind(namespace="root/virt", **values)
    assert {f.name for f in fields(kind)} == {"namespace", *values}


@each_operation
def test_defaults(kind: type[Operation]) -> None:
    """Parameters that are left out, or NULL, have the document's defaults."""
    required, optional = DOCUMENT[kind]
    sent = given(required).values()
    asked = decoded(kind.__name__, *sent)
    for name in optional.split():
        default = OTHER_DEFAULTS.get((kind, name), DEFAULTS.get(name))
        assert getattr(asked, field(name)) == default, name
    nulls = [parameter(name, "") for name in optional.split()]
    assert decoded(kind.__name__, *sent, *nulls) == asked
    assert [f.name for f in fields(kind) if f.default is MISSING] == [
        "namespace",
        *[f.name for f in fields(kind) if f.name in {field(n) for n in required.split()}],
    ]


@each_operation
def test_missing_duplicate_and_unknown_parameters(kind: type[Operation]) -> None:
    """Each required parameter is asked for by name; twice is too much; strangers are refused."""
    required, optional = DOCUMENT[kind]
    everything = given(f"{required} {optional}")
    for name in required.split():
        rest = [p for n, p in everything.items() if n != name]
        with pytest.raises(InvalidParameter, match=f"needs parameter {name}$"):
            decoded(kind.__name__, *rest)
        with pytest.raises(InvalidParameter, match=f"needs parameter {name}$"):
            decoded(kind.__name__, *rest, parameter(name, ""))
    for name, sent in everything.items():
        with pytest.raises(InvalidParameter, match=f"{name} is given twice"):
            decoded(kind.__name__, *everything.values(), sent)
        with pytest.raises(InvalidParameter, match="is given twice"):
            decoded(kind.__name__, parameter(name.lower(), ""), *everything.values())
    with pytest.raises(InvalidParameter, match="has no parameter Stranger"):
        decoded(kind.__name__, *everything.values(), parameter("Stranger", TRUE))


def test_unknown_operation() -> None:
    """What is no operation is not supported."""
    with pytest.raises(NotSupported, match="there is no operation Frobnicate"):
        decoded("Frobnicate")


WRONG = {
    name: {
        "two values": content * 2,
        "unknown element": "<THING/>",
    }
    for name, (content, _) in SAMPLES.items()
}
for _name, (_content, _value) in SAMPLES.items():
    if isinstance(_value, bool):
        WRONG[_name] |= {"number": text("1"), "zero": text("0"), "empty": text(""), "list": LIST}
    if type(_value) is int:
        WRONG[_name] |= {
            "negative": text("-1"),
            "too big": text("4294967296"),
            "no number": text("many"),
        }
WRONG["PropertyList"] |= {
    "scalar": text("Name"),
    "null element": "<VALUE.ARRAY><VALUE.NULL/></VALUE.ARRAY>",
}
WRONG["PropertyList"] |= {
    "too many names": f"<VALUE.ARRAY>{text('x') * 1001}</VALUE.ARRAY>",
    "long name": f"<VALUE.ARRAY>{text('x' * 1025)}</VALUE.ARRAY>",
}
WRONG["InstanceName"]["class"] = class_name("X")
WRONG["ClassName"] |= {"text": text("X"), "nameless": "<CLASSNAME/>"}
WRONG["Role"]["nameless"] = "<CLASSNAME/>"
WRONG["NewInstance"]["named"] = SAMPLES["ModifiedInstance"][0]
WRONG["ModifiedInstance"]["nameless"] = INSTANCE


@pytest.mark.parametrize(
    ("name", "content"),
    [(name, content) for name, contents in WRONG.items() for content in contents.values()],
    ids=[f"{name}: {fault}" for name, contents in WRONG.items() for fault in contents],
)
def test_wrong_values(name: str, content: str) -> None:
    """A value that is none of the parameter's kind makes the message not valid."""
    kind, names = next((k, n) for k, n in DOCUMENT.items() if name in " ".join(n).split())
    sent = given(" ".join(names)) | {name: parameter(name, content)}
    with pytest.raises(Refusal) as caught:
        decoded(kind.__name__, *sent.values())
    assert (caught.value.http_status, caught.value.token) == (400, CIMErrorToken.REQUEST_NOT_VALID)


def test_object_name_may_be_a_class() -> None:
    """Associations are asked for classes too."""
    asked = decoded("AssociatorNames", parameter("ObjectName", class_name("X")))
    assert asked == ops.AssociatorNames(namespace="root/virt", object_name=ObjectPath("X", None))


def test_empty_property_list_is_not_none() -> None:
    """An empty list asks for no properties, NULL for all."""
    sent = parameter("ClassName", class_name("X"))
    empty = parameter("PropertyList", "<VALUE.ARRAY></VALUE.ARRAY>")
    asked = decoded("GetClass", sent, empty)
    assert asked == ops.GetClass(namespace="root/virt", class_name="X", property_list=())


def test_new_value_of_every_kind() -> None:
    """SetProperty takes a value, an array, a reference, or nothing."""
    required = given("InstanceName PropertyName").values()
    for content, value in (
        (LIST, (" A ", "b")),
        (f"<VALUE.REFERENCE>{path()}</VALUE.REFERENCE>", X),
        ("", None),
    ):
        asked = decoded("SetProperty", *required, parameter("NewValue", content))
        assert asked == ops.SetProperty(
            namespace="root/virt",
            instance_name=X,
            property_name="P",
            new_value=value,
        )
