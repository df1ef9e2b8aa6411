"""Migrations that clients ask for, between two real hypervisors: jobs that tell the truth.

After each, whatever happened, the domain exists exactly once, and nothing says that it migrates.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients.callers import KVM, path
from tests.clients.migrations import (
    ALREADY_EXISTS,
    COMPLETED,
    EXCEPTION,
    FAILED,
    INVALID_PARAMETER,
    JOB,
    LIVE,
    MIGRATING,
    NOT_FOUND,
    OFFLINE,
    OTHER_HOST,
    OTHER_NAMESPACE,
    RESTART,
    RESUME,
    SLOW,
    STARTED,
    TCP,
    TERMINATED,
    Scene,
    answering,
    ended_labs,
    setting,
)
from tests.lab import Key, eventually
from tests.pair import Pair
from tests.serving import let_in, serving
from virtcim.hypervisors.model import DomainUUID
from virtcim.schema.valuemaps import JobState

NEVER = "600"
"""A reconciliation that the tests do not live to see: what they see came by events."""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two hypervisors that nobody kills."""
    pair = answering("virtcim-from", "virtcim-to")
    yield pair
    ended_labs(pair)


@pytest.fixture(scope="module")
def running(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server for all of them, which hears of changes by events alone."""
    directory = tmp_path_factory.mktemp("migration")
    let_in(directory)
    uris = (pair.source.uri(), directory, pair.target.uri())
    with serving(*uris, reconcile_interval=NEVER, sample_interval="0") as server:
        scene = Scene(pair, server)
        yield scene
        scene.client.close()


@pytest.fixture
def scene(running: Scene) -> Iterator[Scene]:
    """The same without domains."""
    yield running
    emptied(running)


def emptied(scene: Scene) -> None:
    """Leave no domain, and wait until the server has seen it."""
    scene.pair.clear()
    eventually(lambda: not scene.client.EnumerateInstanceNames(KVM))
    eventually(lambda: not scene.client.EnumerateInstanceNames(KVM, OTHER_NAMESPACE))


WAYS: dict[str, dict[str, Any]] = {
    "managed": {},
    "p2p": {"PeerToPeer": True},
    "tunnelled": {"Tunnelled": True},
    "bounded": {"Bandwidth": pywbem.Uint16(800), "BandwidthUnit": "bit*10^6/second"},
    "converging": {"AutoConverge": True, "Compressed": True,
                   "MaximumDowntime": pywbem.Uint32(500)},
}  # fmt: skip


@pytest.mark.parametrize(("way", "kind"), [*((way, LIVE) for way in WAYS), ("managed", RESUME)])
def test_a_running_domain_moves(scene: Scene, way: str, kind: int) -> None:
    """One host's clients lose it, the other's find it, the job is completed."""
    uuid = scene.guest("mover")
    wanted = setting(kind, **WAYS[way])
    assert scene.check("mover", wanted) is None
    job = scene.ended(scene.migrate("mover", wanted), COMPLETED)
    assert scene.is_there("mover", uuid)
    assert (job["PercentComplete"], job["ErrorCode"], job["Status"]) == (100, 0, "Completed")
    assert job["DestinationHost"] == OTHER_HOST
    assert job["Owner"] == "anna"


def test_a_system_can_be_named(scene: Scene) -> None:
    """The destination as the reference of another host's system, by the host's own name."""
    uuid = scene.guest("named")
    (other,) = scene.client.EnumerateInstanceNames("KVM_HostSystem", OTHER_NAMESPACE)
    assert other["Name"] == "virtcim-to"
    given = {"ComputerSystem": path("named"), "DestinationSystem": other,
             "MigrationSettingData": setting()}  # fmt: skip
    code, out = scene.call("CheckVirtualSystemIsMigratableToSystem", **given)
    assert (code, scene.is_migratable()) == (0, True)
    code, out = scene.call("MigrateVirtualSystemToSystem", **given)
    assert code == STARTED
    scene.ended(out["Job"], COMPLETED)
    assert scene.is_there("named", uuid)


def test_a_domain_that_is_off_moves(scene: Scene) -> None:
    """Its definition, and what is remembered of it; it starts with its new host as before."""
    uuid = scene.guest("still")
    domain = scene.pair.source.connect().lookupByUUIDString(uuid)
    domain.setAutostart(1)
    code, _ = scene.client.InvokeMethod(
        "RequestStateChange", path("still"), RequestedState=pywbem.Uint16(3)
    )
    assert code == 0
    job = scene.ended(scene.migrate("still", setting(OFFLINE)), COMPLETED)
    assert scene.is_there("still", uuid, enabled=3)
    assert scene.find("still", OTHER_NAMESPACE)["RequestedState"] == 3
    assert scene.pair.target.connect().lookupByUUIDString(uuid).autostart() == 1
    assert job["ErrorCode"] == 0


def test_a_domain_restarts_elsewhere(scene: Scene) -> None:
    """It is shut down here, and starts there."""
    uuid = scene.guest("restarted")
    scene.ended(scene.migrate("restarted", setting(RESTART)), COMPLETED)
    eventually(lambda: scene.is_there("restarted", uuid))


def test_a_restart_that_fails_is_taken_back(scene: Scene) -> None:
    """What cannot start there comes back, and runs as before."""
    uuid = scene.guest("rooted")
    connection = scene.pair.source.connect()
    domain = connection.lookupByUUIDString(uuid)
    # A file that only the source has: its own directory of images is no other's.
    own = scene.pair.source.directory / "lib/images"
    own.mkdir(exist_ok=True)
    (own / "rooted.img").write_bytes(scene.pair.source.boot_image("rooted").read_bytes())
    boot = str(scene.pair.source.directory / "rooted.img")
    domain.destroy()
    connection.defineXML(domain.XMLDesc().replace(boot, "/var/lib/libvirt/images/rooted.img"))
    domain.create()
    eventually(lambda: "READY" in scene.pair.source.serial_text("rooted"))
    eventually(lambda: scene.enabled("rooted") == 2)
    job = scene.ended(scene.migrate("rooted", setting(RESTART)), EXCEPTION)
    assert job["Status"].startswith("Failed to start domain on remote host")
    eventually(lambda: scene.is_here("rooted", uuid))


def test_a_guest_that_does_not_shut_down_stays(pair: Pair, tmp_path: Path) -> None:
    """It runs on, and the job says that it did not obey."""
    let_in(tmp_path)
    uris = (pair.source.uri(), tmp_path, pair.target.uri())
    with serving(*uris, migration_shutdown_seconds="1") as server:
        scene = Scene(pair, server)
        connection = pair.source.connect()
        deaf = pair.source.guest_xml("deaf").replace("<acpi/>", "")
        domain = connection.defineXML(deaf)
        domain.create()
        eventually(lambda: scene.enabled("deaf") == 2)
        job = scene.ended(scene.migrate("deaf", setting(RESTART)), EXCEPTION)
        assert job["Status"] == "Domain failed to shutdown in 1 seconds"
        eventually(lambda: scene.is_here("deaf", DomainUUID(domain.UUIDString())))
        scene.client.close()
    pair.clear()


def test_it_arrives_paused_and_under_another_name(scene: Scene) -> None:
    """As asked for."""
    uuid = scene.guest("before")
    wanted = setting(StartPaused=True, NewName="after")
    scene.ended(scene.migrate("before", wanted), COMPLETED)
    assert scene.enabled("after", OTHER_NAMESPACE) == 9
    assert scene.pair.moved(uuid)


def test_how_far_it_is_and_its_end(scene: Scene) -> None:
    """A guest that never converges: what its job shows, and that it stays when that is ended."""
    uuid = scene.guest("busy")
    scene.pair.press(uuid, Key.DIRTY)
    assert scene.find("busy")["OperatingStatus"] != MIGRATING
    job = scene.migrate("busy", setting(**SLOW))
    assert scene.find("busy")["OperatingStatus"] == MIGRATING
    scene.flowing(job)
    eventually(lambda: scene.job(job)["PercentComplete"] > 0)
    seen = scene.job(job)
    assert seen["JobState"] == JobState.RUNNING
    assert 0 < seen["PercentComplete"] < 100
    assert seen["DataTotal"] >= seen["DataRemaining"] > 0
    assert seen["Iteration"] >= 1
    assert scene.find("busy")["OperatingStatus"] == MIGRATING
    (changing,) = scene.client.AssociatorNames(path("busy"), ResultClass=JOB)
    assert changing["InstanceID"] == job["InstanceID"]
    code, text = scene.refused("busy")
    assert (code, "Migration is under way" in text) == (FAILED, True)
    assert scene.request(job) == 0
    found = scene.ended(job, TERMINATED)
    assert "at the request of anna" in found["Status"]
    assert scene.is_here("busy", uuid)
    assert scene.find("busy")["OperatingStatus"] != MIGRATING


def test_post_copy_ends_what_never_converges(scene: Scene) -> None:
    """As soon as it has passed over the memory once."""
    uuid = scene.guest("follower")
    scene.pair.press(uuid, Key.DIRTY)
    wanted = setting(PostCopy=True, Bandwidth=pywbem.Uint16(8))
    job = scene.ended(scene.migrate("follower", wanted), COMPLETED)
    assert (job["PercentComplete"], job["DataRemaining"]) == (100, 0)
    assert job["DataTotal"] > 0
    assert scene.is_there("follower", uuid)


# What is refused, and what is asked before


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        (setting(OFFLINE), INVALID_PARAMETER, "Domain must be shut off for offline migration"),
        (setting(0), INVALID_PARAMETER, "Unsupported migration type 0"),
        (setting(5), INVALID_PARAMETER, "Unsupported migration type 5"),
        (setting(TransportType=pywbem.Uint16(1)), INVALID_PARAMETER, "Unsupported transport 1"),
        (setting(MigrationURI="tcp://a b"), INVALID_PARAMETER, "MigrationURI: "),
        (setting(BandwidthUnit="furlong", **SLOW), INVALID_PARAMETER, "BandwidthUnit: "),
    ],
)
def test_what_cannot_be_asked_for(scene: Scene, given: Any, code: int, text: str) -> None:
    """It is refused at once, and there is no job."""
    scene.guest("asked")
    before = scene.client.EnumerateInstanceNames(JOB)
    assert scene.refused("asked", given)[0] == code
    assert text in scene.refused("asked", given)[1]
    assert scene.client.EnumerateInstanceNames(JOB) == before


@pytest.mark.parametrize("host", ["a b", "a/b", "a?keyfile=x", "host;rm", "", "[::1", "a:0", "1.2"])
def test_what_is_no_host(scene: Scene, host: str) -> None:
    """Nothing of it comes into a URI."""
    scene.guest("asked")
    assert scene.refused("asked", host=host)[0] == INVALID_PARAMETER


def test_who_is_out_of_reach(scene: Scene) -> None:
    """The client hears of it before there is a job."""
    uuid = scene.guest("hermit")
    code, text = scene.refused("hermit", setting(TransportType=pywbem.Uint16(TCP)), "127.0.0.1:1")
    assert code == FAILED
    assert "Failed to connect to remote host (qemu+tcp://127.0.0.1:1/system): " in text
    assert scene.is_here("hermit", uuid)


def test_references_that_are_none(scene: Scene) -> None:
    """Of another class, without a name, to a domain that is not there."""
    other = pywbem.CIMInstanceName("KVM_HostSystem", {"Name": "x"}, namespace="root/virt")
    nameless = pywbem.CIMInstanceName(KVM, {"CreationClassName": KVM}, namespace="root/virt")
    for wrong, code, text in (
        (other, INVALID_PARAMETER, "Invalid REF in ComputerSystem"),
        (nameless, INVALID_PARAMETER, "Missing key (Name) in ComputerSystem"),
        (path("nobody"), NOT_FOUND, "No such domain: "),
    ):
        with pytest.raises(pywbem.CIMError) as caught:
            scene.call(
                "MigrateVirtualSystemToHost", ComputerSystem=wrong, DestinationHost=OTHER_HOST
            )
        assert caught.value.status_code == code
        assert text in caught.value.status_description


def test_a_name_that_is_taken(scene: Scene) -> None:
    """Asking says so, and so does the migration."""
    uuid = scene.guest("twin")
    scene.pair.target.connect().defineXML(scene.pair.target.guest_xml("twin"))
    assert scene.check("twin") == ["Remote already has domain `twin'"]
    code, text = scene.refused("twin")
    assert (code, "Remote already has domain `twin'" in text) == (ALREADY_EXISTS, True)
    assert scene.pair.situation(scene.pair.source, uuid) is not None


def test_its_own_host_is_no_destination(scene: Scene) -> None:
    """By whatever name."""
    scene.guest("narcissus")
    reasons = scene.check("narcissus", host="default")
    assert reasons is not None
    assert "is the host of the domain itself" in reasons[0]


# Plugs that are pulled


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two hypervisors to kill, which come back, and a server that notices soon."""
    pair = answering("virtcim-frail-from", "virtcim-frail-to")
    directory = tmp_path_factory.mktemp("frail")
    let_in(directory)
    with serving(pair.source.uri(), directory, pair.target.uri()) as server:
        scene = Scene(pair, server)
        yield scene
        scene.client.close()
    ended_labs(pair)


@pytest.fixture
def frail(mortal: Scene) -> Iterator[Scene]:
    """The same without domains, connected to both."""
    eventually(lambda: mortal.connected(None) and mortal.connected(OTHER_NAMESPACE))
    yield mortal
    emptied(mortal)


@pytest.mark.parametrize("way", ["managed", "p2p"])
@pytest.mark.parametrize("victim", ["source", "target"])
def test_a_hypervisor_dies_half_way(frail: Scene, victim: str, way: str) -> None:
    """The job has failed, and the domain runs where it was."""
    uuid = frail.guest("survivor")
    frail.pair.press(uuid, Key.DIRTY)
    job = frail.migrate("survivor", setting(**SLOW, **WAYS[way]))
    frail.flowing(job)
    getattr(frail.pair, victim).signal_daemon(signal.SIGKILL)
    found = frail.ended(job, EXCEPTION)
    assert found["Status"].startswith("Migration Failed: ")
    assert found["ErrorCode"] != 0
    eventually(lambda: frail.is_here("survivor", uuid))


def test_a_hypervisor_is_away_for_a_while(frail: Scene) -> None:
    """As long as nobody knows where the domain is, the job does not say so."""
    uuid = frail.guest("schroedinger")
    frail.pair.press(uuid, Key.DIRTY)
    job = frail.migrate("schroedinger", setting(**SLOW))
    frail.flowing(job)
    logged = len(frail.server.log.read_text())
    frail.pair.source.hold()
    frail.pair.source.signal_daemon(signal.SIGKILL)
    eventually(lambda: "migration_not" in frail.server.log.read_text()[logged:])
    assert frail.job(job)["JobState"] == JobState.RUNNING
    frail.pair.source.release()
    frail.ended(job, EXCEPTION)
    eventually(lambda: frail.is_here("schroedinger", uuid))
