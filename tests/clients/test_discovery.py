"""Clients that know nothing but the server's address: pywbem's WBEMServer, whole."""

from typing import Any

import pytest
import pywbem

import virtcim
from tests.clients.expected import DOMAINS, HOST, NAMESPACE, SYSTEM
from tests.clients.test_pywbem import CheckingRecorder, connect, status_of
from tests.serving import RunningServer

OWN = "root/acme"
LISTED = {"root/virt", "root/interop", "interop", "root/cimv2"}
WBEM_SERVER, REGISTRATION = "WBEM Server Profile", "Profile Registration"


@pytest.fixture
def found(server: RunningServer) -> Any:
    """The server that nobody changes, as a client finds it."""
    return pywbem.WBEMServer(connect(server))


@pytest.fixture
def own(own_server: RunningServer) -> Any:
    """A server of one's own."""
    return pywbem.WBEMServer(connect(own_server))


def profile(found: Any, name: str) -> Any:
    """Return the path of the one profile with a name."""
    (instance,) = found.get_selected_profiles("DMTF", name)
    return instance.path


def test_nothing_of_it_is_left_out() -> None:
    """All that a WBEMServer tells and does is in a test of this file."""
    members = {name for name in dir(pywbem.WBEMServer) if not name.startswith("_")}
    assert members == {
        "INTEROP_NAMESPACES", "NAMESPACE_CLASSNAMES", "url", "conn", "interop_ns", "namespaces",
        "namespace_paths", "namespace_classname", "brand", "version", "cimom_inst", "profiles",
        "create_namespace", "delete_namespace", "get_selected_profiles", "get_central_instances",
    }  # fmt: skip


def test_the_server(found: Any, server: RunningServer) -> None:
    """Its address, brand, version and object manager."""
    assert found.url == found.conn.url == server.url
    assert found.brand == "virtcim"
    assert found.version == virtcim.__version__
    assert found.cimom_inst["ElementName"] == "virtcim"
    (system,) = found.conn.EnumerateInstances("CIM_ComputerSystem", namespace=found.interop_ns)
    assert system["Name"] == found.cimom_inst["SystemName"]
    assert system["CreationClassName"] == found.cimom_inst["SystemCreationClassName"]


def test_namespaces(found: Any) -> None:
    """All are listed by either class, each by a path that is there; all of them answer."""
    assert found.interop_ns == "interop"
    assert found.namespace_classname == "CIM_Namespace"
    assert set(found.namespaces) == LISTED
    assert {path["Name"] for path in found.namespace_paths} == LISTED
    newer = found.conn.EnumerateInstanceNames("CIM_WBEMServerNamespace", found.interop_ns)
    for path in (*found.namespace_paths, *newer):
        instance = found.conn.GetInstance(path)
        assert found.conn.EnumerateClassNames(namespace=instance["Name"])


@pytest.mark.parametrize("interop", pywbem.WBEMServer.INTEROP_NAMESPACES)
def test_aliases_are_the_interop_namespace(found: Any, interop: str) -> None:
    """Under each name that a client tries, the same is found, and leads to the same."""
    names = found.conn.EnumerateInstanceNames("CIM_RegisteredProfile", namespace=interop)
    assert [path["InstanceID"] for path in names] == [one["InstanceID"] for one in found.profiles]
    (path,) = found.conn.EnumerateInstanceNames("CIM_WBEMServer", namespace=interop)
    asked = pywbem.CIMInstanceName(path.classname, path.keybindings, namespace=interop)
    profiles = found.conn.AssociatorNames(asked, AssocClass="CIM_ElementConformsToProfile")
    assert {one["InstanceID"] for one in profiles} == {profile(found, WBEM_SERVER)["InstanceID"]}


def test_profiles(found: Any) -> None:
    """They are selected by organization, name and version; no path is there twice."""
    assert len({str(one.path) for one in found.profiles}) == len(found.profiles)
    assert found.get_selected_profiles() == found.profiles
    assert found.get_selected_profiles("dmtf") == found.profiles
    assert found.get_selected_profiles("SNIA") == []
    for name in (WBEM_SERVER, REGISTRATION, "System Virtualization"):
        (one,) = found.get_selected_profiles("DMTF", name, "1.0.0")
        assert (one["RegisteredName"], one["AdvertiseTypes"]) == (name, [2])
        assert found.get_selected_profiles("DMTF", name, "9.9.9") == []
    assert found.get_selected_profiles("DMTF", "Indications") == []


@pytest.mark.parametrize("by_method", [False, True], ids=["by association", "method first"])
def test_central_instances(found: Any, *, by_method: bool) -> None:
    """Each profile leads to what it is about, in whatever namespace that is."""
    expected = {
        WBEM_SERVER: {("root/interop", "CIM_WBEMServer")},
        "System Virtualization": {(NAMESPACE, HOST)},
        "Virtual System Profile": {(NAMESPACE, SYSTEM)},
        REGISTRATION: {
            ("root/interop", "CIM_RegisteredProfile"),
            ("root/interop", "Test_RegisteredProfile"),
        },
    }
    for name, classes in expected.items():
        paths = found.get_central_instances(profile(found, name), try_gci_method=by_method)
        assert {(path.namespace, path.classname) for path in paths} == classes
        assert all(found.conn.GetInstance(path) for path in paths)


def test_the_method_for_central_instances_says_that_it_is_not_there(found: Any) -> None:
    """Servers that answered it with something else have broken clients."""
    for name in (WBEM_SERVER, "System Virtualization"):
        path = profile(found, name)
        for method in ("GetCentralInstances", "OpenConformantInstances"):
            assert status_of(found.conn.InvokeMethod, method, path) == 16


class WithoutConformance(pywbem.WBEMConnection):  # type: ignore[misc]  # pywbem has no types
    """A connection that does not follow one profile to what it is about."""

    profile_id = ""

    def AssociatorNames(self, ObjectName: Any, **filters: Any) -> Any:  # noqa: N802, N803
        """Refuse it as servers do that have no such association for a profile."""
        conforms = filters.get("AssocClass") == "CIM_ElementConformsToProfile"
        if conforms and ObjectName["InstanceID"] == self.profile_id:
            raise pywbem.CIMError(7)
        return super().AssociatorNames(ObjectName, **filters)


@pytest.mark.parametrize(
    ("name", "central", "link", "count"),
    [
        ("Virtual System Profile", SYSTEM, "CIM_HostedDependency", len(DOMAINS)),
        ("KVM Redirection", "CIM_RedirectionService", "CIM_HostedService", 1),
        ("Virtual System Migration", "CIM_VirtualSystemMigrationService", "CIM_HostedService", 1),
        ("Memory Resource Virtualization", "Test_MemoryPool", "CIM_HostedResourcePool", 1),
    ],
)
def test_central_instances_by_their_scope(
    server: RunningServer, name: str, central: str, link: str, count: int
) -> None:
    """A client that goes from the host of the scoping profile finds the same."""
    connection = WithoutConformance(server.url, default_namespace=NAMESPACE)
    connection.add_operation_recorder(CheckingRecorder())
    found = pywbem.WBEMServer(connection)
    asked = profile(found, name)
    direct = found.get_central_instances(asked)
    connection.profile_id = asked["InstanceID"]
    paths = found.get_central_instances(asked, central, HOST, [link])
    assert sorted(map(str, paths)) == sorted(map(str, direct))
    assert len(paths) == count


def test_namespaces_come_and_go(own: Any) -> None:
    """The client sees each change at once, whichever way the namespace was made."""
    assert own.create_namespace(f"/{OWN}/") == OWN
    assert set(own.namespaces) == LISTED | {OWN}
    assert own.conn.EnumerateClassNames(namespace=OWN) == []
    assert status_of(own.create_namespace, OWN) == 11
    assert own.delete_namespace(OWN) == OWN
    assert set(own.namespaces) == LISTED
    assert status_of(own.conn.EnumerateClassNames, namespace=OWN) == 3
    with pytest.raises(pywbem.CIMError, match="does not exist"):
        own.delete_namespace(OWN)
    with pytest.raises(pywbem.CIMError, match="is not empty"):
        own.delete_namespace("root/cimv2")


def test_namespaces_are_made_by_the_server(own: Any) -> None:
    """CreateWBEMServerNamespace takes a template, as CIM-XML or as MOF, on instance and class."""
    (path,) = own.get_central_instances(profile(own, WBEM_SERVER))
    template = pywbem.CIMInstance("CIM_WBEMServerNamespace", {"Name": OWN})
    of_class = pywbem.CIMClassName("CIM_WBEMServer", namespace="interop")
    for target, given in (
        (path, template),
        (of_class, template),
        (path, f'instance of CIM_WBEMServerNamespace {{ Name = "{OWN}"; }};'),
    ):
        result, out = own.conn.InvokeMethod(
            "CreateWBEMServerNamespace", target, NamespaceTemplate=given
        )
        assert (result, set(out)) == (0, {"Namespace"})
        instance = own.conn.GetInstance(out["Namespace"])
        assert instance["Name"] == OWN
        call = (own.conn.InvokeMethod, "CreateWBEMServerNamespace", target)
        assert status_of(*call, NamespaceTemplate=given) == 11
        (server,) = own.conn.AssociatorNames(out["Namespace"], AssocClass="CIM_HostedDependency")
        assert server == path
        own.conn.DeleteInstance(out["Namespace"])
        assert status_of(own.conn.GetInstance, out["Namespace"]) == 6
    assert status_of(own.conn.InvokeMethod, "CreateWBEMServerNamespace", path) == 4


def test_namespaces_in_use_stay(own: Any) -> None:
    """What has a class in it, and what the server needs, is not removed by either class."""
    own.create_namespace(OWN)
    qualifier = pywbem.CIMQualifierDeclaration("Own", "boolean", scopes={"ANY": True})
    own.conn.SetQualifier(qualifier, namespace=OWN)
    for class_name in ("CIM_Namespace", "CIM_WBEMServerNamespace"):
        for path in own.conn.EnumerateInstanceNames(class_name, namespace="interop"):
            assert status_of(own.conn.DeleteInstance, path) == 20
    own.conn.DeleteQualifier("Own", namespace=OWN)
    assert own.delete_namespace(OWN) == OWN


def test_the_schemas_of_a_namespace(found: Any) -> None:
    """They come as embedded instances that a client can read."""
    instances = found.conn.EnumerateInstances("CIM_WBEMServerNamespace", namespace="interop")
    for one in instances:
        schemas = {schema["Name"]: schema["Version"] for schema in one["SchemaInformation"]}
        assert schemas["CIM"] == "2.49.0"
        assert {"Virt", "Test"} <= set(schemas)


def test_how_to_talk_to_the_server(found: Any) -> None:
    """From the object manager a client finds the protocol, and what of it is there."""
    (mechanism,) = found.conn.Associators(
        found.cimom_inst.path, AssocClass="CIM_CommMechanismForManager"
    )
    groups = pywbem.ValueMapping.for_property(
        found.conn, "interop", mechanism.classname, "FunctionalProfilesSupported"
    )
    assert [groups.tovalues(one) for one in mechanism["FunctionalProfilesSupported"]] == [
        "Basic Read", "Basic Write", "Schema Manipulation", "Instance Manipulation",
        "Association Traversal", "Query Execution", "Qualifier Declaration", "Pulled Read",
        "Pulled Read Count", "Pulled Query Execution",
    ]  # fmt: skip
    assert mechanism["AuthenticationMechanismsSupported"] == [2]
    (back,) = found.conn.AssociatorNames(mechanism.path, ResultClass="CIM_ObjectManager")
    assert back.keybindings == found.cimom_inst.path.keybindings
