"""Snapshots through the running server: what clients are told, and what virsh sees of it."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import libvirt
import pytest
import pywbem

from tests.clients.callers import connect, path, request_state
from tests.clients.sides import make_path, remove
from tests.lab import Lab, eventually
from tests.serving import RunningServer, let_in, serving

SERVICE = "KVM_VirtualSystemSnapshotService"
SETTING = "KVM_VirtualSystemSettingData"
FULL, DISK, MEMORY, MEMORY_TERMINAL = 2, 3, 32768, 32769
DONE, NOT_SUPPORTED, INVALID_STATE, INVALID_TYPE, STARTED = 0, 1, 5, 6, 4096
COMPLETED, EXCEPTION = 7, 10
FINAL = {7, 8, 9, 10}
ENABLED, DISABLED, OFFLINE, QUIESCE = 2, 3, 6, 9
NEVER = "600"
TYPIST, TYPED = "typist", "opensesame"
"""A user whose password wbemcli can send: it takes it from the URL as it is."""


class Stage:
    """A server over a lab: a client of it, and libvirt itself."""

    def __init__(self, lab: Lab, server: RunningServer) -> None:
        self.lab = lab
        self.server = server
        self.client = connect(server)
        self.hypervisor = lab.connect()

    def guest(self, name: str, xml: str | None = None) -> Any:
        """A guest that is off, whose disk can hold snapshots, and which the server knows."""
        domain = self.hypervisor.defineXML(xml or self.lab.kept_guest_xml(name))
        eventually(lambda: self.system(name) is not None)
        return domain

    def running(self, name: str, xml: str | None = None) -> Any:
        """One that has booted."""
        domain = self.guest(name, xml)
        assert request_state(self.client, name, ENABLED) == DONE
        eventually(lambda: "READY" in self.lab.serial_text(name))
        return domain

    def system(self, name: str) -> Any:
        """The instance of a domain; None: there is none."""
        with suppress(pywbem.CIMError):
            return self.client.GetInstance(path(name))
        return None

    def state(self, name: str) -> int:
        """EnabledState of a domain."""
        return int(self.system(name)["EnabledState"])

    def call(self, method: str, **arguments: Any) -> tuple[int, Mapping[str, Any]]:
        """Call a method of the service."""
        code, out = self.client.InvokeMethod(method, SERVICE, **arguments)
        return int(code), out

    def create(self, name: str, kind: int, settings: Any = None) -> tuple[Any, Any]:
        """Make a snapshot to the end; return the job and the path of the snapshot's setting."""
        code, out = self.call(
            "CreateSnapshot",
            AffectedSystem=path(name),
            SnapshotSettings=settings,
            SnapshotType=pywbem.Uint16(kind),
        )
        assert code == STARTED, (code, out)
        return self.ended(out["Job"]), out["ResultingSnapshot"]

    def apply(self, setting: Any) -> Any:
        """Apply a snapshot to the end; return the job."""
        code, out = self.call("ApplySnapshot", Snapshot=setting)
        assert code == STARTED, (code, out)
        return self.ended(out["Job"])

    def destroy(self, setting: Any) -> Any:
        """Destroy a snapshot to the end; return the job."""
        code, out = self.call("DestroySnapshot", AffectedSnapshot=setting)
        assert code == STARTED, (code, out)
        return self.ended(out["Job"])

    def ended(self, job: Any) -> Any:
        """The job, once it has ended."""
        eventually(lambda: self.client.GetInstance(job)["JobState"] in FINAL)
        return self.client.GetInstance(job)

    def error(self, job: Any) -> Any:
        """Why a job failed."""
        code, out = self.client.InvokeMethod("GetError", job.path)
        assert code == 0
        return out["Error"]

    def tree(self, name: str) -> dict[str, str | None]:
        """The snapshots of a domain and their parents, as libvirt has them."""
        found = self.hypervisor.lookupByName(name).listAllSnapshots()
        return {one.getName(): parent(one) for one in found}

    def close(self) -> None:
        """Leave nothing."""
        self.client.close()
        remove(*self.hypervisor.listAllDomains())
        self.hypervisor.close()


def parent(snapshot: Any) -> str | None:
    """The name of a snapshot's parent."""
    try:
        return str(snapshot.getParent().getName())
    except libvirt.libvirtError:
        return None


def own_setting(name: str) -> Any:
    """The path of a domain's own setting, which stands for its saved memory."""
    return make_path(SETTING, {"InstanceID": f"KVM:{name}"})


def words(name: str, notes: str | None = None) -> Any:
    """Settings for a new snapshot."""
    properties: dict[str, Any] = {"ElementName": name}
    if notes is not None:
        properties["Notes"] = [notes]
    return pywbem.CIMInstance(SETTING, properties)


def effects(link: Any) -> int:
    """What a job does to an element."""
    (one,) = link["ElementEffects"]
    return int(one)


def images(lab: Lab, name: str) -> list[str]:
    """What snapshots an image really has."""
    command = ("qemu-img", "snapshot", "-U", "-l", str(lab.directory / f"{name}.qcow2"))
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in said.splitlines()[2:]]


@pytest.fixture(scope="module")
def stage(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server that hears of changes by events alone, which tell nothing of snapshots."""
    yield from staged(lab, tmp_path_factory.mktemp("snapshots"))


@pytest.fixture(scope="module")
def compat(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The same for clients of libvirt-cim."""
    yield from staged(lab, tmp_path_factory.mktemp("compat"), compat="libvirt-cim")


def staged(lab: Lab, directory: Path, **settings: str) -> Iterator[Stage]:
    """Serve a lab."""
    let_in(directory)
    let_in(directory, TYPIST, TYPED)
    lab.connect().close()
    with serving(lab.uri(), directory, reconcile_interval=NEVER, **settings) as server:
        one = Stage(lab, server)
        yield one
        one.close()


# Snapshots that libvirt keeps


def test_a_tree_of_snapshots(stage: Stage) -> None:
    """Off, running, paused; each is applied; the middle one goes; virsh sees the same."""
    stage.guest("tree")
    job, off = stage.create("tree", FULL, words("off", "before it all"))
    assert (job["JobState"], job["ErrorCode"], job["PercentComplete"]) == (COMPLETED, 0, 100)
    assert off["InstanceID"] == "KVM:tree/snapshot/off"
    changed = {
        one["AffectedElement"].classname: (one["AffectedElement"].get("InstanceID"), effects(one))
        for one in stage.client.References(job.path, ResultClass="KVM_AffectedJobElement")
    }
    assert changed == {"KVM_ComputerSystem": (None, 2), SETTING: (off["InstanceID"], 5)}
    (maker,) = stage.client.AssociatorNames(off, AssocClass="KVM_AffectedJobElement")
    assert maker["InstanceID"] == job["InstanceID"]
    setting = stage.client.GetInstance(off)
    assert (setting["ElementName"], setting["Notes"]) == ("off", ["before it all"])
    assert request_state(stage.client, "tree", ENABLED) == DONE
    _, running = stage.create("tree", FULL, words("running"))
    assert request_state(stage.client, "tree", QUIESCE) == DONE
    _, paused = stage.create("tree", FULL, words("paused"))
    assert stage.tree("tree") == {"off": None, "running": "off", "paused": "running"}
    for one, state in ((running, ENABLED), (off, DISABLED), (paused, QUIESCE)):
        job = stage.apply(one)
        assert (job["JobState"], job["ErrorDescription"]) == (COMPLETED, None)
        assert stage.state("tree") == state
        (last,) = stage.client.AssociatorNames(path("tree"), AssocClass="KVM_LastAppliedSnapshot")
        assert last["InstanceID"] == one["InstanceID"]
    assert stage.system("tree")["RequestedState"] == QUIESCE  # nobody has requested another
    assert stage.destroy(running)["JobState"] == COMPLETED
    assert stage.tree("tree") == {"off": None, "paused": "off"}
    with pytest.raises(pywbem.CIMError, match="NOT_FOUND"):
        stage.client.GetInstance(running)
    with pytest.raises(pywbem.CIMError, match="Snapshot does not exist"):
        stage.call("ApplySnapshot", Snapshot=running)
    assert stage.state("tree") == QUIESCE


def test_a_snapshot_without_a_name_gets_one(stage: Stage) -> None:
    """Another one each time; settings may be left out, be empty, or come as MOF."""
    stage.guest("nameless")
    found = [stage.create("nameless", FULL, one)[1]["InstanceID"] for one in (None, words(""))]
    assert len(set(found)) == 2
    mof = f'instance of {SETTING} {{ ElementName = "from MOF"; Notes = "text"; }};'
    _, made = stage.create("nameless", DISK, mof)
    setting = stage.client.GetInstance(made)
    assert (setting["ElementName"], setting["Notes"]) == ("from MOF", ["text"])
    assert len(stage.tree("nameless")) == 3


def test_a_snapshot_goes_back_in_time(stage: Stage) -> None:
    """The guest goes on where it was, and does not boot again."""
    stage.running("time")
    _, made = stage.create("time", FULL, words("ready"))
    assert images(stage.lab, "time") == ["ready"]
    assert request_state(stage.client, "time", DISABLED) == DONE
    assert stage.apply(made)["JobState"] == COMPLETED
    assert stage.state("time") == ENABLED
    assert "READY" not in stage.lab.serial_text("time")


def test_disks_alone(stage: Stage) -> None:
    """A running guest goes on over its image; libvirt 9 cannot go back there, and says so."""
    domain = stage.running("disks")
    job, made = stage.create("disks", DISK, words("below"))
    assert job["JobState"] == COMPLETED
    assert "disks.below" in domain.XMLDesc()
    before = stage.system("disks")
    job = stage.apply(made)
    assert (job["JobState"], job["ErrorCode"]) == (EXCEPTION, pywbem.CIM_ERR_NOT_SUPPORTED)
    assert job["ErrorDescription"] == (
        "Unable to apply snapshot `below' to domain `disks': unsupported configuration: "
        "revert to external snapshot not supported yet; the domain is running"
    )
    assert stage.system("disks") == before
    assert stage.destroy(made)["JobState"] == COMPLETED
    assert "disks.below" not in domain.XMLDesc()


@pytest.mark.parametrize("on", [False, True])
def test_a_disk_that_can_hold_no_snapshot(stage: Stage, *, on: bool) -> None:
    """The job says why in libvirt's words; nothing is left, and the guest is as it was."""
    name = f"raw{int(on)}"
    (stage.running if on else stage.guest)(name, stage.lab.guest_xml(name))
    before = stage.system(name)
    job, made = stage.create(name, FULL)
    assert job["JobState"] == EXCEPTION
    error = stage.error(job)
    assert error["CIMStatusCode"] == pywbem.CIM_ERR_NOT_SUPPORTED
    assert "internal snapshot for disk hda unsupported for storage type raw" in error["Message"]
    assert error["Message"].startswith("Unable to make snapshot")
    assert stage.tree(name) == {}
    assert stage.system(name) == before
    with pytest.raises(pywbem.CIMError, match="NOT_FOUND"):
        stage.client.GetInstance(made)


# Memory


def test_memory_is_saved_and_the_guest_goes_on(stage: Stage) -> None:
    """Nothing is left that could be put over newer disks, or keep the guest from starting."""
    domain = stage.running("goes-on")
    job, made = stage.create("goes-on", MEMORY)
    assert (job["JobState"], made["InstanceID"]) == (COMPLETED, "KVM:goes-on")
    assert stage.state("goes-on") == ENABLED
    assert "READY" not in stage.lab.serial_text("goes-on")  # it was not booted again
    assert not domain.hasManagedSaveImage()
    assert stage.call("ApplySnapshot", Snapshot=made) == (INVALID_STATE, {})
    assert stage.call("DestroySnapshot", AffectedSnapshot=made) == (INVALID_STATE, {})
    for state in (DISABLED, ENABLED):
        assert request_state(stage.client, "goes-on", state) == DONE
    eventually(lambda: "READY" in stage.lab.serial_text("goes-on"))


def test_memory_is_saved_and_the_guest_stays_off(stage: Stage) -> None:
    """Until it is applied: then the guest goes on, and the image is gone."""
    domain = stage.running("stays-off")
    job, made = stage.create("stays-off", MEMORY_TERMINAL)
    assert job["JobState"] == COMPLETED
    assert (stage.state("stays-off"), bool(domain.hasManagedSaveImage())) == (OFFLINE, True)
    assert stage.apply(made)["JobState"] == COMPLETED
    assert (stage.state("stays-off"), bool(domain.hasManagedSaveImage())) == (ENABLED, False)
    assert "READY" not in stage.lab.serial_text("stays-off")


def test_saved_memory_is_destroyed(stage: Stage) -> None:
    """At once; the guest is off then, and its next start boots it."""
    domain = stage.running("forgets")
    _, made = stage.create("forgets", MEMORY_TERMINAL)
    assert stage.call("DestroySnapshot", AffectedSnapshot=made) == (DONE, {})
    assert (stage.state("forgets"), bool(domain.hasManagedSaveImage())) == (DISABLED, False)
    assert request_state(stage.client, "forgets", ENABLED) == DONE
    eventually(lambda: "READY" in stage.lab.serial_text("forgets"))


def test_a_paused_guest_stays_paused(stage: Stage) -> None:
    """Saving and restoring its memory does not make it run."""
    stage.running("halted")
    assert request_state(stage.client, "halted", QUIESCE) == DONE
    assert stage.create("halted", MEMORY)[0]["JobState"] == COMPLETED
    assert stage.state("halted") == QUIESCE


def test_no_memory_outlives_an_applied_snapshot(stage: Stage) -> None:
    """What was saved before belongs to other disks, and is gone."""
    domain = stage.running("older")
    _, made = stage.create("older", FULL, words("older"))
    stage.create("older", MEMORY_TERMINAL)
    assert stage.apply(made)["JobState"] == COMPLETED
    assert (stage.state("older"), bool(domain.hasManagedSaveImage())) == (ENABLED, False)


# What is refused


def test_refusals(stage: Stage) -> None:
    """Each by the code of the method, or by an error that says what is wrong; nothing begins."""
    stage.guest("refused")
    system = path("refused")
    jobs = len(stage.client.EnumerateInstanceNames("KVM_SnapshotJob"))
    for kind, code in (
        (1, INVALID_TYPE), (4, INVALID_TYPE), (32770, INVALID_TYPE),
        (MEMORY, INVALID_STATE), (MEMORY_TERMINAL, INVALID_STATE),
    ):  # fmt: skip
        number = pywbem.Uint16(kind)
        answer = stage.call("CreateSnapshot", AffectedSystem=system, SnapshotType=number)
        assert answer == (code, {}), kind
    assert stage.call("ApplySnapshot", Snapshot=own_setting("refused"))[0] == INVALID_STATE
    full = pywbem.Uint16(FULL)
    named = {"AffectedSystem": system, "SnapshotType": full}
    errors: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("CreateSnapshot", {"AffectedSystem": system}, "PARAMETER: Missing SnapshotType"),
        ("CreateSnapshot", {"SnapshotType": full}, "PARAMETER: Missing AffectedSystem"),
        ("CreateSnapshot", {"AffectedSystem": path("nobody"), "SnapshotType": full},
         "NOT_FOUND: Referenced domain `nobody' does not exist: Domain not found"),
        ("CreateSnapshot", {"AffectedSystem": own_setting("refused"), "SnapshotType": full},
         "PARAMETER"),
        ("CreateSnapshot", {**named, "SnapshotSettings": words("a/b")}, "PARAMETER: ElementName"),
        ("CreateSnapshot", {**named, "SnapshotSettings": words("12")}, "it is a number"),
        ("CreateSnapshot", {**named, "SnapshotSettings": words("a", "\x7f")}, "PARAMETER: Notes"),
        ("ApplySnapshot", {}, "PARAMETER: Missing Snapshot"),
        ("DestroySnapshot", {}, "PARAMETER: Missing AffectedSnapshot"),
        ("ApplySnapshot", {"Snapshot": own_setting("nobody")}, "NOT_FOUND: Snapshot does"),
        ("ApplySnapshot", {"Snapshot": own_setting("refused/snapshot/no")}, "NOT_FOUND"),
        ("DestroySnapshot", {"AffectedSnapshot": system}, "PARAMETER"),
    )  # fmt: skip
    for method, arguments, text in errors:
        with pytest.raises(pywbem.CIMError) as caught:
            stage.call(method, **arguments)
        assert text in f"{caught.value.status_code_name} {caught.value.status_description}", method
    assert len(stage.client.EnumerateInstanceNames("KVM_SnapshotJob")) == jobs
    assert stage.tree("refused") == {}


def test_a_name_that_is_taken(stage: Stage) -> None:
    """The snapshot that has it stays as it is."""
    stage.guest("taken")
    stage.create("taken", FULL, words("one", "first"))
    with pytest.raises(pywbem.CIMError, match="has a snapshot `one' already") as caught:
        stage.create("taken", FULL, words("one", "second"))
    assert caught.value.status_code == pywbem.CIM_ERR_ALREADY_EXISTS
    setting = make_path(SETTING, {"InstanceID": "KVM:taken/snapshot/one"})
    assert stage.client.GetInstance(setting)["Notes"] == ["first"]


def test_what_the_service_says_of_itself(stage: Stage) -> None:
    """Methods and types of the service, and types of a domain in its present state."""
    stage.guest("able")
    (able,) = stage.client.EnumerateInstances("KVM_VirtualSystemSnapshotServiceCapabilities")
    assert able["SnapshotTypesSupported"] == [FULL, DISK, MEMORY, MEMORY_TERMINAL]
    assert able["SynchronousMethodsSupported"] == [3]
    assert able["AynchronousMethodsSupported"] == [2, 3, 4]
    target = make_path("KVM_VirtualSystemSnapshotCapabilities", {"InstanceID": "able"})
    assert stage.client.GetInstance(target)["SnapshotTypesEnabled"] == [FULL, DISK]
    assert request_state(stage.client, "able", ENABLED) == DONE
    assert stage.client.GetInstance(target)["SnapshotTypesEnabled"] == [
        FULL, DISK, MEMORY, MEMORY_TERMINAL,
    ]  # fmt: skip


# Clients of libvirt-cim


def test_memory_for_clients_of_libvirt_cim(compat: Stage) -> None:
    """Both types, applied and destroyed, over the setting that they know."""
    domain = compat.running("legacy")
    settings = words("whatever")
    job, made = compat.create("legacy", MEMORY, settings)
    assert (job["JobState"], job["Name"], made["InstanceID"]) == (
        COMPLETED, "Snapshot", "KVM:legacy",
    )  # fmt: skip
    assert compat.state("legacy") == ENABLED
    assert "READY" not in compat.lab.serial_text("legacy")
    for _ in range(2):
        job, made = compat.create("legacy", MEMORY_TERMINAL, settings)
        assert (job["JobState"], compat.state("legacy")) == (COMPLETED, OFFLINE)
        if compat.apply(made)["JobState"] == COMPLETED:
            assert compat.state("legacy") == ENABLED
    compat.create("legacy", MEMORY_TERMINAL, settings)
    assert compat.call("DestroySnapshot", AffectedSnapshot=made) == (DONE, {})
    assert (compat.state("legacy"), bool(domain.hasManagedSaveImage())) == (DISABLED, False)
    assert request_state(compat.client, "legacy", ENABLED) == DONE
    eventually(lambda: "READY" in compat.lab.serial_text("legacy"))


def test_refusals_for_clients_of_libvirt_cim(compat: Stage) -> None:
    """They are CIM errors, in the words that those clients know."""
    compat.guest("denied")
    system, settings = path("denied"), words("any")
    memory, full = pywbem.Uint16(MEMORY), pywbem.Uint16(FULL)
    errors: tuple[tuple[str, dict[str, Any], int, str], ...] = (
        ("CreateSnapshot", {"AffectedSystem": system, "SnapshotSettings": settings,
                            "SnapshotType": full}, 7,
         "Only memory(32768,32769) snapshots are supported"),
        ("CreateSnapshot", {"AffectedSystem": system, "SnapshotType": memory}, 4,
         "Missing SnapshotSettings"),
        ("CreateSnapshot", {"AffectedSystem": system}, 4, "Missing SnapshotType"),
        ("CreateSnapshot", {"SnapshotType": memory}, 4, "Missing AffectedSystem"),
        ("CreateSnapshot", {"AffectedSystem": system, "SnapshotSettings": settings,
                            "SnapshotType": memory}, 1, "has no memory"),
        ("ApplySnapshot", {}, 4, "Missing Snapshot"),
        ("ApplySnapshot", {"Snapshot": own_setting("nobody")}, 1, "Invalid InstanceID in Snapshot"),
        ("ApplySnapshot", {"Snapshot": own_setting("denied")}, 1, "has no saved memory"),
        ("DestroySnapshot", {"AffectedSnapshot": own_setting("denied")}, 1, "no saved memory"),
    )  # fmt: skip
    for method, arguments, code, text in errors:
        with pytest.raises(pywbem.CIMError) as caught:
            compat.call(method, **arguments)
        assert (caught.value.status_code, text in caught.value.status_description) == (code, True)
    (able,) = compat.client.EnumerateInstances("KVM_VirtualSystemSnapshotServiceCapabilities")
    assert able["SnapshotTypesSupported"] == [MEMORY, MEMORY_TERMINAL]


# wbemcli


def test_wbemcli_makes_a_snapshot(stage: Stage) -> None:
    """It prints the code and the references of the reply."""
    stage.guest("typed")
    target = 'KVM_ComputerSystem.CreationClassName="KVM_ComputerSystem",Name="typed"'
    where = f"{stage.server.host}:{stage.server.port}/root/virt"
    url = stage.server.url.replace("://", f"://{TYPIST}:{TYPED}@")
    done = subprocess.run(
        ("wbemcli", "-nl", "cm", f"{url}/root/virt:{SERVICE}",
         f"CreateSnapshot.SnapshotType={FULL},AffectedSystem={where}:{target}"),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "CreateSnapshot: 4096" in done.stdout, done.stdout
    assert "KVM:typed/snapshot/" in done.stdout
    eventually(lambda: len(stage.tree("typed")) == 1)
