"""What the switch for clients of libvirt-cim changes on the wire, and what it leaves alone."""

from collections.abc import Iterator
from typing import Any

import pytest
import pywbem

from tests.clients.expected import DOMAINS, HOST, NAMESPACE, SERVICE, SYSTEM
from tests.rawhttp import Client, cim_headers, head, instance_name, intrinsic, parameter
from tests.serving import EIGHT_STATES, RunningServer, serving


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with the switch on."""
    directory = tmp_path_factory.mktemp("compat")
    with serving(EIGHT_STATES, directory, compat="libvirt-cim") as running:
        yield running


@pytest.fixture(scope="module")
def client(legacy: RunningServer) -> Iterator[Any]:
    """A connection to the server with the switch on."""
    connection = pywbem.WBEMConnection(legacy.url, default_namespace=NAMESPACE)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def strict(server: RunningServer) -> Iterator[Any]:
    """A connection to a server with the switch off."""
    connection = pywbem.WBEMConnection(server.url, default_namespace=NAMESPACE)
    yield connection
    connection.close()


def path(name: str) -> Any:
    """Return the path of a domain."""
    return pywbem.CIMInstanceName(SYSTEM, {"CreationClassName": SYSTEM, "Name": name})


def test_domain_is_the_antecedent_of_its_host(client: Any) -> None:
    """HostedDependency has its ends exchanged, in references and in traversal both ways."""
    (reference,) = client.References(path("running"), ResultClass="CIM_HostedDependency")
    assert reference["Antecedent"]["Name"] == "running"
    assert reference["Dependent"].classname == HOST
    (host,) = client.AssociatorNames(
        path("running"), AssocClass="CIM_HostedDependency", Role="Antecedent"
    )
    assert host.classname == HOST
    domains = client.AssociatorNames(
        host, AssocClass="CIM_HostedDependency", ResultRole="Antecedent"
    )
    assert {p["Name"] for p in domains} == set(DOMAINS)
    names = client.EnumerateInstanceNames("Test_HostedDependency")
    assert {n["Antecedent"]["Name"] for n in names} == set(DOMAINS)
    assert client.GetInstance(names[0])["Dependent"].classname == HOST


def test_service_stays_the_dependent(client: Any) -> None:
    """HostedService has its ends as in the schema, which libvirt-cim keeps to there."""
    names = client.EnumerateInstanceNames("Test_HostedService")
    assert {name["Antecedent"].classname for name in names} == {HOST}
    assert SERVICE in {name["Dependent"].classname for name in names}


def test_revision_is_one_of_libvirt_cim(client: Any) -> None:
    """The build number promises what clients know of libvirt-cim, and no more."""
    (service,) = client.EnumerateInstances(SERVICE)
    assert service["Revision"] == "1347"


@pytest.mark.parametrize(
    ("name", "state", "status", "text"),
    [
        ("running", 2, 1, "Invalid state transition"),
        ("shutoff", 3, 1, "Invalid state transition"),
        ("running", 7, 7, "State not supported"),
        ("running", 1, 7, "State not supported"),
        ("running", None, 4, "Invalid RequestedState"),
    ],
)
def test_refusals_are_errors(
    client: Any, name: str, state: int | None, status: int, text: str
) -> None:
    """A refused request is a CIM error and leaves RequestedState alone."""
    parameters = {} if state is None else {"RequestedState": pywbem.Uint16(state)}
    with pytest.raises(pywbem.CIMError, match=text) as caught:
        client.InvokeMethod("RequestStateChange", path(name), **parameters)
    assert caught.value.status_code == status
    assert client.GetInstance(path(name))["RequestedState"] == 0


def test_successes_are_codes(client: Any) -> None:
    """A request that is met returns 0, as without the switch."""
    code, _ = client.InvokeMethod(
        "RequestStateChange", path("blocked"), RequestedState=pywbem.Uint16(9)
    )
    assert code == 0
    assert client.GetInstance(path("blocked"))["EnabledState"] == 9


# Paths

Keys = dict[str, str]
OF_SYSTEM = {"CreationClassName": SYSTEM}
DEVICE, SETTING = "Test_Processor", "Test_ProcResourceAllocationSettingData"
OF_DEVICE = {
    "SystemCreationClassName": SYSTEM,
    "SystemName": "running",
    "CreationClassName": DEVICE,
}
OF_SERVICE = {
    "SystemCreationClassName": HOST,
    "CreationClassName": SERVICE,
    "Name": "Management Service",
}
SYSTEM_SETTING, ALLOCATION = "Test_VirtualSystemSettingData", "Test_AllocationCapabilities"
CAPABILITIES, CONSOLE = "Test_EnabledLogicalElementCapabilities", "Test_KVMRedirectionSAP"
POOL, PROFILE = "Test_MemoryPool", "Test_RegisteredProfile"
SURPLUS = {"Strange": "x"}

TOLERATED: dict[str, tuple[str, Keys]] = {
    "domain": (SYSTEM, {**OF_SYSTEM, "Name": "running"}),
    "device": (DEVICE, {**OF_DEVICE, "DeviceID": "running/0"}),
    "setting": (SETTING, {"InstanceID": "running/proc"}),
    "setting of a system": (SYSTEM_SETTING, {"InstanceID": "Test:running"}),
    "pool": (POOL, {"InstanceID": "MemoryPool/0"}),
}


@pytest.mark.parametrize(("class_name", "keys"), TOLERATED.values(), ids=TOLERATED)
def test_surplus_keys_are_ignored(client: Any, strict: Any, class_name: str, keys: Keys) -> None:
    """A key that the class does not have means nothing, to GetInstance and to associations."""
    exact = pywbem.CIMInstanceName(class_name, keys)
    surplus = pywbem.CIMInstanceName(class_name, {**SURPLUS, **keys})
    assert client.GetInstance(surplus).properties == client.GetInstance(exact).properties
    assert client.AssociatorNames(surplus) == client.AssociatorNames(exact)
    for ask in (strict.GetInstance, strict.AssociatorNames):
        with pytest.raises(pywbem.CIMError) as caught:
            ask(surplus)
        assert caught.value.status_code == pywbem.CIM_ERR_INVALID_PARAMETER


FAILED, NOT_FOUND = pywbem.CIM_ERR_FAILED, pywbem.CIM_ERR_NOT_FOUND

WORDS: dict[str, tuple[str, Keys, int, str]] = {
    "domain without a name": (SYSTEM, OF_SYSTEM, FAILED, "No domain name specified"),
    "domain with an empty name": (
        SYSTEM, {**OF_SYSTEM, "Name": ""}, FAILED, "No domain name specified"),
    "no domain": (SYSTEM, {"Name": "no"}, NOT_FOUND,
                  "Referenced domain `no' does not exist: Domain not found"),
    "domain without a class": (
        SYSTEM, {"Name": "running"}, NOT_FOUND, "No such instance (CreationClassName)"),
    "device without an id": (DEVICE, OF_DEVICE, FAILED, "No DeviceID specified"),
    "bad id": (DEVICE, {"DeviceID": "x"}, NOT_FOUND, "No such instance (bad id x)"),
    "device of no domain": (
        DEVICE, {"DeviceID": "no/0"}, NOT_FOUND, "No such instance (no domain for no/0)"),
    "no device": (
        DEVICE, {"DeviceID": "running/9"}, NOT_FOUND, "No such instance (no device running/9)"),
    "device without its system": (
        DEVICE, {"DeviceID": "running/0"}, NOT_FOUND, "No such instance (SystemCreationClassName)"),
    "device of another system": (
        DEVICE, {**OF_DEVICE, "DeviceID": "paused/0"}, NOT_FOUND, "No such instance (SystemName)"),
    "setting without an id": (SETTING, SURPLUS, FAILED, "Missing InstanceID"),
    "no setting": (
        SETTING, {"InstanceID": "running/x"}, NOT_FOUND, "No such instance (running/x)"),
    "system setting without an id": (
        SYSTEM_SETTING, SURPLUS, NOT_FOUND, "No such instance (InstanceID)"),
    "no system setting": (
        SYSTEM_SETTING, {"InstanceID": "Test:no"}, NOT_FOUND, "No such instance (InstanceID)"),
    "pool without an id": (POOL, SURPLUS, FAILED, "Missing InstanceID"),
    "no pool": (POOL, {"InstanceID": "MemoryPool/1"}, NOT_FOUND, "No such instance (1)"),
    "pool of another class": (
        POOL, {"InstanceID": "DiskPool/0"}, NOT_FOUND,
        "No such instance (DiskPool/0) - resource pool type mismatch"),
    "allocation without an id": (ALLOCATION, SURPLUS, FAILED, "Missing InstanceID"),
    "no allocation": (ALLOCATION, {"InstanceID": "x"}, NOT_FOUND, "Instance not found."),
    "capabilities without an id": (CAPABILITIES, SURPLUS, FAILED, "No InstanceID specified"),
    "no capabilities": (
        CAPABILITIES, {"InstanceID": "no"}, NOT_FOUND, "No such instance (no): Domain not found"),
    "service without a host": (
        SERVICE, OF_SERVICE, NOT_FOUND, "No such instance (SystemName)"),
    "service of another name": (
        SERVICE, {**OF_SERVICE, "Name": "x"}, NOT_FOUND, "No such instance (SystemName)"),
    "host": (HOST, {"CreationClassName": HOST, "Name": "x"}, NOT_FOUND, "No such instance (Name)"),
    "console without a system": (CONSOLE, SURPLUS, NOT_FOUND, "No such instance (SystemName)"),
    "console of no domain": (
        CONSOLE, {"SystemName": "no"}, NOT_FOUND, "No such instance (no): Domain not found"),
    "no console": (
        CONSOLE, {"SystemName": "paused"}, FAILED, "No console device for this guest: paused"),
    "console without a name": (
        CONSOLE, {"SystemName": "running"}, NOT_FOUND, "No such instance (Name)"),
    "console of another name": (
        CONSOLE, {"SystemName": "running", "Name": "x"}, FAILED,
        "Unable to determine console port for guest 'running'"),
    "console of other ports": (
        CONSOLE, {"SystemName": "running", "Name": "1:1"}, NOT_FOUND, "No such instance (Name)"),
    "filter without a name": (
        "Test_FilterList", SURPLUS, NOT_FOUND, "No such instance (Name)"),
    "no filter": ("Test_FilterList", {"Name": "x"}, NOT_FOUND, "No such instance (Name)"),
    "device of ours": ("Test_GenericDevice", SURPLUS, FAILED, "No DeviceID specified"),
    "no device of ours": (
        "Test_GenericDevice", {"DeviceID": "running/x"}, NOT_FOUND,
        "No such instance (no device running/x)"),
}  # fmt: skip


@pytest.mark.parametrize(("class_name", "keys", "status", "text"), WORDS.values(), ids=WORDS)
def test_words_for_wrong_paths(
    client: Any, class_name: str, keys: Keys, status: int, text: str
) -> None:
    """What is missing or wrong is said by the class, of sources of associations too."""
    path = pywbem.CIMInstanceName(class_name, keys)
    for ask in (client.GetInstance, client.AssociatorNames, client.ReferenceNames):
        with pytest.raises(pywbem.CIMError) as caught:
            ask(path)
        assert caught.value.status_code == status
        assert caught.value.status_description.partition(": ")[2] == text


def test_words_for_profiles(client: Any) -> None:
    """Profiles, which live in another namespace, are asked for in the same way."""
    for keys, status in ((SURPLUS, FAILED), ({"InstanceID": "x"}, NOT_FOUND)):
        path = pywbem.CIMInstanceName(PROFILE, keys, namespace="root/interop")
        for ask in (client.GetInstance, client.AssociatorNames):
            with pytest.raises(pywbem.CIMError, match="InstanceID") as caught:
                ask(path)
            assert caught.value.status_code == status


# What holds with the switch and without


@pytest.fixture(params=["client", "strict"])
def either(request: pytest.FixtureRequest) -> Any:
    """A connection to a server, with the switch on or off."""
    return request.getfixturevalue(request.param)


def test_padded_keys(either: Any) -> None:
    """Keys that are padded with white space match, and the texts of others name the key."""
    padded = pywbem.CIMInstanceName(SYSTEM, {"CreationClassName": SYSTEM, "Name": " running\n"})
    assert either.GetInstance(padded)["Name"] == "running"
    assert either.AssociatorNames(padded, AssocClass="CIM_SystemDevice")
    wrong = pywbem.CIMInstanceName(HOST, {"CreationClassName": HOST, "Name": "x"})
    with pytest.raises(pywbem.CIMError, match=r"CIM_ERR_NOT_FOUND: No such instance \(Name\)"):
        either.GetInstance(wrong)
    other = pywbem.CIMInstanceName(SYSTEM, {"CreationClassName": HOST, "Name": "running"})
    with pytest.raises(pywbem.CIMError, match=r"No such instance \(CreationClassName\)"):
        either.GetInstance(other)


def test_all_properties_are_there(either: Any) -> None:
    """An instance of each class has all properties of it, NULL ones too, in the same order."""
    first: dict[str, Any] = {}
    for instance in either.EnumerateInstances("CIM_ManagedElement", DeepInheritance=True):
        first.setdefault(instance.classname, instance)
    assert {SYSTEM, SERVICE, DEVICE, SETTING, POOL} <= first.keys()
    for name, instance in first.items():
        declared = either.GetClass(name, LocalOnly=False).properties
        assert [*instance.properties] == [*either.GetInstance(instance.path).properties]
        assert {*instance.properties} == {*declared}


# Methods


def refusal(connection: Any, method: str, target: object) -> tuple[int, str]:
    """Return status and text of a call that is refused."""
    with pytest.raises(pywbem.CIMError) as caught:
        connection.InvokeMethod(method, target)
    return caught.value.status_code, caught.value.status_description.partition(": ")[2]


POOL_SERVICE = "Test_ResourcePoolConfigurationService"
UNSUPPORTED = ("CreateResourcePool", "AddResourcesToPool", "RemoveResourcesFromResourcePool")


def test_unknown_methods(client: Any, strict: Any) -> None:
    """A method that is not known fails in libvirt-cim's words, on the class path as well."""
    for target in (SERVICE, POOL_SERVICE, path("running")):
        assert refusal(client, "Nothing", target) == (FAILED, "Unknown Method")
        status, _ = refusal(strict, "Nothing", target)
        assert status == pywbem.CIM_ERR_METHOD_NOT_FOUND


def test_unsupported_methods_of_pools(client: Any) -> None:
    """Methods of the pools' service that libvirt-cim knows and does not do are not supported."""
    for method in UNSUPPORTED:
        status, _ = refusal(client, method, POOL_SERVICE)
        assert status == pywbem.CIM_ERR_NOT_SUPPORTED
    assert refusal(client, "ChangeParentResourcePool", POOL_SERVICE) == (FAILED, "Unknown Method")


# Messages

GET = intrinsic(
    "GetInstance",
    parameter("InstanceName", instance_name(SYSTEM, CreationClassName=SYSTEM, Name="running")),
)


@pytest.mark.parametrize("body", [b"\r\n " + GET, GET + b"\0", GET + b"more"])
def test_padded_messages(legacy: RunningServer, server: RunningServer, body: bytes) -> None:
    """White space before a message and text after it are tolerated with the switch alone."""
    request = head(body, cim_headers("GetInstance"))
    with Client(legacy.host, legacy.port) as one:
        for _ in range(2):
            answer = one.ask(request)
            assert answer.status == 200
            assert b"<VALUE>running</VALUE>" in answer.body
            assert answer.headers["content-length"] == str(len(answer.body))
    with Client(server.host, server.port) as other:
        answer = other.ask(request)
        assert (answer.status, answer.headers["cimerror"]) == (400, "request-not-well-formed")
        assert answer.headers["content-length"] == "0"


@pytest.mark.parametrize("name", ["legacy", "server"])
def test_keys_without_a_type(name: str, request: pytest.FixtureRequest) -> None:
    """A KEYVALUE without VALUETYPE is a string, in each request of a connection that stays."""
    running = request.getfixturevalue(name)
    body = GET.replace(b' VALUETYPE="string"', b"")
    assert body != GET
    with Client(running.host, running.port) as connection:
        for _ in range(3):
            answer = connection.ask(head(body, cim_headers("GetInstance")))
            assert b"<VALUE>running</VALUE>" in answer.body
