"""Network filters made, changed and removed by client programs, as virsh sees them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import pywbem

from tests.clients.callers import connect
from tests.clients.expected import NAMESPACE
from tests.clients.test_wbemcli import answered
from tests.lab import Lab
from tests.serving import PASSWORD, USER, RunningServer, let_in, serving

LIST, IP, NESTED = "KVM_FilterList", "KVM_IPHeadersFilter", "KVM_NestedFilterList"


class LoggingIn(RunningServer):
    """A server whose URL logs in, as wbemcli's users write it."""

    @property
    def url(self) -> str:
        """With a user and a password."""
        return f"{self.scheme}://{USER}:{PASSWORD}@{self.host}:{self.port}"


@pytest.fixture(scope="module")
def server(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server over the lab."""
    directory = tmp_path_factory.mktemp("filters")
    let_in(directory)
    lab.connect().close()
    with serving(lab.uri(), directory, reconcile_interval="600") as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    """A pywbem client."""
    connection = connect(server)
    yield connection
    connection.close()


@pytest.fixture
def native(lab: Lab) -> Iterator[Any]:
    """A connection of our own; no filter is left on it."""
    connection = lab.connect()
    yield connection
    for one in connection.listAllNWFilters():
        one.undefine()
    connection.close()


def text(native: Any, name: str) -> str:
    """Return what virsh says of a filter, without its UUID."""
    found = native.nwfilterLookupByName(name).XMLDesc(0)
    return re.sub(r"\s*<uuid>.*</uuid>", "", found)


def test_pywbem(client: Any, native: Any) -> None:
    """A filter with a rule and one in it; the rule is changed; all go again."""
    made = client.CreateInstance(pywbem.CIMInstance(LIST, {"Name": "made"}))
    assert made["SystemCreationClassName"] == "KVM_HostSystem"
    empty = text(native, "made")
    child = client.CreateInstance(pywbem.CIMInstance(LIST, {"Name": "child"}))
    values = {
        "Name": "made",
        "Action": pywbem.Uint16(1),
        "Direction": pywbem.Uint16(1),
        "HdrProtocolID": pywbem.Uint8(6),
        "HdrDestPortStart": pywbem.Uint16(80),
    }
    rule = client.CreateInstance(pywbem.CIMInstance(IP, values))
    nested = client.CreateInstance(
        pywbem.CIMInstance(NESTED, {"Antecedent": made, "Dependent": child})
    )
    assert "<tcp dstportstart='80'/>" in text(native, "made")
    assert "<filterref filter='child'/>" in text(native, "made")
    instance = client.GetInstance(rule)
    instance["HdrDestPortStart"] = pywbem.Uint16(81)
    client.ModifyInstance(instance)
    assert "<tcp dstportstart='81'/>" in text(native, "made")
    with pytest.raises(pywbem.CIMError) as caught:
        client.CreateInstance(pywbem.CIMInstance(LIST, {"Name": "made"}))
    assert caught.value.status_code == pywbem.CIM_ERR_ALREADY_EXISTS
    for path in (nested, rule):
        client.DeleteInstance(path)
    assert text(native, "made") == empty
    for path in (made, child):
        client.DeleteInstance(path)
    assert "made" not in {one.name() for one in native.listAllNWFilters()}


def test_wbemcli(server: RunningServer, native: Any) -> None:
    """A user makes a filter and a rule, changes the rule and removes both."""
    server = LoggingIn(server.host, server.port, server.log, server.process)
    keys = f'SystemCreationClassName="KVM_HostSystem",SystemName="x",CreationClassName="{LIST}"'
    answered(server, "ci", f'{LIST}.{keys},Name="typed"', "Name=typed,Priority=5")
    assert "priority='5'" in text(native, "typed")
    keys = keys.replace(LIST, IP)
    answered(server, "ci", f'{IP}.{keys},Name="typed:0"', "Name=typed:0,Action=2,HdrProtocolID=17")
    assert "<rule action='drop' direction='inout' priority='500'>" in text(native, "typed")
    (line,) = answered(server, "ein", IP)
    rule = line.split(f"{NAMESPACE}:", 1)[1]
    answered(server, "mi", rule, "Action=1")
    assert "<rule action='accept' direction='inout' priority='500'>" in text(native, "typed")
    answered(server, "sp", rule, "Action=3")
    assert "<rule action='reject' direction='inout' priority='500'>" in text(native, "typed")
    answered(server, "di", rule)
    assert "<rule" not in text(native, "typed")
    (line,) = (one for one in answered(server, "ein", LIST) if 'Name="typed"' in one)
    answered(server, "di", line.split(f"{NAMESPACE}:", 1)[1])
    assert "typed" not in {one.name() for one in native.listAllNWFilters()}
