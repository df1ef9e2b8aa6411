"""Values of every type in every position, through pywbem and a provider that keeps what it gets."""

import math
import struct
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import pywbem

from tests.clients.test_pywbem import connect, status_of
from tests.dsp0203 import check
from tests.rawhttp import Client, cim_headers, head, message, namespace_path
from tests.serving import RunningServer

NAMESPACE = "root/test"
CLASS = "Test_Everything"

INTEGERS = {
    "Uint8":  (pywbem.Uint8,  0, 2**8 - 1),
    "Sint8":  (pywbem.Sint8,  -(2**7), 2**7 - 1),
    "Uint16": (pywbem.Uint16, 0, 2**16 - 1),
    "Sint16": (pywbem.Sint16, -(2**15), 2**15 - 1),
    "Uint32": (pywbem.Uint32, 0, 2**32 - 1),
    "Sint32": (pywbem.Sint32, -(2**31), 2**31 - 1),
    "Uint64": (pywbem.Uint64, 0, 2**64 - 1),
    "Sint64": (pywbem.Sint64, -(2**63), 2**63 - 1),
}  # fmt: skip

REALS = (0.0, -0.0, 1.5, 0.1, -1e-310, 5e-324, 1.7976931348623157e308, math.pi, math.inf, -math.inf)
SINGLES = (0.0, -0.0, 1.5, -0.125, 3.4028234663852886e38, 1.1754943508222875e-38, math.inf)
MOMENT = pywbem.CIMDateTime("20261121235959.123456+330")
SPAN = pywbem.CIMDateTime(timedelta(days=99999999, hours=23, microseconds=1))

VALUES: dict[str, list[Any]] = {
    "Boolean": [True, False],
    "String": ["", " blank ", "<&>\"'", "tab\tand\nline", "ümläut \U0001f600", "x" * 10_000],
    "Char16": ["a", " ", "<", "ü", "\uffee"],
    "Real32": [pywbem.Real32(value) for value in SINGLES],
    "Real64": [pywbem.Real64(value) for value in REALS],
    "Datetime": [MOMENT, SPAN, pywbem.CIMDateTime("20261121******.******+000")],
    **{name: [kind(low), kind(high), kind(1)] for name, (kind, low, high) in INTEGERS.items()},
}
"""Some values of each type, the extremes among them."""

CASES = [(name, value) for name, values in VALUES.items() for value in values]


@pytest.fixture
def client(pack_server: RunningServer) -> Iterator[Any]:
    """A connection to a server with the test pack."""
    connection = connect(pack_server, NAMESPACE)
    yield connection
    connection.close()


def kept(client: Any, **properties: Any) -> Any:
    """Make an instance with these properties, read it in two ways, and remove it."""
    given = {"InstanceID": "kept", **properties}
    path = client.CreateInstance(pywbem.CIMInstance(CLASS, given), namespace=NAMESPACE)
    try:
        found = client.GetInstance(path)
        listed = client.EnumerateInstances(CLASS)
        assert next(one for one in listed if one.path == path).tomof() == found.tomof()
        return found
    finally:
        client.DeleteInstance(path)


def same(one: Any, other: Any) -> bool:
    """Compare with the sign of zero, which equality does not see; a real32 has its 32 bits."""
    if isinstance(one, pywbem.Real32):
        return struct.pack("f", float(one)) == struct.pack("f", float(other))
    if isinstance(one, float) and isinstance(other, float):
        return str(float(one)) == str(float(other))
    return bool(one == other)


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda one: f"{one!s:.20}")
def test_a_value_comes_back(client: Any, name: str, value: Any) -> None:
    """As a property, made and read; alone and in an array."""
    property_type = client.GetClass(CLASS).properties[f"A{name}"].type
    many = pywbem.CIMProperty(f"Many{name}", [value, value], type=property_type)
    alone = pywbem.CIMProperty(f"A{name}", value, type=property_type)
    found = kept(client, **{f"A{name}": alone, f"Many{name}": many})
    assert same(found[f"A{name}"], value)
    assert all(same(one, value) for one in found[f"Many{name}"])
    assert len(found[f"Many{name}"]) == 2


@pytest.mark.parametrize(("name", "value"), CASES, ids=lambda one: f"{one!s:.20}")
def test_a_value_is_returned(client: Any, name: str, value: Any) -> None:
    """As the value of a method, and as parameter in and out, alone and in an array."""
    kind = client.GetClass(CLASS).properties[f"A{name}"].type
    given = [pywbem.CIMParameter("Value", kind, value=value)]
    returned, _ = client.InvokeMethod(f"Return{name}", CLASS, given)
    assert same(true(client, returned), value)
    alone = pywbem.CIMParameter(f"A{name}", kind, value=value)
    many = pywbem.CIMParameter(f"Many{name}", kind, value=[value, value], is_array=True)
    count, out = client.InvokeMethod("EchoStatic", CLASS, [alone])
    assert count == 1
    assert same(true(client, out[f"A{name}"]), value)
    _, out = client.InvokeMethod("EchoStatic", CLASS, [many])
    assert all(same(true(client, one), value) for one in out[f"Many{name}"])


def true(client: Any, value: Any) -> Any:
    """Return what a method gave; pywbem takes each boolean that one gives for true."""
    if not isinstance(value, bool):
        return value
    said = str(client.last_raw_reply)
    assert ("TRUE" in said) is not ("FALSE" in said)
    return "TRUE" in said


def test_nan_comes_back(client: Any) -> None:
    """It is not equal to itself, and a value all the same."""
    found = kept(client, AReal64=pywbem.Real64(math.nan), AReal32=pywbem.Real32(math.nan))
    assert math.isnan(found["AReal64"])
    assert math.isnan(found["AReal32"])


@pytest.mark.parametrize("name", VALUES)
def test_null_and_empty_arrays_come_back(client: Any, name: str) -> None:
    """NULL is no empty array, and an empty array is not NULL; a method does not get NULL."""
    kind = client.GetClass(CLASS).properties[f"A{name}"].type
    empty = pywbem.CIMProperty(f"Many{name}", [], type=kind, is_array=True)
    found = kept(client, **{f"Many{name}": empty})
    assert found[f"Many{name}"] == []
    assert found[f"A{name}"] is None
    assert kept(client)[f"Many{name}"] is None
    nothing = [
        pywbem.CIMParameter(f"A{name}", kind, value=None),
        pywbem.CIMParameter(f"Many{name}", kind, value=[], is_array=True),
    ]
    count, out = client.InvokeMethod("EchoStatic", CLASS, nothing)
    assert count == 1
    assert dict(out) == {f"Many{name}": []}


@pytest.mark.parametrize("name", VALUES)
def test_null_in_an_array_comes_back(pack_server: RunningServer, client: Any, name: str) -> None:
    """Where it stands it stays; pywbem cannot read NULL in an array of all types, so it is raw."""
    kind = client.GetClass(CLASS).properties[f"A{name}"].type
    value = pywbem.CIMProperty("X", VALUES[name][0], type=kind).tocimxml().toxml()
    text = value[value.index("<VALUE>") : value.index("</PROPERTY>")]
    array = f"<VALUE.ARRAY><VALUE.NULL/>{text}<VALUE.NULL></VALUE.NULL></VALUE.ARRAY>"
    parameter = f'<PARAMVALUE NAME="Many{name}" PARAMTYPE="{kind}">{array}</PARAMVALUE>'
    reply = called(pack_server, "EchoStatic", parameter)
    elements = reply[reply.index("<VALUE.ARRAY>") : reply.index("</VALUE.ARRAY>")]
    assert elements.startswith("<VALUE.ARRAY><VALUE.NULL/><VALUE>")
    assert elements.endswith("</VALUE><VALUE.NULL/>")


def called(server: RunningServer, method: str, parameters: str) -> str:
    """Call a static method with parameters as they stand on the wire; return the reply."""
    path = (
        f'<LOCALCLASSPATH>{namespace_path(NAMESPACE)}<CLASSNAME NAME="{CLASS}"/></LOCALCLASSPATH>'
    )
    body = message(f'<METHODCALL NAME="{method}">{path}{parameters}</METHODCALL>')
    headers = cim_headers(method, f"{NAMESPACE}:{CLASS}")
    with Client(server.host, server.port) as raw:
        answer = raw.ask(head(body, headers))
    assert answer.status == 200
    check(answer.body)
    return answer.body.decode()


HEXADECIMAL = {
    "0x1F": "31", "0X1f": "31", "+0x7F": "127", "-0x80": "-128", " 12 ": "12", "+5": "5",
    "007": "7", "-0": "0",
}  # fmt: skip


@pytest.mark.parametrize(("given", "meant"), HEXADECIMAL.items())
def test_integers_are_read_in_every_form(
    pack_server: RunningServer, given: str, meant: str
) -> None:
    """Hexadecimal, with signs, zeros and blanks; and written in the one canonical way."""
    value = f'<PARAMVALUE NAME="ASint8" PARAMTYPE="sint8"><VALUE>{given}</VALUE></PARAMVALUE>'
    assert f"<VALUE>{meant}</VALUE></PARAMVALUE>" in called(pack_server, "EchoStatic", value)


WRONG = [
    ("AUint8", "256"), ("AUint8", "-1"), ("AUint8", "0x100"), ("AUint8", "1.0"), ("AUint8", ""),
    ("ASint64", "9223372036854775808"), ("ABoolean", "1"), ("ABoolean", ""), ("AChar16", ""),
    ("AChar16", "ab"), ("AChar16", "\U0001f600"), ("AReal64", "1,5"), ("AReal64", "infinity"),
    ("ADatetime", "20261121"), ("ADatetime", "20261321000000.000000+000"), ("AUint32", "\u0661"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_what_is_no_value_of_its_type_is_refused(
    pack_server: RunningServer, name: str, text: str
) -> None:
    """An untyped parameter has its type from the signature, and what does not fit is code 4."""
    reply = called(
        pack_server, "EchoStatic", f'<PARAMVALUE NAME="{name}"><VALUE>{text}</VALUE></PARAMVALUE>'
    )
    assert '<ERROR CODE="4"' in reply
    assert name in reply


# Embedded objects


def tree() -> Any:
    """Return an instance with one in it that has others in it."""
    third = pywbem.CIMInstance(
        "Test_Third", {"Name": "<]]>&", "Number": pywbem.Uint64(2**64 - 1), "Flags": [True, False]}
    )
    second = pywbem.CIMInstance("Test_Second", {"Name": '"second"'})
    second["Inner"] = pywbem.CIMProperty("Inner", third, embedded_object="instance")
    second["Inners"] = pywbem.CIMProperty("Inners", [third, third], embedded_object="instance")
    first = pywbem.CIMInstance("Test_First", {"Name": "first"})
    first["Inner"] = pywbem.CIMProperty("Inner", second, embedded_object="instance")
    return first


def told(one: Any) -> Any:
    """Return an instance as data, without the properties that are NULL."""
    if isinstance(one, pywbem.CIMInstance):
        pairs = {name: told(value.value) for name, value in one.properties.items()}
        return one.classname, {name: value for name, value in pairs.items() if value is not None}
    return [told(each) for each in one] if isinstance(one, list) else one


def embedded(name: str, kind: str, value: Any) -> Any:
    """Return a parameter with an object in it."""
    is_array = isinstance(value, list)
    return pywbem.CIMParameter(name, "string", value=value, is_array=is_array, embedded_object=kind)


def test_an_embedded_instance_comes_back(client: Any) -> None:
    """Three levels deep, alone and in arrays, as property and as parameter."""
    alone = pywbem.CIMProperty("Instance", tree(), embedded_object="instance")
    many = pywbem.CIMProperty("Instances", [tree(), tree()], embedded_object="instance")
    anything = pywbem.CIMProperty("Object", tree(), embedded_object="object")
    found = kept(client, Instance=alone, Instances=many, Object=anything)
    assert told(found["Instance"]) == told(tree())
    assert told(found["Instances"]) == [told(tree()), told(tree())]
    assert told(found["Object"]) == told(tree())
    parameters = [
        embedded("Instance", "instance", tree()),
        embedded("Instances", "instance", [tree()]),
        embedded("Object", "object", tree()),
        embedded("Objects", "object", [tree()]),
    ]
    count, out = client.InvokeMethod("EchoStatic", CLASS, parameters)
    assert count == 4
    assert told(out["Instance"]) == told(out["Object"]) == told(tree())
    assert told(out["Instances"]) == told(out["Objects"]) == [told(tree())]


def test_an_embedded_class_comes_back(client: Any) -> None:
    """Where any object may stand a class may; where an instance is declared it is refused."""
    one = client.GetClass("Test_Third", LocalOnly=False)
    anything = pywbem.CIMProperty("Object", one, embedded_object="object")
    many = pywbem.CIMProperty("Objects", [one, one], embedded_object="object")
    found = kept(client, Object=anything, Objects=many)
    assert found["Object"].properties.keys() == one.properties.keys()
    assert [each.classname for each in found["Objects"]] == ["Test_Third"] * 2
    given = [embedded("Object", "object", one)]
    _, out = client.InvokeMethod("EchoStatic", CLASS, given)
    assert out["Object"].classname == "Test_Third"
    wrong = [embedded("Instance", "object", one)]
    assert status_of(client.InvokeMethod, "EchoStatic", CLASS, wrong) == 4


MOF = (
    'instance of Test_First { Name = "mof";'
    ' Inner = "instance of Test_Second { Name = \\"in\\"; };"; };'
)


def test_mof_is_an_embedded_instance(client: Any) -> None:
    """A text of MOF, with another text of MOF in it."""
    _, out = client.InvokeMethod("EchoStatic", CLASS, Instance=MOF, Instances=[MOF, MOF])
    wanted = ("Test_First", {"Name": "mof", "Inner": ("Test_Second", {"Name": "in"})})
    assert told(out["Instance"]) == wanted
    assert told(out["Instances"]) == [wanted, wanted]
    assert told(kept(client, Instance=MOF)["Instance"]) == wanted


def test_a_method_returns_an_embedded_instance(client: Any) -> None:
    """With its levels."""
    returned, _ = client.InvokeMethod("ReturnInstance", CLASS)
    assert returned["Inner"]["Inner"]["Number"] == 3
    assert [one["Number"] for one in returned["Inner"]["Inners"]] == [None, 2**64 - 1]


@pytest.mark.parametrize(
    "given",
    [
        "<INSTANCE CLASSNAME='Test_None'></INSTANCE>",
        "instance of Test_Third { Name = 1; };",
        "instance of Test_Third { };",
        "<INSTANCE",
        "nonsense",
    ],
)
def test_what_is_no_such_instance_is_refused(client: Any, given: str) -> None:
    """An unknown class, one that is not declared there, a wrong type, no MOF and no XML."""
    assert status_of(client.InvokeMethod, "EchoStatic", CLASS, Instance=given) == 4


# Keys and references


def test_keys_of_every_type_find_their_instance(client: Any) -> None:
    """Made, read by its path and by one that is spelt in another way, changed, removed."""
    extremes = {f"A{name}": values[-1] for name, values in VALUES.items()}
    extremes |= {
        "AString": " <k\"'\\>", "AChar16": "\u00fc", "AReal32": pywbem.Real32(0.1),
        "AReal64": pywbem.Real64(1e-310), "ADatetime": MOMENT, "ABoolean": True,
    }  # fmt: skip
    path = client.CreateInstance(pywbem.CIMInstance("Test_Keys", extremes), namespace=NAMESPACE)
    try:
        found = client.GetInstance(path)
        assert {name: found[name] for name in extremes} == extremes
        path.keybindings["AUint8"] = "0x1"
        path.keybindings["ASint64"] = "+1"
        path.keybindings["ABoolean"] = "TRUE"
        path.namespace = NAMESPACE.upper()
        assert client.GetInstance(path)["AString"] == extremes["AString"]
    finally:
        client.DeleteInstance(path)
    assert status_of(client.GetInstance, path) == 6


REFERENCES = {
    "INSTANCENAME": pywbem.CIMInstanceName(CLASS, {"InstanceID": "e0"}),
    "LOCALINSTANCEPATH": pywbem.CIMInstanceName(CLASS, {"InstanceID": "e0"}, namespace=NAMESPACE),
    "INSTANCEPATH": pywbem.CIMInstanceName(
        CLASS, {"instanceid": "e0"}, namespace="/root/TEST/", host="elsewhere"
    ),
}


@pytest.mark.parametrize("form", REFERENCES)
def test_references_are_read_in_every_form(client: Any, form: str) -> None:
    """As parameter, in an array, and as key of an association that is asked for."""
    path = REFERENCES[form]
    given = [
        pywbem.CIMParameter("Reference", "reference", value=path),
        pywbem.CIMParameter("References", "reference", value=[path, path], is_array=True),
    ]
    count, out = client.InvokeMethod("EchoStatic", CLASS, given)
    assert count == 2
    for one in (out["Reference"], *out["References"]):
        assert one.keybindings["InstanceID"] == "e0"
        assert one.namespace.strip("/").lower() == NAMESPACE
    link = next(one for one in client.EnumerateInstanceNames("Test_Link") if "e0" in str(one))
    link.keybindings["From"] = path
    assert client.GetInstance(link)["Weight"] == 0


def test_a_reference_may_be_text(client: Any) -> None:
    """A WBEM URI, as old clients write it; one of another class is refused by who declares it."""
    _, out = client.InvokeMethod(
        "EchoStatic", CLASS, Reference='/root/test:Test_Everything.InstanceID="e0"'
    )
    assert out["Reference"].keybindings["InstanceID"] == "e0"
    assert status_of(client.InvokeMethod, "EchoStatic", CLASS, Reference="no path") == 4
