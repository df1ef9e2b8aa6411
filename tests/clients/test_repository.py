"""What clients make of classes, instances and namespaces survives the end of the server."""

from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients.callers import connect
from tests.serving import let_in, started

OWN = "root/acme"


def test_everything_survives_a_killed_server(tmp_path: Path) -> None:
    """Each answer was durable: killed at once after it, the next server has it."""
    let_in(tmp_path)
    steps = (_namespace, _qualifier, _classes, _instances, _changed, _removed)
    for step in steps:
        with started("test:///default", tmp_path) as server:
            client = connect(server)
            step(client)
            server.kill()
    with started("test:///default", tmp_path) as server:
        client = connect(server)
        assert [one["ID"] for one in client.EnumerateInstances("ACME_Thing", OWN)] == ["b"]
        assert client.EnumerateInstanceNames("ACME_Link", OWN) == []
        server.stop()


def _namespace(client: Any) -> None:
    assert pywbem.WBEMServer(client).create_namespace(OWN) == OWN


def _qualifier(client: Any) -> None:
    client.default_namespace = OWN
    for name in ("Key", "Association", "Description", "Required"):
        client.SetQualifier(client.GetQualifier(name, "root/virt"))


def _classes(client: Any) -> None:
    client.default_namespace = OWN
    compiler = pywbem.MOFCompiler(client, log_func=None)
    compiler.compile_string(
        """
        class ACME_Thing { [Key] string ID; [Required] uint32 Count = 3; string Words[];
            [Description("of a thing")] datetime When; real64 Share; };
        class ACME_Small : ACME_Thing { boolean Less; };
        [Association] class ACME_Link { [Key] ACME_Thing REF A; [Key] ACME_Thing REF B; };
        """,
        OWN,
    )


def _instances(client: Any) -> None:
    client.default_namespace = OWN
    a = client.CreateInstance(
        pywbem.CIMInstance("ACME_Thing", {"ID": "a", "Words": ["x", None, "&<>"]})
    )
    values = {"ID": "b", "Share": pywbem.Real64(0.1), "Less": True}
    b = client.CreateInstance(pywbem.CIMInstance("ACME_Small", values))
    client.CreateInstance(pywbem.CIMInstance("ACME_Link", {"A": a, "B": b}))
    for code, new in (
        (pywbem.CIM_ERR_ALREADY_EXISTS, pywbem.CIMInstance("ACME_Thing", {"ID": "a"})),
        (pywbem.CIM_ERR_INVALID_CLASS, pywbem.CIMInstance("ACME_None", {"ID": "a"})),
        (pywbem.CIM_ERR_INVALID_PARAMETER, pywbem.CIMInstance("ACME_Thing", {"Words": ["a"]})),
    ):
        with pytest.raises(pywbem.CIMError) as refused:
            client.CreateInstance(new)
        assert refused.value.status_code == code


def _changed(client: Any) -> None:
    client.default_namespace = OWN
    names = client.EnumerateInstanceNames("ACME_Thing")
    a, b = sorted(names, key=lambda one: str(one["ID"]))
    found = client.GetInstance(a)
    assert (found["Count"], found["Words"]) == (3, ["x", None, "&<>"])
    assert client.GetInstance(b)["Share"] == 0.1
    (partner,) = client.AssociatorNames(a, ResultClass="ACME_Small")
    assert (partner.classname, partner["ID"]) == ("ACME_Small", b["ID"])
    found["Count"] = pywbem.Uint32(9)
    client.ModifyInstance(found)
    assert client.GetInstance(a)["Count"] == 9


def _removed(client: Any) -> None:
    client.default_namespace = OWN
    (a,) = (one for one in client.EnumerateInstanceNames("ACME_Thing") if one["ID"] == "a")
    assert client.GetInstance(a)["Count"] == 9
    (link,) = client.EnumerateInstanceNames("ACME_Link")
    client.DeleteInstance(link)
    client.DeleteInstance(a)
    for code, name in (
        (pywbem.CIM_ERR_CLASS_HAS_CHILDREN, "ACME_Thing"),
        (pywbem.CIM_ERR_CLASS_HAS_INSTANCES, "ACME_Small"),
        (pywbem.CIM_ERR_NOT_FOUND, "ACME_None"),
    ):
        with pytest.raises(pywbem.CIMError) as refused:
            client.DeleteClass(name)
        assert refused.value.status_code == code
    server = pywbem.WBEMServer(client)
    with pytest.raises(pywbem.CIMError) as refused:
        client.DeleteInstance(next(one for one in server.namespace_paths if one["Name"] == OWN))
    assert refused.value.status_code == pywbem.CIM_ERR_NAMESPACE_NOT_EMPTY
