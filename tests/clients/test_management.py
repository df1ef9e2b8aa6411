"""The management service through a running server: by instances, MOF and wbemcli, and virsh."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients.expected import NAMESPACE
from tests.clients.sides import Sides, remove, sides
from tests.lab import Lab
from tests.serving import PASSWORD, USER
from virtcim.hypervisors.definition.editing import difference

SERVICE = pywbem.CIMClassName("KVM_VirtualSystemManagementService", namespace=NAMESPACE)
SYSTEM = "KVM_VirtualSystemSettingData"
NEVER = "600"


@pytest.fixture(scope="module")
def one(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """A server over the lab that hears of changes by events and by its own."""
    directory = tmp_path_factory.mktemp("management")
    with sides(lab, directory, reconcile_interval=NEVER, sample_interval="0") as both:
        yield both


def rasd(kind: str, **values: Any) -> Any:
    """A setting of a resource as pywbem sends it, in CIM-XML."""
    return pywbem.CIMInstance(f"KVM_{kind}ResourceAllocationSettingData", values)


def invoke(both: Sides, method: str, **arguments: Any) -> Any:
    """Call a method that must succeed, and give its outputs."""
    code, out = both.client.InvokeMethod(method, SERVICE, **arguments)
    assert code == 0
    return out


def define(both: Sides, name: str) -> Any:
    """Define a small guest by instances, and give its path."""
    system = pywbem.CIMInstance(SYSTEM, {"VirtualSystemIdentifier": name})
    memory = rasd("Mem", VirtualQuantity=pywbem.Uint64(32), AllocationUnits="byte*2^20")
    cpus = rasd("Proc", VirtualQuantity=pywbem.Uint64(1))
    disk = rasd("Disk", VirtualDevice="vda", Address=str(both.lab.boot_image(name)))
    out = invoke(both, "DefineSystem", SystemSettings=system, ResourceSettings=[memory, cpus, disk])
    return out["ResultingSystem"]


def changed(both: Sides, name: str, before: str) -> list[str]:
    """The lines of the definition that are different now."""
    found = difference(before, both.text(name, "--inactive")).splitlines()[2:]
    return [line for line in found if line[0] in "+-"]


def reference(class_name: str, instance_id: str) -> Any:
    """The path of a setting."""
    keys = {"InstanceID": instance_id}
    return pywbem.CIMInstanceName(class_name, keys, namespace=NAMESPACE)


def test_all_methods_by_instances(one: Sides) -> None:
    """What each answers is what virsh says, and no more is different than was asked for."""
    path = define(one, "made")
    assert path["Name"] == "made"
    assert one.client.GetInstance(path)["EnabledState"] == 3
    before = one.text("made", "--inactive")
    invoke(
        one,
        "ModifySystemSettings",
        SystemSettings=pywbem.CIMInstance(SYSTEM, {"InstanceID": "KVM:made", "Title": "T"}),
    )
    assert changed(one, "made", before) == ["+  <title>T</title>"]
    before = one.text("made", "--inactive")
    disk = rasd("Disk", InstanceID="made/vda", DriverCache="none")
    out = invoke(one, "ModifyResourceSettings", ResourceSettings=[disk])
    (found,) = out["ResultingResourceSettings"]
    assert one.client.GetInstance(found)["DriverCache"] == "none"
    assert len(changed(one, "made", before)) == 2
    before = one.text("made", "--inactive")
    net = rasd("Net", NetworkType="user", Address="52:54:00:00:00:55", ResourceSubType="virtio")
    out = invoke(
        one,
        "AddResourceSettings",
        AffectedConfiguration=reference(SYSTEM, "KVM:made"),
        ResourceSettings=[net],
    )
    (found,) = out["ResultingResourceSettings"]
    assert found["InstanceID"] == "made/52:54:00:00:00:55"
    invoke(one, "RemoveResourceSettings", ResourceSettings=[found])
    assert changed(one, "made", before) == []
    with pytest.raises(pywbem.CIMError) as caught:
        one.client.GetInstance(found)
    assert caught.value.status_code == pywbem.CIM_ERR_NOT_FOUND
    invoke(one, "DestroySystem", AffectedSystem=path)
    assert "made" not in one.virsh("list", "--all", "--name").split()


def test_a_whole_instance_is_read_changed_and_given_back(one: Sides) -> None:
    """What a client reads it may send: only what it changed is changed."""
    path = define(one, "whole")
    for kind, property_, value in (
        ("Disk", "DriverIO", "threads"),
        ("Mem", "Locked", True),
        ("Proc", "CPUSet", "0"),
        ("Graphics", "KeyMap", "de"),
    ):
        (setting,) = [
            found
            for found in one.all(f"{kind}ResourceAllocationSettingData")
            if found["InstanceID"].startswith("whole/") and found["InstanceID"] != "whole/video:0"
        ]
        before = one.text("whole", "--inactive")
        setting[property_] = value
        invoke(one, "ModifyResourceSettings", ResourceSettings=[setting])
        after = one.client.GetInstance(setting.path)
        assert after[property_] == value
        assert len(changed(one, "whole", before)) <= 3
    invoke(one, "DestroySystem", AffectedSystem=path)


def test_mof(one: Sides) -> None:
    """The same by texts, as old clients send them."""
    system = f'instance of {SYSTEM} {{\n  VirtualSystemIdentifier = "moffed";\n  UUID = NULL;\n}};'
    memory = (
        "Instance Of KVM_MemResourceAllocationSettingData {\n VirtualQuantity = 65536 ;\n"
        ' AllocationUnits = "Kilo" "Bytes";\n ResourceType = 4;\n};'
    )
    out = invoke(one, "DefineSystem", SystemSettings=system, ResourceSettings=[memory])
    assert "<memory unit='KiB'>65536<" in one.text("moffed")
    setting = (
        "instance of KVM_MemResourceAllocationSettingData {\n"
        '  InstanceID = "moffed/mem";\n  VirtualQuantity = 32768;\n};'
    )
    invoke(one, "ModifyResourceSettings", ResourceSettings=[setting])
    assert "<currentMemory unit='KiB'>32768<" in one.text("moffed")
    wrong = setting.replace("32768", '"much"')
    with pytest.raises(pywbem.CIMError) as caught:
        invoke(one, "ModifyResourceSettings", ResourceSettings=[wrong])
    assert caught.value.status_code == pywbem.CIM_ERR_INVALID_PARAMETER
    assert "VirtualQuantity" in caught.value.status_description
    invoke(one, "DestroySystem", AffectedSystem=out["ResultingSystem"])


def test_a_rehearsal_over_the_wire(one: Sides) -> None:
    """A header asks for the difference; nothing is changed."""
    path = define(one, "rehearsal")
    before = one.text("rehearsal", "--inactive")
    one.client.session.headers["Virtcim-Dry-Run"] = "true"
    try:
        disk = rasd("Disk", InstanceID="rehearsal/vda", DriverCache="none")
        out = invoke(one, "ModifyResourceSettings", ResourceSettings=[disk])
    finally:
        del one.client.session.headers["Virtcim-Dry-Run"]
    assert "+      <driver name='qemu' type='raw' cache='none'/>" in out["Difference"]
    assert one.text("rehearsal", "--inactive") == before
    invoke(one, "DestroySystem", AffectedSystem=path)


def test_wbemcli(one: Sides) -> None:
    """A text of MOF on the command line."""
    define(one, "shell")
    address = one.client.url.replace("http://", f"http://{USER}:{PASSWORD}@")
    target = f"{address}/{NAMESPACE}:{SERVICE.classname}"
    setting = f"instance of {SYSTEM} {{ InstanceID = 'KVM:shell'; Title = 'by hand'; }};"
    command = ("wbemcli", "cm", target, f"ModifySystemSettings.SystemSettings={setting}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip().endswith("ModifySystemSettings: 0"), done
    assert one.virsh("desc", "--title", "shell").strip() == "by hand"
    remove(one.hypervisor.lookupByName("shell"))


def test_what_fails_says_what_which_and_why(one: Sides, tmp_path: Path) -> None:
    """The status, what was tried on which domain, libvirt's words, and that nothing is changed."""
    path = define(one, "failing")
    one.virsh("start", "failing")
    before = one.text("failing")
    disk = rasd("Disk", VirtualDevice="sdb", BusType="scsi", Address=str(tmp_path / "none.img"))
    with pytest.raises(pywbem.CIMError) as caught:
        invoke(
            one,
            "AddResourceSettings",
            AffectedConfiguration=reference(SYSTEM, "KVM:failing"),
            ResourceSettings=[disk],
        )
    told = caught.value.status_description
    assert "`failing'" in told
    assert "nothing was changed" in told
    assert one.text("failing") == before
    invoke(one, "DestroySystem", AffectedSystem=path)
