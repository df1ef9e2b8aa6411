"""Other servers deliver indications here: pywbem in their place, the log, the audit log, rights."""

import json
from collections.abc import Iterator

import pytest
import pywbem

from tests.clients.callers import connect
from tests.lab import eventually
from tests.serving import EIGHT_STATES, RunningServer, let_in, serving
from virtcim.listeners.principals import Role


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with an administrator and a reader."""
    directory = tmp_path_factory.mktemp("exports")
    let_in(directory)
    let_in(directory, "reader", role=Role.READ)
    with serving(EIGHT_STATES, directory) as server:
        yield server


def indication() -> pywbem.CIMInstance:
    """Return what is delivered."""
    source = pywbem.CIMInstance("CIM_ComputerSystem", {"Name": "x", "Password": "hidden"})
    values = {"IndicationIdentifier": "other:7", "SourceInstance": source}
    return pywbem.CIMInstance("CIM_InstModification", values)


def test_pywbem_delivers(guarded: RunningServer) -> None:
    """WBEMConnection.ExportIndication succeeds, and log and audit log tell of it."""
    connect(guarded).ExportIndication(indication())
    eventually(lambda: "indication_received" in guarded.log.read_text())
    (told,) = (one for one in guarded.log.read_text().splitlines() if "indication_received" in one)
    assert "user=anna" in told
    assert "cim_class=CIM_InstModification identifier=other:7" in told
    audit = guarded.log.parent / "state" / "audit.log"
    eventually(lambda: audit.exists() and "ExportIndication" in audit.read_text())
    (line,) = (json.loads(one) for one in audit.read_text().splitlines() if "Export" in one)
    assert (line["user"], line["class"]) == ("anna", "CIM_InstModification")
    assert line["status"] == "OK"
    assert "namespace" not in line
    assert "hidden" not in json.dumps(line)


def test_a_reader_delivers_nothing(guarded: RunningServer) -> None:
    """Who could deliver could make others believe what has not happened."""
    with pytest.raises(pywbem.CIMError) as refused:
        connect(guarded, "reader").ExportIndication(indication())
    assert refused.value.status_code == pywbem.CIM_ERR_ACCESS_DENIED
