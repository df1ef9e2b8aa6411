"""pywbem pulls enumerations and asks queries: every operation, every generator, every refusal."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients import callers
from tests.clients.expected import DOMAINS, HOST, NAMESPACE, SYSTEM
from tests.clients.test_pywbem import CheckingRecorder, connect, path, status_of
from tests.dsp0203 import check
from tests.rawhttp import Client, cim_headers, head, instance_name, intrinsic, parameter
from tests.serving import EIGHT_STATES, USER, RunningServer, let_in, serving
from tests.wbem.query.test_page import rows
from virtcim.broker.pulling import PullLimits

LIMITS = PullLimits()
FQL = {"FilterQueryLanguage": "DMTF:FQL"}
SOURCE = path("running")


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    """A connection to the server that nobody changes, which pulls what can be pulled."""
    connection = pulling_connection(server)
    yield connection
    connection.close()


def pulling_connection(server: RunningServer, *, pulls: bool | None = True) -> Any:
    """Return a connection whose replies are checked."""
    connection = pywbem.WBEMConnection(
        server.url, default_namespace=NAMESPACE, use_pull_operations=pulls
    )
    connection.add_operation_recorder(CheckingRecorder())
    return connection


def listed(objects: Any) -> list[str]:
    """Return the paths of instances or paths, sorted, as they are compared."""
    paths = (getattr(one, "path", one) for one in objects)
    return sorted(one.to_wbem_uri().partition("/root")[2] for one in paths)


# Open and pull

ENDS: dict[str, object] = {"ResultClass": "CIM_LogicalDevice"}
ROWS: list[tuple[str, str, tuple[object, ...], dict[str, object]]] = [
    ("EnumerateInstances", "InstancesWithPath", ("CIM_ComputerSystem",), {}),
    ("EnumerateInstancePaths", "InstancePaths", ("CIM_ComputerSystem",), {}),
    ("AssociatorInstances", "InstancesWithPath", (SOURCE,), ENDS),
    ("AssociatorInstancePaths", "InstancePaths", (SOURCE,), ENDS),
    ("ReferenceInstances", "InstancesWithPath", (SOURCE,), {}),
    ("ReferenceInstancePaths", "InstancePaths", (SOURCE,), {}),
]
"""Part of the name of the opening, of the pull, its arguments."""

each_row = pytest.mark.parametrize(
    ("opening", "pulling", "args", "choices"), ROWS, ids=[row[0] for row in ROWS]
)
PLAIN = {
    "EnumerateInstances": "EnumerateInstances",
    "EnumerateInstancePaths": "EnumerateInstanceNames",
    "AssociatorInstances": "Associators",
    "AssociatorInstancePaths": "AssociatorNames",
    "ReferenceInstances": "References",
    "ReferenceInstancePaths": "ReferenceNames",
}


def found(result: Any) -> list[Any]:
    """Return the objects of a result of either kind."""
    return list(result.paths if hasattr(result, "paths") else result.instances)


@each_row
@pytest.mark.parametrize("first", [0, 1, 2, 1000])
def test_open_and_pull(
    client: Any, opening: str, pulling: str, args: Any, choices: Any, *, first: int
) -> None:
    """What is opened and pulled is what the plain operation gives, each object once."""
    plain = listed(getattr(client, PLAIN[opening])(*args, **choices))
    assert len(plain) > 2
    result = getattr(client, f"Open{opening}")(*args, **choices, MaxObjectCount=first)
    objects = found(result)
    assert len(objects) == min(first, len(plain))
    while not result.eos:
        assert result.context[1] == NAMESPACE
        result = getattr(client, f"Pull{pulling}")(result.context, MaxObjectCount=2)
        assert 0 < len(found(result)) <= 2
        objects += found(result)
    assert result.context is None
    assert listed(objects) == plain
    assert all(getattr(one, "path", one).host for one in objects)


@each_row
def test_close(client: Any, opening: str, pulling: str, args: Any, choices: Any) -> None:
    """A closed enumeration is not continued, nor closed again."""
    result = getattr(client, f"Open{opening}")(*args, **choices, MaxObjectCount=1)
    assert not result.eos
    client.CloseEnumeration(result.context)
    pull = getattr(client, f"Pull{pulling}")
    assert status_of(pull, result.context, MaxObjectCount=1) == 21
    assert status_of(client.CloseEnumeration, result.context) == 21


@each_row
@pytest.mark.parametrize("pulls", [True, False, None])
def test_generators(
    server: RunningServer,
    opening: str,
    pulling: str,
    args: Any,
    choices: Any,
    *,
    pulls: bool | None,
) -> None:
    """The generators of pywbem give the same over pull operations and over plain ones."""
    connection = pulling_connection(server, pulls=pulls)
    plain = listed(getattr(connection, PLAIN[opening])(*args, **choices))
    objects = getattr(connection, f"Iter{opening}")(*args, **choices, MaxObjectCount=2)
    assert listed(objects) == plain
    last = PLAIN[opening] if pulls is False else f"Pull{pulling}"
    assert f'NAME="{last}"' in str(connection.last_raw_request)
    connection.close()


def test_a_generator_that_is_left(client: Any) -> None:
    """A client closes what it does not read to the end, and the server takes it."""
    generator = client.IterEnumerateInstances(SYSTEM, MaxObjectCount=1)
    next(generator)
    generator.close()


def test_instances_are_whole(client: Any) -> None:
    """A pulled instance is what GetInstance returns; parameters choose its properties."""
    for instance in client.IterEnumerateInstances(SYSTEM, MaxObjectCount=3):
        alone = client.GetInstance(instance.path)
        alone.path = instance.path
        assert instance == alone
    shallow = client.IterEnumerateInstances(
        "CIM_ComputerSystem", DeepInheritance=False, MaxObjectCount=3
    )
    assert all("UUID" not in instance for instance in shallow)
    chosen = client.IterEnumerateInstances(SYSTEM, PropertyList=["HealthState"], MaxObjectCount=3)
    assert {tuple(instance) for instance in chosen} == {("HealthState",)}


# Filters


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("EnabledState = 2", {"running", "blocked"}),
        ("Name = 'paused'", {"paused"}),
        ("EnabledState <> 2 AND HealthState = 0", {"nostate", "shutdown", "shutoff"}),
        ("ANY OperationalStatus = 6 OR Name LIKE 'pm.*'", {"crashed", "pmsuspended"}),
        ("AvailableRequestedStates[0] = 2", {"paused", "shutoff"}),
        ("Name = 'PAUSED'", set()),
    ],
)
def test_filters(client: Any, text: str, names: set[str]) -> None:
    """A filter sees the whole instance; what is returned of it does not matter."""
    for choices in ({}, {"PropertyList": ["Caption"]}):
        result = client.OpenEnumerateInstances(
            SYSTEM, FilterQuery=text, MaxObjectCount=100, **FQL, **choices
        )
        assert {one.path["Name"] for one in result.instances} == names
        assert result.eos
    paths = client.IterEnumerateInstancePaths(SYSTEM, FilterQuery=text, MaxObjectCount=1, **FQL)
    assert {one["Name"] for one in paths} == names


def test_filters_of_associations(client: Any) -> None:
    """The other ends are asked, or the associations."""
    devices = client.IterAssociatorInstances(
        SOURCE, FilterQuery="DeviceID = 'running/mem'", MaxObjectCount=10, **FQL
    )
    assert [one.classname for one in devices] == ["Test_Memory"]
    links = client.IterReferenceInstancePaths(
        SOURCE, ResultClass="CIM_SystemDevice", FilterQuery="GroupComponent IS NOT NULL",
        MaxObjectCount=10, **FQL,
    )  # fmt: skip
    assert {one.classname for one in links} == {"Test_SystemDevice"}


# Refusals


@pytest.mark.parametrize(
    ("choices", "status"),
    [
        ({"OperationTimeout": 0}, 22),
        ({"OperationTimeout": 301}, 22),
        ({"ContinueOnError": True}, 26),
        ({"FilterQueryLanguage": "DMTF:FQL"}, 4),
        ({"FilterQuery": "Name = 'x'"}, 4),
        ({"FilterQueryLanguage": "DMTF:SQL", "FilterQuery": "Name = 'x'"}, 14),
        ({"FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "Name ="}, 15),
        ({"FilterQueryLanguage": "DMTF:FQL", "FilterQuery": "EnabledState = 'x'"}, 15),
        ({"ClassName": "No_SuchClass"}, 5),
        ({"namespace": "root/nowhere"}, 3),
    ],
)
def test_refused_openings(client: Any, choices: dict[str, object], status: int) -> None:
    """Each wrong parameter has the code of the document."""
    given = {"ClassName": SYSTEM, "MaxObjectCount": 1, **choices}
    assert status_of(client.OpenEnumerateInstances, **given) == status
    given = {"InstanceName": SOURCE, **{k: v for k, v in given.items() if k != "ClassName"}}
    if "ClassName" in choices:
        given["ResultClass"], status = "No_SuchClass", 4
    if "namespace" in given:
        given["InstanceName"] = pywbem.CIMInstanceName(
            SYSTEM, SOURCE.keybindings, namespace=given.pop("namespace")
        )
    if status != 15:  # classes that nobody names are checked with the instances
        assert status_of(client.OpenAssociatorInstancePaths, **given) == status


def test_refused_pulls(client: Any) -> None:
    """A context is for its operation and namespace, and good for one reply."""
    opened = client.OpenEnumerateInstances(SYSTEM, MaxObjectCount=1)
    assert status_of(client.PullInstancePaths, opened.context, MaxObjectCount=1) == 21
    # With a recorder, pywbem's PullInstances fails over its own variable.
    plain = pywbem.WBEMConnection(client.url, default_namespace=NAMESPACE)
    assert status_of(plain.PullInstances, opened.context, MaxObjectCount=1) == 21
    elsewhere = (opened.context[0], "root/interop")
    assert status_of(client.PullInstancesWithPath, elsewhere, MaxObjectCount=1) == 21
    client.PullInstancesWithPath(opened.context, MaxObjectCount=1)
    assert status_of(client.PullInstancesWithPath, opened.context, MaxObjectCount=1) == 21


def test_keep_alive(client: Any) -> None:
    """A pull of nothing keeps an enumeration, and not for ever."""
    result = client.OpenEnumerateInstancePaths(SYSTEM)
    for _ in range(LIMITS.keep_alives):
        result = client.PullInstancePaths(result.context, MaxObjectCount=0)
        assert (result.paths, result.eos) == ([], False)
    assert status_of(client.PullInstancePaths, result.context, MaxObjectCount=0) == 27
    result = client.PullInstancePaths(result.context, MaxObjectCount=100)
    assert (len(result.paths), result.eos) == (len(DOMAINS), True)


def test_too_many_enumerations(own_server: RunningServer) -> None:
    """One user has so many and no more, until one of them is closed."""
    client = connect(own_server)
    contexts = [
        client.OpenEnumerateInstances(SYSTEM, MaxObjectCount=1, OperationTimeout=300).context
        for _ in range(LIMITS.open_of_user)
    ]
    assert status_of(client.OpenEnumerateInstances, SYSTEM, MaxObjectCount=1) == 27
    client.CloseEnumeration(contexts.pop())
    client.OpenEnumerateInstances(SYSTEM, MaxObjectCount=1)


def test_contexts_of_others(tmp_path: Path) -> None:
    """A context is worth nothing to another user."""
    let_in(tmp_path)
    let_in(tmp_path, "bert", "battery staple")
    with serving(EIGHT_STATES, tmp_path) as server:
        anna, bert = (
            callers.connect(server, USER),
            callers.connect(server, "bert", "battery staple"),
        )
        context = anna.OpenEnumerateInstances(SYSTEM, MaxObjectCount=1).context
        assert status_of(bert.PullInstancesWithPath, context, MaxObjectCount=1) == 21
        assert status_of(bert.CloseEnumeration, context) == 21
        assert len(anna.PullInstancesWithPath(context, MaxObjectCount=100).instances) == 7


FAILING = intrinsic(
    "OpenAssociatorInstances",
    parameter("InstanceName", instance_name(SYSTEM, CreationClassName=SYSTEM, Name="running")),
    parameter("FilterQueryLanguage", "<VALUE>DMTF:FQL</VALUE>"),
    parameter("FilterQuery", "<VALUE>Caption = 5</VALUE>"),
    parameter("MaxObjectCount", "<VALUE>1000</VALUE>"),
)
"""A filter of which only the first instance shows that it compares text with a number."""


def test_a_filter_that_fails_later(server: RunningServer) -> None:
    """It is an error like others, also for a client that reads the reply as it is written."""
    with Client(server.host, server.port) as raw:
        headers = cim_headers("OpenAssociatorInstances")
        answer = raw.ask(head(FAILING, headers))
        check(answer.body)
        assert b'<ERROR CODE="15" DESCRIPTION="CIM_ERR_INVALID_QUERY: ' in answer.body
        assert b"line 1, column 9" in answer.body
        answer = raw.ask(head(FAILING, {**headers, "TE": "trailers"}))
        assert answer.trailers["cimstatuscode"] == "15"


def test_enumeration_count(server: RunningServer) -> None:
    """How many objects are left is a number, or nothing where nobody has counted them."""
    filtered = (
        parameter("FilterQueryLanguage", "<VALUE>FQL</VALUE>"),
        parameter("FilterQuery", "<VALUE>Caption IS NOT NULL</VALUE>"),
    )
    with Client(server.host, server.port) as raw:

        def asked(name: str, *parameters: str) -> str:
            answer = raw.ask(head(intrinsic(name, *parameters), cim_headers(name)))
            check(answer.body)
            return answer.body.decode()

        for more, count in (((), f"<VALUE>{len(DOMAINS)}</VALUE>"), (filtered, "")):
            target = parameter("ClassName", f'<CLASSNAME NAME="{SYSTEM}"/>')
            opened = asked("OpenEnumerateInstances", target, *more)
            found = re.search(
                '"EnumerationContext" PARAMTYPE="string">(<VALUE>.+?</VALUE>)', opened
            )
            assert found is not None
            counted = asked("EnumerationCount", parameter("EnumerationContext", found[1]))
            assert f"<IRETURNVALUE>{count}</IRETURNVALUE>" in counted
            closed = asked("CloseEnumeration", parameter("EnumerationContext", found[1]))
            assert '<IMETHODRESPONSE NAME="CloseEnumeration"></IMETHODRESPONSE>' in closed


# Queries

STATEMENTS: list[tuple[str, str, set[str]]] = [
    ("WQL", "SELECT * FROM CIM_ComputerSystem", {*DOMAINS, HOST}),
    ("DMTF:CQL", f"SELECT * FROM {SYSTEM} WHERE EnabledState = 2", {"running", "blocked"}),
    ("WQL", f"SELECT * FROM {SYSTEM} WHERE Name LIKE 'shut%'", {"shutdown", "shutoff"}),
    ("WQL", "SELECT * FROM KVM_ComputerSystem", set()),
]


@pytest.mark.parametrize(("language", "text", "names"), STATEMENTS)
def test_whole_instances(client: Any, language: str, text: str, names: set[str]) -> None:
    """A star selects whole instances, with their paths where the operation has room for them."""

    def named(instances: Any) -> set[str]:
        return {HOST if i.classname == HOST else i["Name"] for i in instances}

    selected = client.ExecQuery(language, text)
    assert named(selected) == names
    for instance in selected:
        alone = client.GetInstance(instance.path)
        alone.path = instance.path
        assert alone == instance
    opened = client.OpenQueryInstances(language, text, MaxObjectCount=2)
    pulled = list(opened.instances)
    while not opened.eos:
        opened = client.PullInstances(opened.context, MaxObjectCount=2)
        pulled += opened.instances
    assert named(pulled) == names
    assert named(client.IterQueryInstances(language, text, MaxObjectCount=2).generator) == names


def test_rows(client: Any) -> None:
    """Columns give rows of what is asked for, and a class that describes them."""
    text = f"SELECT Name, EnabledState, OperationalStatus FROM {SYSTEM} WHERE HealthState = 20"
    (row,) = client.ExecQuery("WQL", text)
    assert dict(row) == {"Name": "crashed", "EnabledState": 3, "OperationalStatus": [6]}
    result = client.IterQueryInstances("WQL", text, MaxObjectCount=5, ReturnQueryResultClass=True)
    assert [dict(one) for one in result.generator] == [dict(row)]
    described = result.query_result_class.properties.values()
    assert {p.name: (p.type, p.is_array) for p in described} == {
        "Name": ("string", False),
        "EnabledState": ("uint16", False),
        "OperationalStatus": ("uint16", True),
    }


def test_traversals(client: Any) -> None:
    """ASSOCIATORS OF and REFERENCES OF are the association operations."""
    keys = f'{{{SYSTEM}.CreationClassName="{SYSTEM}",Name="running"}}'
    verbs: dict[str, Callable[..., Any]] = {
        "ASSOCIATORS": client.Associators, "REFERENCES": client.References,
    }  # fmt: skip
    for word, operation in verbs.items():
        selected, plain = client.ExecQuery("WQL", f"{word} OF {keys}"), operation(SOURCE)
        for instance in plain:
            instance.path.namespace = NAMESPACE  # which pywbem says of whatever is selected
        assert listed(selected) == listed(plain)
        assert len(selected) > 2


@pytest.mark.parametrize(
    ("language", "text", "choices", "status"),
    [
        ("WQL", "SELECT * FROM", {}, 15),
        ("WQL", "SELECT * FROM CIM_ComputerSystem WHERE Nothing = 1", {}, 15),
        ("CIM:SQL", "SELECT * FROM CIM_ComputerSystem", {}, 14),
        ("DMTF:FQL", "Name = 'x'", {}, 14),
        ("WQL", "SELECT * FROM No_SuchClass", {}, 5),
        ("WQL", "SELECT * FROM CIM_ComputerSystem", {"namespace": "root/nowhere"}, 3),
    ],
)
def test_refused_queries(
    client: Any, language: str, text: str, choices: dict[str, str], status: int
) -> None:
    """What cannot be answered has the code of the document, in both operations."""
    assert status_of(client.ExecQuery, language, text, **choices) == status
    given = {"MaxObjectCount": 1, **choices}
    assert status_of(client.OpenQueryInstances, language, text, **given) == status


def test_features_that_are_not_served(client: Any) -> None:
    """A code that pywbem has no name for arrives all the same."""
    with pytest.raises(pywbem.CIMError, match="DISTINCT is not supported, at line 1") as caught:
        client.ExecQuery("DMTF:CQL", "SELECT DISTINCT Name FROM CIM_ComputerSystem")
    assert caught.value.status_code == 29


# The page about queries


@pytest.mark.parametrize(("language", "example"), [(a, b.strip("`")) for a, b in rows("Examples")])
def test_the_examples_of_the_page(client: Any, language: str, example: str) -> None:
    """Each can be asked as it stands, of a server whose domain and classes have these names."""
    text = example.replace("KVM_", "Test_").replace('"web"', '"running"')
    if language == "FQL":
        client.OpenEnumerateInstances("CIM_ManagedElement", FilterQuery=text, **FQL)
    elif "WITHIN" in text:  # which says how often to look for what has happened
        assert status_of(client.ExecQuery, language, text) == 15
    else:
        objects = client.ExecQuery(language, text)
        assert objects or "CIM_Dependency" not in text
