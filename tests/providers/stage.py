"""A host of libvirt's test driver with its providers, in one event loop, for one scene."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from tests.serving import EIGHT_STATES
from virtcim.broker.broker import Broker
from virtcim.hypervisors.actions import Action
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.model import DomainUUID, Verb
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.job_table import JobWrite
from virtcim.infostore.jobs import JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory import Host
from virtcim.jobs import Engine
from virtcim.providers.model import Server
from virtcim.providers.registry import build_namespaces
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply

T = TypeVar("T")

NAMESPACE = "root/virt"
SYSTEM = "Test_ComputerSystem"
HOST = "Test_HostSystem"
SERVER = "host.example.org"


class Store:
    """Records in memory; `fault` is raised instead of keeping one."""

    def __init__(self) -> None:
        self.kept: dict[str, DomainRecord] = {}
        self.fault: InfostoreError | None = None

    async def records(self, _host: str) -> Mapping[str, DomainRecord]:
        """Return all."""
        return dict(self.kept)

    async def put(self, _host: str, uuid: str, record: DomainRecord) -> None:
        """Keep one."""
        if self.fault is not None:
            raise self.fault
        self.kept[uuid] = record

    async def remove(self, _host: str, uuid: str) -> None:
        """Forget one."""
        self.kept.pop(uuid, None)

    async def jobs(self) -> list[JobRecord]:
        """Return none: the server has just been installed."""
        return []

    async def write_job(self, write: JobWrite) -> None:
        """Keep what changes with a job."""
        if self.fault is not None:
            raise self.fault
        self.kept |= {uuid: record for (_, uuid), record in write.domains.items()}


class Driver(LibvirtHypervisor):
    """The real driver, which can be told to fail, and remembers what it did."""

    def __init__(self) -> None:
        super().__init__(f"test://{EIGHT_STATES}")
        self.fault: Exception | None = None
        self.action_fault: Exception | None = None
        self.done: list[Verb] = []

    async def change(self, uuid: DomainUUID, verb: Verb, *, deadline: float | None = None) -> None:
        """Do one thing to a domain."""
        if self.fault is not None:
            raise self.fault
        await super().change(uuid, verb, deadline=deadline)
        self.done.append(verb)

    async def perform(self, action: Action[T], *, deadline: float | None = None) -> T:
        """Do what an action says."""
        if self.action_fault is not None:
            raise self.action_fault
        return await super().perform(action, deadline=deadline)


class Stage:
    """A started host and its broker."""

    def __init__(self, *, compat: bool) -> None:
        self.driver = Driver()
        self.store = Store()
        self.engine = Engine(self.store)
        self.host = Host("h", self.driver, self.store, prefix="Test", namespace=NAMESPACE)
        server = Server(SERVER, "1.2.3", compat=compat)
        self.namespaces = build_namespaces((self.host,), server, self.engine)
        self.broker = Broker(self.namespaces, server.host_name)
        self.statistics = server.statistics

    def records(self, class_name: str, namespace: str = NAMESPACE) -> list[Record]:
        """Return all instances of exactly one class."""
        provider = self.namespaces.get(namespace).provider(class_name)
        assert provider is not None
        return [*provider.records()]

    def system(self, name: str) -> Record:
        """Return the instance of a domain."""
        return next(record for record in self.records(SYSTEM) if record["Name"] == name)

    async def request(
        self, name: str, state: str | None, period: str | None = None, class_name: str = SYSTEM
    ) -> int:
        """Call RequestStateChange and return its code."""
        keys = (("CreationClassName", SYSTEM), ("Name", name))
        operation = ops.InvokeMethod(
            namespace=NAMESPACE,
            target=ObjectPath(class_name, keys, NAMESPACE),
            method="RequestStateChange",
            arguments=(
                Argument("RequestedState", None, state),
                Argument("TimeoutPeriod", None, period),
            ),
        )
        reply = await self.broker.change(operation)
        assert isinstance(reply, MethodReply)
        assert isinstance(reply.return_value, int)
        assert reply.out == ()
        return reply.return_value


def play(
    scene: Callable[[Stage], Awaitable[None]], *, compat: bool = False, started: bool = True
) -> None:
    """Play a scene with a host, and close it."""

    async def run() -> None:
        stage = Stage(compat=compat)
        if started:
            await stage.host.start()
        try:
            await scene(stage)
        finally:
            if started:
                await stage.host.close()

    asyncio.run(run())
