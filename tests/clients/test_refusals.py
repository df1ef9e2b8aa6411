"""Every refusal inside CIM, by operation and code: the table of operations, walked on the wire.

Each answer is HTTP 200 without CIMError, and an ERROR with the code. What applies to all operations
is asked of every one; the codes of its own are rows.
"""

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

import pytest
import pywbem

from tests.clients.callers import connect, credentials
from tests.clients.expected import SYSTEM
from tests.dsp0203 import check
from tests.rawhttp import (
    Client,
    cim_headers,
    head,
    instance_name,
    intrinsic,
    message,
    namespace_path,
    parameter,
)
from tests.serving import EIGHT_STATES, RunningServer, let_in, serving
from virtcim.listeners.principals import Role
from virtcim.wbem.parameters import OPERATIONS

N, VIRT = "root/acme", "root/virt"

MOF = """
class ACME_Thing { [Key] string ID; uint32 Count = 3; };
class ACME_Small : ACME_Thing { boolean Less; };
class ACME_Empty { [Key] string ID; };
[Association] class ACME_Link { [Key] ACME_Thing REF A; [Key] ACME_Thing REF B; };
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with classes and instances of a client, and somebody who may do nothing."""
    directory = tmp_path_factory.mktemp("refusals")
    let_in(directory)
    let_in(directory, "nobody", role=Role.NONE)
    let_in(directory, "reader", role=Role.READ)
    let_in(directory, "opener", role=Role.READ)
    with serving(EIGHT_STATES, directory) as running:
        client = connect(running)
        pywbem.WBEMServer(client).create_namespace(N)
        client.default_namespace = N
        for name in ("Key", "Association", "Override", "Description"):
            client.SetQualifier(client.GetQualifier(name, VIRT))
        pywbem.MOFCompiler(client, log_func=None).compile_string(MOF, N)
        client.CreateInstance(pywbem.CIMInstance("ACME_Thing", {"ID": "a"}))
        client.CreateInstance(pywbem.CIMInstance("ACME_Small", {"ID": "b"}))
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[Client]:
    """A connection."""
    with Client(server.host, server.port) as connection:
        yield connection


def code(client: Client, body: bytes, headers: Mapping[str, str], user: str = "anna") -> int:
    """Return the code of the ERROR that answers a request."""
    answer = client.ask(head(body, {**headers, **credentials(user)}))
    assert (answer.status, answer.headers.get("cimerror")) == (200, None)
    check(answer.body)
    found = re.search(rb'<ERROR CODE="(\d+)" DESCRIPTION="CIM_ERR_[A-Z_]+: ', answer.body)
    assert found, answer.body
    return int(found[1])


def refused(client: Client, name: str, *parameters: str, namespace: str = N) -> int:
    """Return the code of a refused intrinsic operation."""
    body = intrinsic(name, *parameters, namespace=namespace)
    return code(client, body, cim_headers(name, namespace))


NAMES = [spec.name for spec in OPERATIONS.values()]


@pytest.mark.parametrize("name", NAMES)
def test_refusals_of_every_operation(client: Client, name: str) -> None:
    """2 before 3 before 4: a right, the namespace, a parameter that is unknown, or missing."""
    spec = OPERATIONS[name.lower()]
    strange = parameter("Nonsense", "<VALUE>x</VALUE>")
    body = intrinsic(name, strange, namespace="root/none")
    assert code(client, body, cim_headers(name, "root/none"), "nobody") == 2
    assert refused(client, name, strange, namespace="root/none") == 3
    assert refused(client, name, strange) == 4
    null = [f'<IPARAMVALUE NAME="{one.name}"/>' for one in spec.parameters.values()]
    for one in null:
        assert refused(client, name, one, one) == 4
    if spec.required:
        assert refused(client, name) == 4
        assert refused(client, name, *null) == 4


# What the rows are made of


def class_name(name: str, parameter_name: str = "ClassName") -> str:
    """Return a parameter that names a class."""
    return parameter(parameter_name, f'<CLASSNAME NAME="{name}"/>')


def path(name: str, identifier: str = "a", parameter_name: str = "InstanceName") -> str:
    """Return a parameter that names an instance."""
    return parameter(parameter_name, instance_name(name, ID=identifier))


def text(name: str, value: str) -> str:
    """Return a parameter with a text."""
    return parameter(name, f"<VALUE>{escape(value)}</VALUE>")


def declaration(name: str, superclass: str = "", inside: str = "", of: str = "NewClass") -> str:
    """Return a parameter that declares a class."""
    above = f' SUPERCLASS="{superclass}"' if superclass else ""
    return parameter(of, f'<CLASS NAME="{name}"{above}>{inside}</CLASS>')


def values(class_: str, **given: str) -> str:
    """Return an INSTANCE of strings."""
    inside = "".join(
        f'<PROPERTY NAME="{name}" TYPE="string"><VALUE>{value}</VALUE></PROPERTY>'
        for name, value in given.items()
    )
    return f'<INSTANCE CLASSNAME="{class_}">{inside}</INSTANCE>'


def modified(class_: str, identifier: str, **given: str) -> str:
    """Return the parameter of ModifyInstance."""
    inside = instance_name(class_, ID=identifier) + values(class_, **given)
    name = "ModifiedInstance"
    return parameter(name, f"<VALUE.NAMEDINSTANCE>{inside}</VALUE.NAMEDINSTANCE>")


def query(language: str, said: str) -> str:
    """Return the two parameters of a filter."""
    return text("FilterQueryLanguage", language) + text("FilterQuery", said)


NEW_NAME = '<PROPERTY NAME="Count" TYPE="string"></PROPERTY>'
UNKNOWN_QUALIFIER = '<QUALIFIER NAME="Strange" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER>'
DANGLING = '<PROPERTY.REFERENCE NAME="R" REFERENCECLASS="ACME_None"></PROPERTY.REFERENCE>'
THING, NONE = "ACME_Thing", "ACME_None"
CONTEXT = text("EnumerationContext", "x")
TIMEOUT, ON_ERROR = text("OperationTimeout", "100000"), text("ContinueOnError", "TRUE")
MOST = text("MaxObjectCount", "1")
INSTANCE = path(THING)
SOURCE = path(THING, parameter_name="ObjectName")
RESULT = class_name(NONE, "ResultClass")
ASSOCIATION = class_name(NONE, "AssocClass")
NO_LANGUAGE, NO_QUERY = query("SQL", "x"), query("DMTF:FQL", "=")

Row = tuple[str, int, str, str]
"""Operation, code, parameters, namespace."""


def opened(name: str, *target: str) -> Iterator[Row]:
    """Yield what all Open operations refuse."""
    given = "".join(target)
    for number, more in ((14, NO_LANGUAGE), (15, NO_QUERY), (22, TIMEOUT), (26, ON_ERROR)):
        yield name, number, given + more, N
    yield name, 4, given + text("FilterQuery", "x"), N


ROWS: tuple[Row, ...] = (
    ("GetClass", 6, class_name(NONE), N),
    ("EnumerateClasses", 5, class_name(NONE), N),
    ("EnumerateClassNames", 5, class_name(NONE), N),
    ("CreateClass", 11, declaration(THING), N),
    ("CreateClass", 10, declaration("ACME_New", NONE), N),
    ("CreateClass", 4, declaration("ACME_New", THING, NEW_NAME), N),
    ("CreateClass", 4, declaration("ACME_New", "", UNKNOWN_QUALIFIER), N),
    ("CreateClass", 4, declaration("ACME_New", "", DANGLING), N),
    ("ModifyClass", 6, declaration(NONE, of="ModifiedClass"), N),
    ("ModifyClass", 10, declaration("ACME_Empty", NONE, of="ModifiedClass"), N),
    ("ModifyClass", 8, declaration(THING, of="ModifiedClass"), N),
    ("ModifyClass", 9, declaration("ACME_Small", of="ModifiedClass"), N),
    ("DeleteClass", 6, class_name(NONE), N),
    ("DeleteClass", 8, class_name(THING), N),
    ("DeleteClass", 9, class_name("ACME_Small"), N),
    ("GetQualifier", 6, text("QualifierName", "Strange"), N),
    ("DeleteQualifier", 6, text("QualifierName", "Strange"), N),
    ("GetInstance", 5, path(NONE), N),
    ("GetInstance", 6, path(THING, "z"), N),
    ("GetInstance", 6, path(THING, "b"), N),  # that is one of a subclass
    ("GetInstance", 4, parameter("InstanceName", instance_name(THING)), N),
    ("GetInstance", 4, parameter("InstanceName", instance_name(THING, ID="a", Other="b")), N),
    ("EnumerateInstances", 5, class_name(NONE), N),
    ("EnumerateInstanceNames", 5, class_name(NONE), N),
    ("CreateInstance", 5, parameter("NewInstance", values(NONE)), N),
    ("CreateInstance", 11, parameter("NewInstance", values(THING, ID="a")), N),
    ("CreateInstance", 4, parameter("NewInstance", values(THING)), N),
    ("CreateInstance", 4, parameter("NewInstance", values(THING, ID="z", Strange="x")), N),
    ("CreateInstance", 7, parameter("NewInstance", values(SYSTEM)), VIRT),
    ("ModifyInstance", 5, modified(NONE, "a"), N),
    ("ModifyInstance", 6, modified(THING, "z", Count="1"), N),
    ("ModifyInstance", 12, modified(THING, "a", Strange="x"), N),
    ("ModifyInstance", 4, modified(THING, "a", ID="other"), N),
    ("DeleteInstance", 5, path(NONE), N),
    ("DeleteInstance", 6, path(THING, "z"), N),
    ("GetProperty", 5, path(NONE) + text("PropertyName", "ID"), N),
    ("GetProperty", 6, path(THING, "z") + text("PropertyName", "ID"), N),
    ("GetProperty", 12, INSTANCE + text("PropertyName", "Strange"), N),
    ("SetProperty", 5, path(NONE) + text("PropertyName", "ID"), N),
    ("SetProperty", 6, path(THING, "z") + text("PropertyName", "ID"), N),
    ("SetProperty", 12, INSTANCE + text("PropertyName", "Strange"), N),
    ("SetProperty", 13, INSTANCE + text("PropertyName", "Count") + text("NewValue", "x"), N),
    *((name, number, given, N)
      for name in ("Associators", "AssociatorNames", "References", "ReferenceNames")
      for number, given in (
          (4, path(NONE, parameter_name="ObjectName")),
          (4, class_name(NONE, "ObjectName")),
          (4, SOURCE + RESULT),
          (6, path(THING, "z", "ObjectName")))),
    ("Associators", 4, SOURCE + ASSOCIATION, N),
    ("AssociatorNames", 4, SOURCE + ASSOCIATION, N),
    ("ExecQuery", 14, text("QueryLanguage", "SQL") + text("Query", "SELECT * FROM X"), N),
    ("ExecQuery", 15, text("QueryLanguage", "WQL") + text("Query", "SELECT"), N),
    ("OpenEnumerateInstances", 5, class_name(NONE), N),
    ("OpenEnumerateInstancePaths", 5, class_name(NONE), N),
    *opened("OpenEnumerateInstances", class_name(THING)),
    *opened("OpenEnumerateInstancePaths", class_name(THING)),
    *(row for name in ("OpenAssociatorInstances", "OpenAssociatorInstancePaths",
                       "OpenReferenceInstances", "OpenReferenceInstancePaths")
      for row in (*opened(name, INSTANCE),
                  (name, 4, parameter("InstanceName", instance_name(THING)), N),
                  (name, 4, INSTANCE + RESULT, N))),
    ("OpenQueryInstances", 14, query("SQL", "x"), N),
    ("OpenQueryInstances", 15, query("DMTF:CQL", "SELECT"), N),
    ("OpenQueryInstances", 22, query("DMTF:CQL", f"SELECT * FROM {THING}") + TIMEOUT, N),
    ("OpenQueryInstances", 26, query("DMTF:CQL", f"SELECT * FROM {THING}") + ON_ERROR, N),
    ("OpenQueryInstances", 29, query("DMTF:CQL", f"SELECT COUNT(*) FROM {THING}"), N),
    ("PullInstancesWithPath", 21, CONTEXT + MOST, N),
    ("PullInstancePaths", 21, CONTEXT + MOST, N),
    ("PullInstances", 21, CONTEXT + MOST, N),
    ("CloseEnumeration", 21, CONTEXT, N),
    ("EnumerationCount", 21, CONTEXT, N),
)  # fmt: skip


@pytest.mark.parametrize(("name", "wanted", "given", "namespace"), ROWS)
def test_refusals_of_one_operation(
    client: Client, name: str, wanted: int, given: str, namespace: str
) -> None:
    """What an operation refuses has the code of the table."""
    assert refused(client, name, given, namespace=namespace) == wanted


def context(
    client: Client,
    user: str,
    name: str = "OpenEnumerateInstances",
    given: str = class_name(THING),
) -> str:
    """Open or continue an enumeration; return what names it, nothing when it was refused."""
    body = intrinsic(name, given, namespace=N)
    headers = {**cim_headers(name, N), **credentials(user)}
    answer = client.ask(head(body, headers))
    found = re.search(rb'"EnumerationContext" PARAMTYPE="string"><VALUE>(.+?)<', answer.body)
    return "" if found is None else text("EnumerationContext", found[1].decode())


def test_too_many_open_enumerations(client: Client) -> None:
    """One more than a user may have is 27; another user may have some."""
    opened = 0
    while context(client, "opener"):
        opened += 1
    body = intrinsic("OpenEnumerateInstances", class_name(THING), namespace=N)
    assert code(client, body, cim_headers("OpenEnumerateInstances", N), "opener") == 27
    assert opened == 200
    assert context(client, "anna")


def test_too_many_pulls_of_nothing(client: Client) -> None:
    """Pulls that only keep an enumeration open come to an end with 27."""
    none = text("MaxObjectCount", "0")
    given = context(client, "anna")
    for _ in range(100):
        given = context(client, "anna", "PullInstancesWithPath", given + none)
        assert given
    assert refused(client, "PullInstancesWithPath", given + none) == 27


@pytest.mark.parametrize(
    ("name", "namespace", "user"),
    [
        ("PullInstancePaths", N, "anna"),
        ("PullInstances", N, "anna"),
        ("PullInstancesWithPath", VIRT, "anna"),
        ("PullInstancesWithPath", N, "reader"),
        ("CloseEnumeration", VIRT, "anna"),
        ("CloseEnumeration", N, "reader"),
    ],
)
def test_somebody_elses_enumeration(client: Client, name: str, namespace: str, user: str) -> None:
    """Another kind, namespace or user is 21, and leaves it as it is."""
    given = context(client, "anna")
    most = MOST if name.startswith("Pull") else ""
    body = intrinsic(name, given + most, namespace=namespace)
    assert code(client, body, cim_headers(name, namespace), user) == 21
    body = intrinsic("CloseEnumeration", given, namespace=N)
    headers = {**cim_headers("CloseEnumeration", N), **credentials()}
    assert b"<ERROR" not in client.ask(head(body, headers)).body
    assert refused(client, "CloseEnumeration", given) == 21


def test_every_operation_has_its_rows() -> None:
    """All operations that can refuse something of their own are in the table."""
    without = set(NAMES) - {name for name, *_ in ROWS}
    assert without == {"EnumerateQualifiers", "SetQualifier"}


# Extrinsic calls (1.11)

OBJECT = instance_name(SYSTEM, CreationClassName=SYSTEM, Name="running")
STATE = '<PARAMVALUE NAME="RequestedState"><VALUE>2</VALUE></PARAMVALUE>'
KEYS = f'CreationClassName="{SYSTEM}",Name="running"'
CLASS_PATH = f'<LOCALCLASSPATH>{namespace_path(VIRT)}<CLASSNAME NAME="{SYSTEM}"/></LOCALCLASSPATH>'


def on(instance: str = OBJECT, namespace: str = VIRT) -> str:
    """Return the target of a call."""
    return f"<LOCALINSTANCEPATH>{namespace_path(namespace)}{instance}</LOCALINSTANCEPATH>"


CHANGE = "RequestStateChange"

CALLS: Mapping[str, tuple[int, str, str, str]] = {
    "no namespace": (3, CHANGE, on(namespace="root/none"), f"root/none:{SYSTEM}.{KEYS}"),
    "no class": (5, CHANGE, on(instance_name(NONE, ID="a")), f'{VIRT}:{NONE}.ID="a"'),
    "no instance": (6, CHANGE, on(OBJECT.replace("running", "none")) + STATE,
                    f'{VIRT}:{SYSTEM}.{KEYS.replace("running", "none")}'),
    "no method": (17, "Strange", on(), f"{VIRT}:{SYSTEM}.{KEYS}"),
    "not implemented": (16, "SetPowerState", on(), f"{VIRT}:{SYSTEM}.{KEYS}"),
    "on the class": (4, CHANGE, CLASS_PATH + STATE, f"{VIRT}:{SYSTEM}"),
    "unknown parameter": (4, CHANGE, on() + STATE.replace("RequestedState", "Strange"),
                          f"{VIRT}:{SYSTEM}.{KEYS}"),
    "given twice": (4, CHANGE, on() + STATE * 2, f"{VIRT}:{SYSTEM}.{KEYS}"),
    "of another type": (4, CHANGE, on() + STATE.replace('State"', 'State" PARAMTYPE="boolean"')
                        .replace(">2<", ">TRUE<"), f"{VIRT}:{SYSTEM}.{KEYS}"),
    "no value of its type": (4, CHANGE, on() + STATE.replace(">2<", ">two<"),
                             f"{VIRT}:{SYSTEM}.{KEYS}"),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "method", "inside", "target"), CALLS.values(), ids=CALLS)
def test_refusals_of_methods(
    client: Client, wanted: int, method: str, inside: str, target: str
) -> None:
    """What a call of a method refuses has the code of the table; a right comes before all."""
    body = message(f'<METHODCALL NAME="{method}">{inside}</METHODCALL>')
    headers = cim_headers(method, target)
    assert code(client, body, headers, "nobody") == 2
    assert code(client, body, headers) == wanted
