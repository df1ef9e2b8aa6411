"""pywbem against the running server: every served operation, every reply checked."""

from collections.abc import Iterator
from typing import Any

import pytest
import pywbem

import virtcim
from tests.clients.expected import DOMAINS, HOST, NAMESPACE, SERVICE, SYSTEM, Seen
from tests.dsp0203 import check
from tests.serving import RunningServer

INTEROP = "root/interop"
PROPERTIES_OF_STATE = (
    "EnabledState",
    "OperatingStatus",
    "OperationalStatus",
    "HealthState",
    "PrimaryStatus",
    "DetailedStatus",
    "TransitioningToState",
    "AvailableRequestedStates",
)


class CheckingRecorder(pywbem.BaseOperationRecorder):  # type: ignore[misc]  # pywbem has no types
    """Checks every reply that a connection gets."""

    def record(self, *told: Any) -> None:
        """Check the body of a reply, which is told last."""
        payload = told[-1].payload
        check(payload if isinstance(payload, bytes) else payload.encode())


def connect(server: RunningServer, namespace: str = NAMESPACE) -> Any:
    """Return a connection whose replies are checked."""
    connection = pywbem.WBEMConnection(server.url, default_namespace=namespace)
    connection.add_operation_recorder(CheckingRecorder())
    return connection


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    """A connection to the server that nobody changes."""
    connection = connect(server)
    yield connection
    connection.close()


@pytest.fixture
def own_client(own_server: RunningServer) -> Iterator[Any]:
    """A connection to a server of one's own."""
    connection = connect(own_server)
    yield connection
    connection.close()


def path(name: str) -> Any:
    """Return the path of a domain."""
    return pywbem.CIMInstanceName(
        SYSTEM, {"CreationClassName": SYSTEM, "Name": name}, namespace=NAMESPACE
    )


def status_of(call: Any, *args: Any, **kwargs: Any) -> int:
    """Return the CIM status with which a call fails."""
    with pytest.raises(pywbem.CIMError) as caught:
        call(*args, **kwargs)
    code = caught.value.status_code
    assert caught.value.status_description.startswith(f"{caught.value.status_code_name}: ")
    assert isinstance(code, int)
    return code


# Instances


@pytest.mark.parametrize("name", DOMAINS)
def test_domain_shows_its_state(client: Any, name: str) -> None:
    """GetInstance gives the state of each domain in CIM's numbers."""
    seen = DOMAINS[name]
    instance = client.GetInstance(path(name))
    assert instance.classname == SYSTEM
    assert instance["Name"] == instance["ElementName"] == name
    assert instance["UUID"] == seen.uuid
    assert instance["CreationClassName"] == SYSTEM
    assert instance["RequestedState"] == 0
    assert instance["CommunicationStatus"] == 2
    assert instance["OtherIdentifyingInfo"] == ["Virtual System", "Test Virtual System", seen.uuid]
    assert instance["IdentifyingDescriptions"] == ["Type", "Model", "UUID"]
    assert len(instance["StatusDescriptions"]) == len(instance["OperationalStatus"])
    values: list[Any] = [instance[name] for name in PROPERTIES_OF_STATE]
    shown: list[Any] = [tuple(v) if isinstance(v, list) else v for v in values]
    found = Seen(instance["UUID"], *shown)
    assert found == seen


def test_caption_tells_the_console(client: Any) -> None:
    """The caption has the graphics of the domain, or says that there is none."""
    assert client.GetInstance(path("running"))["Caption"].startswith(
        "Virtual System (Console on vnc://"
    )
    assert client.GetInstance(path("paused"))["Caption"] == "Virtual System (No console)"


@pytest.mark.parametrize("class_name", [SYSTEM, "Virt_ComputerSystem", "virt_computersystem"])
def test_enumeration_gives_every_domain(client: Any, class_name: str) -> None:
    """The class and its family have one instance for each domain, equal to what GetInstance has."""
    instances = {i["Name"]: i for i in client.EnumerateInstances(class_name)}
    assert set(instances) == set(DOMAINS)
    for name, instance in instances.items():
        assert instance.path == path(name)
        assert instance == client.GetInstance(instance.path)
    assert {p["Name"] for p in client.EnumerateInstanceNames(class_name)} == set(DOMAINS)


def test_superclass_has_host_and_domains(client: Any) -> None:
    """CIM_ComputerSystem is the domains and the host together."""
    classes = [p.classname for p in client.EnumerateInstanceNames("CIM_ComputerSystem")]
    assert sorted(classes) == [SYSTEM] * len(DOMAINS) + [HOST]


@pytest.mark.parametrize("prefix", ["KVM", "Xen", "LXC"])
def test_absent_hypervisors_are_empty(client: Any, prefix: str) -> None:
    """The classes of hypervisors that are not here exist and have no instances."""
    assert client.EnumerateInstances(f"{prefix}_ComputerSystem") == []
    assert client.EnumerateInstanceNames(f"{prefix}_HostSystem") == []


def test_property_list_selects(client: Any) -> None:
    """Names count once and without case, unknown ones not at all; an empty list gives nothing."""
    wanted = ["enabledstate", "Name", "NAME", "NoSuchProperty"]
    assert set(client.GetInstance(path("running"), PropertyList=wanted)) == {"EnabledState", "Name"}
    assert len(client.GetInstance(path("running"), PropertyList=[])) == 0
    for instance in client.EnumerateInstances(SYSTEM, PropertyList=["HealthState"]):
        assert list(instance) == ["HealthState"]
        assert set(instance.path.keybindings) == {"CreationClassName", "Name"}


def test_shallow_enumeration_leaves_subclass_properties_out(client: Any) -> None:
    """DeepInheritance false limits instances to the properties of the class that is asked for."""
    shallow = client.EnumerateInstances("CIM_ComputerSystem", DeepInheritance=False)
    deep = client.EnumerateInstances("CIM_ComputerSystem", DeepInheritance=True)
    assert all("UUID" not in instance for instance in shallow)
    assert sum("UUID" in instance for instance in deep) == len(DOMAINS)
    assert len(shallow) == len(deep) == len(DOMAINS) + 1


def test_class_origin_on_request(client: Any) -> None:
    """IncludeClassOrigin says which class a property comes from."""
    instance = client.GetInstance(path("running"), IncludeClassOrigin=True)
    origins = {name: p.class_origin for name, p in instance.properties.items()}
    assert origins["UUID"] == "Virt_ComputerSystem"
    assert origins["Caption"] == "CIM_ManagedElement"
    plain = client.GetInstance(path("running"))
    assert {p.class_origin for p in plain.properties.values()} == {None}


def test_unset_properties_are_there(client: Any) -> None:
    """A property without a value is in the reply as NULL."""
    instance = client.GetInstance(path("running"))
    assert "InstallDate" in instance
    assert instance["InstallDate"] is None


def test_keys_match_without_case_of_names_and_outer_blanks(client: Any) -> None:
    """Key names and class names have no case; padded strings match when exact ones do not."""
    padded = pywbem.CIMInstanceName(
        SYSTEM.upper(), {"NAME": " running ", "creationclassname": SYSTEM}
    )
    assert client.GetInstance(padded)["Name"] == "running"


@pytest.mark.parametrize(
    ("class_name", "keys", "status"),
    [
        (SYSTEM, {"CreationClassName": SYSTEM, "Name": "no such domain"}, 6),
        (SYSTEM, {"CreationClassName": SYSTEM, "Name": "RUNNING"}, 6),
        (SYSTEM, {"CreationClassName": HOST, "Name": "running"}, 6),
        ("CIM_ComputerSystem", {"CreationClassName": SYSTEM, "Name": "running"}, 6),
        ("KVM_ComputerSystem", {"CreationClassName": "KVM_ComputerSystem", "Name": "running"}, 6),
        ("No_SuchClass", {"Name": "running"}, 5),
        (SYSTEM, {"Name": "running"}, 4),
        (SYSTEM, {"CreationClassName": SYSTEM, "Name": "running", "Extra": "x"}, 4),
    ],
)
def test_wrong_paths(client: Any, class_name: str, keys: dict[str, str], status: int) -> None:
    """A path that names nothing is not found; one that cannot name anything is invalid."""
    assert status_of(client.GetInstance, pywbem.CIMInstanceName(class_name, keys)) == status


def test_not_found_names_the_domain(client: Any) -> None:
    """Clients look for the name of what does not exist in the description."""
    with pytest.raises(pywbem.CIMError, match="no such domain"):
        client.GetInstance(path("no such domain"))


def test_unknown_namespace(client: Any) -> None:
    """An unknown namespace has a code of its own, whatever the operation."""
    for call in (client.EnumerateInstances, client.EnumerateInstanceNames, client.GetClass):
        assert status_of(call, SYSTEM, namespace="root/nowhere") == 3
    nowhere = path("running")
    nowhere.namespace = "root/nowhere"
    for call in (client.GetInstance, client.AssociatorNames, client.References):
        assert status_of(call, nowhere) == 3
    assert status_of(client.InvokeMethod, "RequestStateChange", nowhere) == 3


def test_host(client: Any) -> None:
    """The host is one computer system that is up."""
    (host,) = client.EnumerateInstances(HOST)
    assert host["CreationClassName"] == HOST
    assert host["Name"]
    assert host["EnabledState"] == 2
    assert host["OperationalStatus"] == [2]
    assert host["CommunicationStatus"] == 2
    assert client.GetInstance(host.path) == host


def test_management_service(client: Any) -> None:
    """The host has one service, whose build number tells old clients that it is a late one."""
    (service,) = client.EnumerateInstances(SERVICE)
    (host,) = client.EnumerateInstances(HOST)
    assert service["SystemName"] == host["Name"]
    assert service["SystemCreationClassName"] == HOST
    assert service["CreationClassName"] == SERVICE
    assert service["Name"] == "Management Service"
    assert service["Revision"].isdigit()
    assert int(service["Revision"]) >= 2000
    assert service["Changeset"]
    assert service["Release"] == virtcim.__version__
    assert client.GetInstance(service.path) == service


def test_capabilities(client: Any) -> None:
    """Each domain has capabilities that tell what the driver can do."""
    capabilities = client.EnumerateInstances("Test_EnabledLogicalElementCapabilities")
    assert {c["InstanceID"] for c in capabilities} == set(DOMAINS)
    for capability in capabilities:
        assert capability["RequestedStatesSupported"] == [2, 3, 4, 6, 9, 10, 11]
        assert capability["ElementNameEditSupported"] is False


# Associations


def test_host_of_a_domain(client: Any) -> None:
    """A domain leads to its host over HostedDependency, where the host is the antecedent."""
    (host,) = client.AssociatorNames(path("paused"), AssocClass="Virt_HostedDependency")
    assert host.classname == HOST
    assert host.namespace == NAMESPACE
    assert host.host
    (reference,) = client.References(path("paused"), ResultClass="CIM_HostedDependency")
    assert reference.classname == "Test_HostedDependency"
    assert reference["Antecedent"].classname == HOST
    assert reference["Dependent"]["Name"] == "paused"
    assert client.ReferenceNames(path("paused"), ResultClass="CIM_HostedDependency") == [
        reference.path
    ]


def test_domains_of_the_host(client: Any) -> None:
    """The host leads to all domains, as they are when asked for directly."""
    (host,) = client.EnumerateInstanceNames(HOST)
    domains = client.Associators(host, AssocClass="Test_HostedDependency")
    assert {d["Name"] for d in domains} == set(DOMAINS)
    for domain in domains:
        assert dict(domain) == dict(client.GetInstance(path(domain["Name"])))


def test_service_of_the_host(client: Any) -> None:
    """The host leads to its management service, which is one of what it hosts, and back."""
    (host,) = client.EnumerateInstanceNames(HOST)
    (service,) = client.Associators(
        host, AssocClass="CIM_HostedService", ResultRole="Dependent", ResultClass=SERVICE
    )
    assert dict(service) == dict(client.GetInstance(service.path))
    (back,) = client.AssociatorNames(service.path, AssocClass="CIM_HostedService")
    assert back["Name"] == host["Name"] == service["SystemName"]
    hosted = client.AssociatorNames(host, AssocClass="CIM_HostedDependency", ResultClass=SYSTEM)
    assert {p["Name"] for p in hosted} == set(DOMAINS)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 8),
        ({"ResultClass": "CIM_System"}, 8),
        ({"ResultClass": HOST}, 0),
        ({"AssocClass": "CIM_ElementCapabilities"}, 0),
        ({"Role": "antecedent"}, 8),
        ({"Role": "Dependent"}, 0),
        ({"ResultRole": "DEPENDENT"}, 8),
        ({"ResultRole": "Antecedent"}, 0),
    ],
)
def test_filters_of_associators(client: Any, filters: dict[str, str], count: int) -> None:
    """Classes and roles narrow what is associated with the host."""
    (host,) = client.EnumerateInstanceNames(HOST)
    found = [p for p in client.AssociatorNames(host, **filters) if p.classname == SYSTEM]
    assert len(found) == count


def test_capabilities_of_a_domain(client: Any) -> None:
    """A domain leads to its capabilities and back."""
    (capability,) = client.Associators(
        path("running"),
        AssocClass="Test_ElementCapabilities",
        ResultClass="Test_EnabledLogicalElementCapabilities",
    )
    assert capability["InstanceID"] == "running"
    back = client.AssociatorNames(capability.path, ResultClass="CIM_ComputerSystem")
    assert [p["Name"] for p in back] == ["running"]


def test_associations_can_be_enumerated_and_fetched(client: Any) -> None:
    """Association instances are instances: listed, and found by their own paths."""
    names = client.EnumerateInstanceNames("Virt_HostedDependency")
    assert {n["Dependent"]["Name"] for n in names if n["Dependent"].classname == SYSTEM} == set(
        DOMAINS
    )
    services = client.EnumerateInstanceNames("Virt_HostedService")
    assert SERVICE in [n["Dependent"].classname for n in services]
    everything = client.EnumerateInstanceNames("CIM_HostedDependency")
    assert {*map(str, names), *map(str, services)} <= {*map(str, everything)}
    for name in everything:
        assert client.GetInstance(name)["Dependent"] == name["Dependent"]


def test_class_level_traversal(client: Any) -> None:
    """For a class, traversal gives classes with their paths."""
    found = client.ReferenceNames(SYSTEM)
    assert "Test_HostedDependency" in {p.classname for p in found}
    for class_path, declaration in client.Associators(
        SYSTEM, AssocClass="Test_ElementCapabilities"
    ):
        assert class_path.classname == declaration.classname
        assert class_path.host


@pytest.mark.parametrize(
    "filters", [{"AssocClass": "No_Such"}, {"ResultClass": "No_Such"}], ids=str
)
def test_unknown_classes_in_filters(client: Any, filters: dict[str, str]) -> None:
    """A filter that names no class is an invalid parameter."""
    assert status_of(client.AssociatorNames, path("running"), **filters) == 4


# Classes and qualifiers


def test_class_names(client: Any) -> None:
    """Class names are listed below a class, at one level or all."""
    top = client.EnumerateClassNames()
    everything = client.EnumerateClassNames(DeepInheritance=True)
    assert "CIM_ManagedElement" in top
    assert SYSTEM not in top
    assert {SYSTEM, HOST, "KVM_ComputerSystem", "CIM_ComputerSystem"} <= set(everything)
    assert client.EnumerateClassNames(ClassName="Virt_ComputerSystem") != []
    below = client.EnumerateClassNames(ClassName="CIM_ComputerSystem", DeepInheritance=True)
    assert {SYSTEM, HOST, "Virt_ComputerSystem"} <= set(below)
    assert status_of(client.EnumerateClassNames, ClassName="No_Such") == 5


def test_class_declaration(client: Any) -> None:
    """GetClass gives inherited elements with their qualifiers unless told otherwise."""
    full = client.GetClass(SYSTEM, LocalOnly=False, IncludeClassOrigin=True)
    assert full.superclass == "Virt_ComputerSystem"
    assert full.properties["UUID"].class_origin == "Virt_ComputerSystem"
    assert full.properties["Name"].qualifiers["Key"].value is True
    assert full.properties["EnabledState"].qualifiers["Description"].value.endswith(".")
    assert "RequestStateChange" in full.methods
    assert set(full.methods["RequestStateChange"].parameters) == {
        "RequestedState",
        "Job",
        "TimeoutPeriod",
    }
    assert list(client.GetClass(SYSTEM, LocalOnly=True).properties) == []
    bare = client.GetClass(SYSTEM, LocalOnly=False, IncludeQualifiers=False)
    assert dict(bare.qualifiers) == {}
    assert dict(bare.properties["Name"].qualifiers) == {}
    some = client.GetClass(SYSTEM, LocalOnly=False, PropertyList=["uuid"])
    assert list(some.properties) == ["UUID"]
    assert status_of(client.GetClass, "No_Such") == 6


def test_value_maps_are_readable(client: Any) -> None:
    """A client translates our own value by the class it fetched."""
    mapping = pywbem.ValueMapping.for_property(client, NAMESPACE, SYSTEM, "OperatingStatus")
    assert mapping.tovalues(32768) == "Started"
    assert mapping.tovalues(9) == "Migrating"


def test_enumerated_classes_are_those_fetched(client: Any) -> None:
    """EnumerateClasses gives what GetClass gives for each class."""
    found = client.EnumerateClasses(
        ClassName="CIM_ComputerSystem",
        DeepInheritance=True,
        LocalOnly=False,
        IncludeQualifiers=True,
    )
    assert len(found) > 8
    for declaration in found:
        assert declaration == client.GetClass(declaration.classname, LocalOnly=False)


def test_qualifiers(client: Any) -> None:
    """Qualifier declarations can be listed and fetched."""
    found = {q.name: q for q in client.EnumerateQualifiers()}
    assert found["Key"].scopes["PROPERTY"] is True
    assert client.GetQualifier("key") == found["Key"]
    assert status_of(client.GetQualifier, "NoSuchQualifier") == 6


# What is not served


def test_unserved_operations(client: Any) -> None:
    """Operations that are not served say so with the code that clients fall back on."""
    instance = client.GetInstance(path("running"))
    assert status_of(client.CreateInstance, instance) == 7
    assert status_of(client.ModifyInstance, instance) == 7
    assert status_of(client.DeleteInstance, instance.path) == 7
    assert status_of(client.DeleteClass, SYSTEM) == 2


def test_iterations(server: RunningServer) -> None:
    """Pywbem's iterators work as they are."""
    connection = connect(server)
    names = {i["Name"] for i in connection.IterEnumerateInstances(SYSTEM)}
    assert names == set(DOMAINS)
    (host,) = connection.IterEnumerateInstancePaths(HOST)
    found = connection.IterAssociatorInstancePaths(host, AssocClass="Test_HostedDependency")
    assert {p["Name"] for p in found} == set(DOMAINS)
    connection.close()


# Methods


def request(client: Any, name: str, state: int | None, **parameters: Any) -> int:
    """Invoke RequestStateChange; return its code."""
    if state is not None:
        parameters["RequestedState"] = pywbem.Uint16(state)
    code, out = client.InvokeMethod("RequestStateChange", path(name), **parameters)
    assert dict(out) == {}
    assert isinstance(code, pywbem.Uint32)
    return int(code)


def states_of(client: Any, name: str) -> tuple[int, int]:
    """Return EnabledState and RequestedState."""
    instance = client.GetInstance(path(name))
    return instance["EnabledState"], instance["RequestedState"]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        # each step: the request, then EnabledState after it
        ("running", [(9, 9), (2, 2), (10, 2), (11, 2), (6, 6), (2, 2), (3, 3), (2, 2), (4, 3)]),
        ("running", [(6, 6), (3, 3)]),
        ("paused", [(2, 2), (9, 9), (11, 2), (9, 9), (3, 3)]),
        ("shutoff", [(2, 2), (3, 3)]),
        ("crashed", [(3, 3)]),
        ("pmsuspended", [(3, 3)]),
        ("shutdown", [(3, 3)]),
        ("blocked", [(9, 9)]),
    ],
)
def test_state_changes_are_done_when_answered(
    own_client: Any, name: str, steps: list[tuple[int, int]]
) -> None:
    """A reader that asks after the reply sees the new state and what was requested."""
    for requested, enabled in steps:
        assert request(own_client, name, requested) == 0
        assert states_of(own_client, name) == (enabled, requested)


@pytest.mark.parametrize(
    ("name", "state", "code"),
    [
        ("running", 2, 4097),
        ("paused", 4, 4097),
        ("paused", 9, 4097),
        ("shutoff", 3, 4097),
        ("shutoff", 9, 4097),
        ("shutoff", 11, 4097),
        ("crashed", 2, 4097),
        ("nostate", 3, 4097),
        ("pmsuspended", 2, 1),
        ("running", 7, 1),
        ("running", 8, 1),
        ("running", 0, 5),
        ("running", 1, 5),
        ("running", 5, 5),
        ("running", 12, 5),
        ("running", 40000, 5),
        ("running", None, 5),
    ],
)
def test_refused_requests_change_nothing(
    client: Any, name: str, state: int | None, code: int
) -> None:
    """A request that cannot be met has its own code and leaves no trace."""
    before = dict(client.GetInstance(path(name)))
    assert request(client, name, state) == code
    assert dict(client.GetInstance(path(name))) == before


def test_timeouts_are_refused_unless_they_set_no_limit(own_client: Any) -> None:
    """A TimeoutPeriod cannot be kept and so is refused; zero is none."""
    limit = pywbem.CIMDateTime("00000000000500.000000:000")
    assert request(own_client, "running", 9, TimeoutPeriod=limit) == 4098
    assert states_of(own_client, "running") == (2, 0)
    none = pywbem.CIMDateTime("00000000000000.000000:000")
    assert request(own_client, "running", 9, TimeoutPeriod=none) == 0
    assert states_of(own_client, "running") == (9, 9)


def test_wrong_method_calls(client: Any) -> None:
    """Unknown methods, parameters, types and targets are errors, not return codes."""
    call = client.InvokeMethod
    state = pywbem.Uint16(2)
    assert status_of(call, "NoSuchMethod", path("running")) == 17
    assert status_of(call, "SetPowerState", path("running"), PowerState=pywbem.Uint32(1)) == 16
    assert status_of(call, "RequestStateChange", path("running"), NoSuchParameter=state) == 4
    assert status_of(call, "RequestStateChange", path("running"), RequestedState="x") == 4
    assert status_of(call, "RequestStateChange", SYSTEM, RequestedState=state) == 4
    assert status_of(call, "RequestStateChange", path("nobody"), RequestedState=state) == 6


def test_methods_of_the_service(client: Any) -> None:
    """What it declares and does not do is not available, on its class and on its instance."""
    (service,) = client.EnumerateInstanceNames(SERVICE)
    for target in (SERVICE, service, "KVM_VirtualSystemManagementService"):
        for method in ("stopservice", "RequestStateChange", "StartService"):
            assert status_of(client.InvokeMethod, method, target) == 16
        assert status_of(client.InvokeMethod, "NoSuchMethod", target) == 17
    for target in (SERVICE, service):
        for method in ("DefineSystem", "destroysystem"):
            assert status_of(client.InvokeMethod, method, target) == 4


def test_requested_state_survives_a_restart_of_the_client(own_server: RunningServer) -> None:
    """What was requested is the server's to remember, not the connection's."""
    first = connect(own_server)
    assert request(first, "running", 9) == 0
    first.close()
    second = connect(own_server)
    assert states_of(second, "running") == (9, 9)
    second.close()


# Discovery


def test_server_discovery(server: RunningServer) -> None:
    """Pywbem's discovery finds the interop namespace, the brand, the version, all namespaces."""
    connection = connect(server)
    discovered = pywbem.WBEMServer(connection)
    assert discovered.interop_ns in {"interop", INTEROP}
    assert discovered.brand == "virtcim"
    assert discovered.version == virtcim.__version__
    assert {"root/virt", INTEROP} <= {n.lower() for n in discovered.namespaces}
    connection.close()


def test_profiles(server: RunningServer) -> None:
    """Registered profiles lead to their central instances in the other namespace."""
    connection = connect(server)
    discovered = pywbem.WBEMServer(connection)
    registered = {(p["RegisteredName"], p["RegisteredVersion"]) for p in discovered.profiles}
    assert registered >= {("System Virtualization", "1.0.0"), ("Virtual System Profile", "1.0.0a")}
    (profile,) = discovered.get_selected_profiles("DMTF", "Virtual System Profile")
    central = discovered.get_central_instances(profile.path)
    assert {p["Name"] for p in central} == set(DOMAINS)
    assert {p.namespace for p in central} == {NAMESPACE}
    connection.close()


@pytest.mark.parametrize("name", ["interop", "root/interop", "ROOT/Interop", "/root/interop/"])
def test_interop_under_all_its_names(server: RunningServer, name: str) -> None:
    """The interop namespace answers to its alias and to any spelling."""
    connection = connect(server, name)
    (manager,) = connection.EnumerateInstances("CIM_ObjectManager")
    assert manager["ElementName"] == "virtcim"
    assert f"version {virtcim.__version__}" in manager["Description"]
    assert connection.GetInstance(manager.path) == manager
    connection.close()
