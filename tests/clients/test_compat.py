"""What the switch for clients of libvirt-cim changes on the wire, and what it leaves alone."""

from collections.abc import Iterator
from typing import Any

import pytest
import pywbem

from tests.clients.expected import DOMAINS, HOST, NAMESPACE, SERVICE, SYSTEM
from tests.serving import EIGHT_STATES, serving


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A connection to a server with the switch on."""
    directory = tmp_path_factory.mktemp("compat")
    with serving(EIGHT_STATES, directory, compat="libvirt-cim") as server:
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
    (name,) = client.EnumerateInstanceNames("Test_HostedService")
    assert name["Antecedent"].classname == HOST
    assert name["Dependent"].classname == SERVICE


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
