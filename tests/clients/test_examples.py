"""The example of a provider, in a running server, as its page shows it."""

import json
import tomllib
from hashlib import sha256
from pathlib import Path

import pywbem

from tests.clients.expected import DOMAINS, NAMESPACE, SYSTEM
from tests.clients.test_pywbem import connect, status_of
from tests.plugging import ROOT, install
from tests.serving import EIGHT_STATES, serving

EXAMPLE = ROOT / "examples" / "domain-backups"
BACKUP = "Example_DomainBackup"


def test_backups_of_domains_are_served(tmp_path: Path) -> None:
    """Read, found by their domain, noted, verified, pruned and removed."""
    domain = next(iter(DOMAINS))
    old, new = (f"{domain}-2026112{day}T031500Z.qcow2" for day in (0, 1))
    files = tmp_path / "backups"
    files.mkdir()
    for name in (old, new, "gone-20261121T031500Z.raw"):
        (files / name).write_text(name)
    (files / f"{new}.sha256").write_text(sha256(new.encode()).hexdigest())
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["virtcim.providers"]
    install(tmp_path, EXAMPLE / "virtcim_backups", distribution=project["name"], **entries)
    options = json.dumps({"backups": {"directory": str(files)}})
    with serving(EIGHT_STATES, tmp_path, providers_options=options) as server:
        client = connect(server)
        assert len(client.EnumerateInstances(BACKUP)) == 3
        system = pywbem.CIMInstanceName(
            SYSTEM, {"CreationClassName": SYSTEM, "Name": domain}, namespace=NAMESPACE
        )
        found = client.Associators(system, ResultClass=BACKUP)
        assert [one["ElementName"] for one in found] == [old, new]
        assert found[0]["Taken"] == pywbem.CIMDateTime("20261120031500.000000+000")
        (back,) = client.AssociatorNames(found[0].path, ResultClass="CIM_ComputerSystem")
        assert back["Name"] == domain
        orphan = next(one for one in client.EnumerateInstanceNames(BACKUP) if "gone" in str(one))
        assert client.AssociatorNames(orphan) == []
        one = client.GetInstance(found[1].path)
        one.path = found[1].path
        one["Caption"] = "before the upgrade"
        client.ModifyInstance(one, PropertyList=["Caption"])
        assert client.GetInstance(one.path)["Caption"] == "before the upgrade"
        assert client.InvokeMethod("Verify", one.path)[0] == 0
        assert status_of(client.InvokeMethod, "Verify", BACKUP) == 4
        _, out = client.InvokeMethod("Prune", BACKUP, KeepLast=pywbem.Uint16(1))
        assert out["Removed"] == [f"example:{old}"]
        client.DeleteInstance(orphan)
        assert sorted(path.suffix for path in files.iterdir()) == [".note", ".qcow2", ".sha256"]
        client.close()
