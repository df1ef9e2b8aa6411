"""What tests of migrations share: two hypervisors, a server over both, and a client of it."""

from typing import Any

import pytest
import pywbem

from tests.clients.callers import KVM, connect, path
from tests.clients.expected import NAMESPACE
from tests.lab import Lab, eventually
from tests.pair import Pair
from tests.serving import RunningServer
from virtcim.hypervisors.model import DomainUUID
from virtcim.jobs.states import FINAL
from virtcim.schema.valuemaps import JobState

SERVICE = "KVM_VirtualSystemMigrationService"
SETTING = "KVM_VirtualSystemMigrationSettingData"
JOB = "KVM_MigrationJob"
OTHER_NAMESPACE = "root/virt/qemu"
OTHER_HOST = "qemu"
"""The configured name of the second host."""
FIRST_HOST = "default"

OFFLINE, LIVE, RESUME, RESTART = 1, 2, 3, 4
SSH, TLS, TLS_STRICT, TCP, UNIX = 2, 3, 4, 5, 32768
FAILED, INVALID_PARAMETER, NOT_FOUND, NOT_SUPPORTED, ALREADY_EXISTS = 1, 4, 6, 7, 11
STARTED = 4096
MIGRATING = 9
OK = 2
COMPLETED, TERMINATED, EXCEPTION = JobState.COMPLETED, JobState.TERMINATED, JobState.EXCEPTION
TERMINATE = 4

STREAM = "tcp://127.0.0.1"
SLOW = {"Bandwidth": pywbem.Uint16(1)}


def setting(kind: int = LIVE, **given: Any) -> Any:
    """Return settings; disks of one machine look unsafe to libvirt, and its name is unknown."""
    usual: dict[str, Any] = {"MigrationType": pywbem.Uint16(kind), "InstanceID": "mine"}
    if kind in {LIVE, RESUME}:
        usual |= {"Unsafe": True, "MigrationURI": None if given.get("Tunnelled") else STREAM}
    wanted = {name: value for name, value in (usual | given).items() if value is not None}
    return pywbem.CIMInstance(SETTING, wanted)


class Scene:
    """Two hypervisors, a server over both, and a client of it."""

    def __init__(self, pair: Pair, server: RunningServer) -> None:
        self.pair = pair
        self.server = server
        self.client = connect(server)

    def guest(self, name: str, *, run: bool = True) -> DomainUUID:
        """Define a guest, and wait until the server knows how it is."""
        uuid = self.pair.guest(name, run=run)
        eventually(lambda: self.enabled(name) == (2 if run else 3))
        return uuid

    def enabled(self, name: str, namespace: str | None = None) -> int | None:
        """Return the EnabledState of a domain, None where there is none."""
        found = self.find(name, namespace)
        return None if found is None else found["EnabledState"]

    def connected(self, namespace: str | None = None) -> bool:
        """Whether the server has a connection to the host of a namespace."""
        (host,) = self.client.EnumerateInstances("KVM_HostSystem", namespace)
        return bool(host["CommunicationStatus"] == OK)

    def find(self, name: str, namespace: str | None = None) -> Any:
        """Return the instance of a domain at the first host, or at the second."""
        named = path(name)
        named.namespace = namespace or named.namespace
        try:
            return self.client.GetInstance(named)
        except pywbem.CIMError as error:
            if error.status_code != NOT_FOUND:
                raise
            return None

    def call(
        self, method: str, namespace: str = NAMESPACE, **arguments: Any
    ) -> tuple[int, dict[str, Any]]:
        """Invoke a method of the service of a host, on its class."""
        service = pywbem.CIMClassName(SERVICE, namespace=namespace)
        code, out = self.client.InvokeMethod(method, service, **arguments)
        return code, dict(out)

    def migrate(
        self, name: str, given: Any = None, host: str = OTHER_HOST, namespace: str = NAMESPACE
    ) -> Any:
        """Begin to migrate a domain of the host of a namespace; return the path of the job."""
        domain = path(name)
        domain.namespace = namespace
        code, out = self.call(
            "MigrateVirtualSystemToHost",
            namespace,
            ComputerSystem=domain,
            DestinationHost=host,
            MigrationSettingData=given or setting(),
        )
        assert code == STARTED
        assert out["Job"].classname == JOB
        return out["Job"]

    def check(self, name: str, given: Any = None, host: str = OTHER_HOST) -> list[str] | None:
        """Return what speaks against a migration; None when it is possible."""
        code, out = self.call(
            "CheckVirtualSystemIsMigratableToHost",
            ComputerSystem=path(name),
            DestinationHost=host,
            MigrationSettingData=given or setting(),
        )
        assert code == 0
        assert self.is_migratable() is (not out["Reasons"])
        return list(out["Reasons"]) or None

    def is_migratable(self) -> bool:
        """Return what the last reply says; pywbem takes every text for true."""
        reply = self.client.last_raw_reply
        return b'"IsMigratable" PARAMTYPE="boolean"><VALUE>TRUE' in _bytes(reply)

    def refused(self, name: str, given: Any = None, host: str = OTHER_HOST) -> tuple[int, str]:
        """Return the error of a migration that does not begin."""
        with pytest.raises(pywbem.CIMError) as caught:
            self.migrate(name, given, host)
        return caught.value.status_code, caught.value.status_description

    def job(self, job: Any) -> Any:
        """Return the instance of a job."""
        return self.client.GetInstance(job)

    def ended(self, job: Any, state: JobState) -> Any:
        """Wait for the end of a job; it must be this one. No flag outlives it."""
        eventually(lambda: JobState(self.job(job)["JobState"]) in FINAL)
        found = self.job(job)
        if found["JobState"] != state:
            log = self.server.log.read_text()[-3000:]
            raise AssertionError(f"{JobState(found['JobState'])!r}: {found['Status']}\n{log}")
        self.nothing_migrates()
        return found

    def flowing(self, job: Any) -> Any:
        """Wait until memory flows, and return the job then."""
        eventually(lambda: self.job(job)["DataProcessed"] > 0)
        return self.job(job)

    def nothing_migrates(self) -> None:
        """No domain says so, on either side."""
        for namespace in (None, OTHER_NAMESPACE):
            for one in self.client.EnumerateInstances(KVM, namespace):
                assert one["OperatingStatus"] != MIGRATING

    def request(self, job: Any, state: int = TERMINATE) -> int:
        """Ask a job to end."""
        code, _ = self.client.InvokeMethod(
            "RequestStateChange", job, RequestedState=pywbem.Uint16(state)
        )
        return int(code)

    def is_there(self, name: str, uuid: DomainUUID, enabled: int = 2) -> bool:
        """Whether clients and libvirt see a domain at the second host alone."""
        seen = (self.enabled(name), self.enabled(name, OTHER_NAMESPACE)) == (None, enabled)
        return seen and self.pair.moved(uuid)

    def is_here(self, name: str, uuid: DomainUUID) -> bool:
        """Whether they see it running at the first host alone."""
        seen = (self.enabled(name), self.enabled(name, OTHER_NAMESPACE)) == (2, None)
        return seen and self.pair.stayed(uuid)

    def restarted(self, server: RunningServer) -> "Scene":
        """Return the same over another run of the server."""
        self.client.close()
        return Scene(self.pair, server)


def _bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode()


def answering(*names: str) -> Pair:
    """Return two hypervisors that answer."""
    pair = Pair(*map(Lab, names))
    for lab in (pair.source, pair.target):
        lab.connect().close()
    return pair


def ended_labs(pair: Pair) -> None:
    """End both."""
    pair.source.stop()
    pair.target.stop()
