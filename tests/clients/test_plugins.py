"""Every operation on classes of a plug-in, through pywbem and wbemcli, on a running server."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients.test_pywbem import connect, status_of
from tests.dsp0203 import check
from tests.plugging import install_pack
from tests.rawhttp import Client, cim_headers, head, instance_name, intrinsic, parameter
from tests.serving import EIGHT_STATES, RunningServer, serving

NAMESPACE = "root/test"
EVERYTHING, KEYS, LINK = "Test_Everything", "Test_Keys", "Test_Link"


@pytest.fixture
def client(pack_server: RunningServer) -> Iterator[Any]:
    """A connection to a server with the test pack."""
    connection = connect(pack_server, NAMESPACE)
    yield connection
    connection.close()


def path(name: str) -> Any:
    """Return the path of an instance that the pack has from its start."""
    return pywbem.CIMInstanceName(EVERYTHING, {"InstanceID": name}, namespace=NAMESPACE)


# Instances


def test_instances_are_read(client: Any) -> None:
    """Alone, all, by their paths, one property; and those that are not there are not."""
    assert client.GetInstance(path("e1"))["AUint32"] == 1
    assert client.GetInstance(path(" e1 "))["AUint32"] == 1
    names = client.EnumerateInstanceNames(EVERYTHING)
    assert [one["InstanceID"] for one in names] == ["e0", "e1", "e2"]
    assert [one.path for one in client.EnumerateInstances(EVERYTHING)] == names
    found = client.EnumerateInstances(EVERYTHING, PropertyList=["AUint32", "Nothing"])
    assert [dict(one.items()) for one in found] == [{"AUint32": n} for n in range(3)]
    assert client.GetInstance(path("e0"))["WithDefault"] == "as declared"
    assert status_of(client.GetInstance, path("none")) == 6
    assert status_of(client.GetInstance, pywbem.CIMInstanceName(EVERYTHING, {"Name": "e1"})) == 4


def test_instances_are_made_changed_and_removed(client: Any) -> None:
    """What was acknowledged is read; what is there is not made twice; keys stay."""
    new = pywbem.CIMInstance(EVERYTHING, {"InstanceID": "new", "AString": "one"})
    made = client.CreateInstance(new)
    assert made == path("new")
    try:
        assert status_of(client.CreateInstance, new) == 11
        instance = client.GetInstance(made)
        assert (instance["AString"], instance["WithDefault"]) == ("one", "as declared")
        instance["AString"] = pywbem.CIMProperty("AString", None, type="string")
        instance["ManyUint8"] = [pywbem.Uint8(1)]
        client.ModifyInstance(instance)
        read = client.GetInstance(made)
        assert (read["AString"], read["ManyUint8"]) == (None, [1])
        instance["AString"], instance["AUint8"] = "two", pywbem.Uint8(9)
        client.ModifyInstance(instance, PropertyList=["AUint8"])
        read = client.GetInstance(made)
        assert (read["AString"], read["AUint8"]) == (None, 9)
        instance.properties["InstanceID"] = pywbem.CIMProperty("InstanceID", "other")
        assert status_of(client.ModifyInstance, instance) == 4
    finally:
        client.DeleteInstance(made)
    assert status_of(client.DeleteInstance, made) == 6
    assert status_of(client.ModifyInstance, read) == 6


def test_what_a_provider_does_not_do_is_not_served(client: Any) -> None:
    """Its instances are neither made nor changed nor removed."""
    assert status_of(client.CreateInstance, pywbem.CIMInstance("Test_Faulty", {"Name": "a"})) == 7
    found = client.GetInstance(pywbem.CIMInstanceName("Test_Faulty", {"Name": "well"}))
    found.path = pywbem.CIMInstanceName("Test_Faulty", {"Name": "well"}, namespace=NAMESPACE)
    found["Size"] = pywbem.Uint8(1)
    assert status_of(client.ModifyInstance, found) == 7
    assert status_of(client.DeleteInstance, found.path) == 7


def test_a_class_without_a_provider_is_kept(client: Any) -> None:
    """Instances of such a class of a plug-in's schema are the server's business."""
    made = client.CreateInstance(pywbem.CIMInstance("Test_Kept", {"Name": "a"}))
    assert client.GetInstance(made)["Size"] == 7
    client.DeleteInstance(made)


def test_classes_of_a_plugin_belong_to_the_server(client: Any) -> None:
    """They are shown like others, clients derive from them, and do not change them."""
    names = client.EnumerateClassNames()
    assert {EVERYTHING, KEYS, LINK} <= set(names)
    assert "Test_Narrow" in client.EnumerateClassNames(ClassName=EVERYTHING)
    assert client.GetClass(EVERYTHING).methods["Add"].parameters["Second"].type == "uint32"
    assert status_of(client.DeleteClass, "Test_Narrow") == 2
    own = pywbem.CIMClass("Own_Class", superclass="Test_Kept")
    client.CreateClass(own)
    client.DeleteClass("Own_Class")
    interop = connect_interop(client)
    namespaces = [one["Name"] for one in interop.EnumerateInstances("CIM_Namespace")]
    interop.close()
    assert NAMESPACE in namespaces


def connect_interop(client: Any) -> Any:
    """Return a connection to the interop namespace of the same server."""
    return pywbem.WBEMConnection(client.url, default_namespace="root/interop")


# Pull and queries


@pytest.mark.parametrize("size", [1, 2, 100])
def test_instances_are_pulled(client: Any, size: int) -> None:
    """In portions, each once, as they were at the opening."""
    opened = client.OpenEnumerateInstances(EVERYTHING, MaxObjectCount=size)
    found = [*opened.instances]
    late = client.CreateInstance(pywbem.CIMInstance(EVERYTHING, {"InstanceID": "late"}))
    try:
        while not opened.eos:
            opened = client.PullInstancesWithPath(opened.context, MaxObjectCount=size)
            found += opened.instances
    finally:
        client.DeleteInstance(late)
    assert [one["InstanceID"] for one in found] == ["e0", "e1", "e2"]
    paths = client.OpenEnumerateInstancePaths(EVERYTHING, MaxObjectCount=100)
    assert paths.eos
    assert len(paths.paths) == 3


def test_everything_is_pulled(client: Any) -> None:
    """Paths, rows without paths, associations; and an enumeration is closed before its end."""
    paths = client.OpenEnumerateInstancePaths(EVERYTHING, MaxObjectCount=1)
    rest = client.PullInstancePaths(paths.context, MaxObjectCount=9)
    assert [one["InstanceID"] for one in (*paths.paths, *rest.paths)] == ["e0", "e1", "e2"]
    rows = client.OpenQueryInstances("DMTF:CQL", f"SELECT * FROM {EVERYTHING}", MaxObjectCount=1)
    assert len(client.PullInstances(rows.context, MaxObjectCount=9).instances) == 2
    far = client.OpenAssociatorInstances(path("e0"), MaxObjectCount=9).instances[0].path
    links = client.OpenReferenceInstancePaths(far, MaxObjectCount=1)
    assert len(client.PullInstancePaths(links.context, MaxObjectCount=9).paths) == 1
    opened = client.OpenEnumerateInstances(EVERYTHING, MaxObjectCount=1)
    client.CloseEnumeration(opened.context)
    assert status_of(client.PullInstancesWithPath, opened.context, MaxObjectCount=1) == 21


def ask(server: RunningServer, name: str, *parameters: str) -> str:
    """Send an operation that pywbem does not have; return the reply."""
    body = intrinsic(name, *parameters, namespace=NAMESPACE)
    with Client(server.host, server.port) as raw:
        answer = raw.ask(head(body, cim_headers(name, NAMESPACE)))
    check(answer.body)
    return answer.body.decode()


def test_single_properties_are_read_and_set(client: Any, pack_server: RunningServer) -> None:
    """By the operations that are deprecated and in use; an enumeration is counted."""
    made = client.CreateInstance(pywbem.CIMInstance(EVERYTHING, {"InstanceID": "one"}))
    name = parameter("InstanceName", instance_name(EVERYTHING, InstanceID="one"))
    asked = parameter("PropertyName", "<VALUE>AUint8</VALUE>")
    try:
        value = parameter("NewValue", "<VALUE>0x1F</VALUE>")
        assert "<ERROR" not in ask(pack_server, "SetProperty", name, asked, value)
        assert "<VALUE>31</VALUE>" in ask(pack_server, "GetProperty", name, asked)
        assert "<ERROR" not in ask(pack_server, "SetProperty", name, asked)
        assert "<VALUE>" not in ask(pack_server, "GetProperty", name, asked)
        wrong = parameter("NewValue", "<VALUE>256</VALUE>")
        assert '<ERROR CODE="13"' in ask(pack_server, "SetProperty", name, asked, wrong)
        other = parameter("PropertyName", "<VALUE>Nothing</VALUE>")
        assert '<ERROR CODE="12"' in ask(pack_server, "GetProperty", name, other)
    finally:
        client.DeleteInstance(made)
    assert '<ERROR CODE="6"' in ask(pack_server, "GetProperty", name, asked)
    opened = client.OpenEnumerateInstances(EVERYTHING, MaxObjectCount=1)
    context = parameter("EnumerationContext", f"<VALUE>{opened.context[0]}</VALUE>")
    assert "<VALUE>2</VALUE>" in ask(pack_server, "EnumerationCount", context)


def test_requests_that_were_sent_ahead_see_what_is(client: Any, pack_server: RunningServer) -> None:
    """What one has found is not what the next one of the connection finds."""
    made = client.CreateInstance(pywbem.CIMInstance(EVERYTHING, {"InstanceID": "ahead"}))
    name = parameter("InstanceName", instance_name(EVERYTHING, InstanceID="ahead"))
    asked = parameter("PropertyName", "<VALUE>AUint8</VALUE>")
    value = parameter("NewValue", "<VALUE>31</VALUE>")
    language = parameter("QueryLanguage", "<VALUE>DMTF:CQL</VALUE>")
    text = f"SELECT AUint8 FROM {EVERYTHING} WHERE InstanceID = 'ahead'"
    query = parameter("Query", f"<VALUE>{text}</VALUE>")
    calls = {
        "GetProperty": (name, asked),
        "SetProperty": (name, asked, value),
        "ExecQuery": (language, query),
    }
    bodies = {n: intrinsic(n, *parameters, namespace=NAMESPACE) for n, parameters in calls.items()}
    try:
        with Client(pack_server.host, pack_server.port) as raw:
            raw.send(b"".join(head(b, cim_headers(n, NAMESPACE)) for n, b in bodies.items()))
            answers = [raw.answer().body.decode() for _ in calls]
    finally:
        client.DeleteInstance(made)
    assert "<VALUE>31</VALUE>" in answers[-1]


def test_instances_are_selected(client: Any) -> None:
    """By filters and statements, also when all keys are named; the provider does nothing for it."""
    for text, number in (("AUint32 = 1", 1), ("AUint32 > 0", 2), ("InstanceID = 'e2'", 1)):
        opened = client.OpenEnumerateInstances(
            EVERYTHING, FilterQueryLanguage="DMTF:FQL", FilterQuery=text, MaxObjectCount=9
        )
        assert len(opened.instances) == number, text
        found = client.ExecQuery(
            "WQL", f"SELECT * FROM {EVERYTHING} WHERE {text}".replace("'", '"')
        )
        assert len(found) == number, text
    rows = client.OpenQueryInstances(
        "DMTF:CQL", f"SELECT InstanceID FROM {EVERYTHING} WHERE AUint32 = 2", MaxObjectCount=9
    )
    assert [one["InstanceID"] for one in rows.instances] == ["e2"]
    text = f'ASSOCIATORS OF {{{EVERYTHING}.InstanceID="e0"}} WHERE ResultClass = {KEYS}'
    assert [one.classname for one in client.ExecQuery("WQL", text)] == [KEYS]


# Associations


def test_associations_are_followed(client: Any) -> None:
    """In both directions, with all filters, at once and pulled; from rows of references alone."""
    (far,) = client.AssociatorNames(path("e0"))
    assert far.classname == KEYS
    back = {one["InstanceID"] for one in client.AssociatorNames(far)}
    assert back == {"e0", "e1"}
    assert [one["AString"] for one in client.Associators(path("e1"), AssocClass=LINK)] == ["k"]
    assert client.AssociatorNames(path("e2")) == []
    assert client.AssociatorNames(path("e0"), Role="To") == []
    assert client.AssociatorNames(path("e0"), ResultRole="From") == []
    assert client.AssociatorNames(path("e0"), ResultClass=EVERYTHING) == []
    assert [one["Weight"] for one in client.References(path("e1"), ResultClass=LINK)] == [1]
    assert len(client.ReferenceNames(far, Role="to")) == 2
    pulled = client.OpenAssociatorInstancePaths(far, MaxObjectCount=9)
    assert {one["InstanceID"] for one in pulled.paths} == back
    assert len(client.OpenReferenceInstances(far, MaxObjectCount=9).instances) == 2
    assert {one[0].classname for one in client.Associators(EVERYTHING)} == {KEYS}
    (link,) = client.ReferenceNames(path("e0"))
    assert client.GetInstance(link)["Weight"] == 0


def test_an_association_is_made_and_removed(client: Any) -> None:
    """It is followed as soon as it is acknowledged, and no longer than it is there."""
    (far,) = client.AssociatorNames(path("e0"))
    far.host = None
    new = pywbem.CIMInstance(LINK, {"From": path("e2"), "To": far, "Weight": pywbem.Uint16(7)})
    made = client.CreateInstance(new)
    assert [one.classname for one in client.AssociatorNames(path("e2"))] == [KEYS]
    client.DeleteInstance(made)
    assert client.AssociatorNames(path("e2")) == []


# Methods


def call(client: Any, name: str, target: Any = None, **arguments: Any) -> Any:
    """Call a method, on an instance of the pack unless a target is given."""
    return client.InvokeMethod(name, path("e1") if target is None else target, **arguments)


def test_methods_have_parameters_of_every_shape(client: Any) -> None:
    """In, out, both, none; required or not; names in any case; on the instance that is named."""
    assert call(client, "Add", First=pywbem.Uint32(2), Second=pywbem.Uint32(3)) == (0, {"Sum": 5})
    assert call(client, "ADD", FIRST=pywbem.Uint32(2)) == (0, {"Sum": 2})
    assert status_of(call, client, "Add", Second=pywbem.Uint32(3)) == 4
    assert status_of(call, client, "Add", First=pywbem.Uint32(1), Third=pywbem.Uint32(1)) == 4
    assert status_of(call, client, "Add", First="many") == 4
    assert call(client, "Name") == ("e1", {})
    assert call(client, "Echo", AUint8=pywbem.Uint8(1)) == (1, {"AUint8": 1})
    assert status_of(call, client, "Name", path("none")) == 6


def test_static_methods_are_called_on_the_class(client: Any) -> None:
    """And on an instance, if there is one; others are not called on the class."""
    assert call(client, "Caller", EVERYTHING)[0] == "- None"
    assert call(client, "Caller")[0] == "- None"
    assert status_of(call, client, "Caller", path("none")) == 6
    assert status_of(call, client, "Name", EVERYTHING) == 4
    assert status_of(call, client, "Add", EVERYTHING, First=pywbem.Uint32(1)) == 4


@pytest.mark.parametrize("target", [EVERYTHING, path("e1")], ids=["class", "instance"])
def test_methods_that_are_not_there(client: Any, target: Any) -> None:
    """Declared and not implemented is 16, not declared is 17."""
    assert status_of(call, client, "Undone", target) == 16
    assert status_of(call, client, "UndoneStatic", target) == 16
    assert status_of(call, client, "Fly", target) == 17
    assert status_of(call, client, "Fly", "Test_Nothing") == 5


# wbemcli


def wbemcli(server: RunningServer, *arguments: str) -> str:
    """Run wbemcli; the last argument is the object, which the server's URL goes before."""
    *options, last = arguments
    command = ["wbemcli", "-nl", *options, f"{server.url}/{NAMESPACE}:{last}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_wbemcli_reads_and_calls(pack_server: RunningServer) -> None:
    """It lists, reads, follows and calls, on an instance and on the class."""
    listed = wbemcli(pack_server, "ein", EVERYTHING)
    assert [line.rpartition("=")[2] for line in listed.split()] == ['"e0"', '"e1"', '"e2"']
    assert "-AUint32=1\n" in wbemcli(pack_server, "gi", f'{EVERYTHING}.InstanceID="e1"')
    assert KEYS in wbemcli(pack_server, "ain", f'{EVERYTHING}.InstanceID="e1"')
    url = f"{pack_server.url}/{NAMESPACE}:{EVERYTHING}"
    said = wbemcli_calls(f'{url}.InstanceID="e1"', "Add.First=4,Second=5")
    assert said.endswith(" Add: 0\nSum (uint64): 9\n")
    assert wbemcli_calls(url, "Caller").endswith(" Caller: - None\n")


def wbemcli_calls(url: str, method: str) -> str:
    """Call a method by wbemcli; return what it says."""
    command = ["wbemcli", "-nl", "cm", url, method]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_hooks_run_once(tmp_path: Path) -> None:
    """A plug-in is started before the first request and stopped after the last."""
    install_pack(tmp_path)
    mark = tmp_path / "state/providers/pack/mark"
    with serving(EIGHT_STATES, tmp_path):
        assert mark.read_text() == "started"
    assert mark.read_text() == "stopped"


def test_what_clients_made_gives_way_and_comes_back(tmp_path: Path) -> None:
    """A namespace, class and instance of the names of a plug-in's wait until it is gone again."""
    with serving(EIGHT_STATES, tmp_path) as server:
        client = pywbem.WBEMConnection(server.url, default_namespace="root/interop")
        pywbem.WBEMServer(client).create_namespace(NAMESPACE)
        server_classes = client.GetClass("CIM_Namespace").properties["Name"].qualifiers
        client.SetQualifier(client.GetQualifier("Key"), namespace=NAMESPACE)
        key = pywbem.CIMProperty("Name", None, type="string", qualifiers=[server_classes["Key"]])
        own = pywbem.CIMClass("Test_Faulty", properties=[key])
        client.CreateClass(own, namespace=NAMESPACE)
        client.CreateInstance(pywbem.CIMInstance("Test_Faulty", {"Name": "mine"}), NAMESPACE)
        client.close()
    install_pack(tmp_path)
    with serving(EIGHT_STATES, tmp_path) as server:
        client = connect(server, NAMESPACE)
        assert [one["Name"] for one in client.EnumerateInstances("Test_Faulty")] == ["well"]
        told = [x for x in server.log.read_text().splitlines() if "object_not_restored" in x]
        assert len(told) == 3
        client.close()
    (tmp_path / "site").rename(tmp_path / "elsewhere")
    with serving(EIGHT_STATES, tmp_path) as server:
        client = connect(server, NAMESPACE)
        assert [one["Name"] for one in client.EnumerateInstances("Test_Faulty")] == ["mine"]
        client.close()
