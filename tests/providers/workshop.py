"""A host whose domains are changed through the management service, as clients do it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.inventory.scripted import survey
from tests.providers.stage import NAMESPACE, SERVER, Store
from virtcim.broker.broker import Broker
from virtcim.broker.calling import CALLER, Caller
from virtcim.hypervisors.actions import Definitions, ReadDefinitions
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.port import Hypervisor
from virtcim.infostore import Infostore
from virtcim.inventory import Host
from virtcim.inventory.snapshots import Domain
from virtcim.jobs import Engine
from virtcim.providers.model import Server
from virtcim.providers.registry import build_namespaces
from virtcim.schema.layouts import Record
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Value
from virtcim.wbem.operations import Argument
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply

SYSTEM, DISK, NET = "VirtualSystemSettingData", "Disk", "Net"


class Workshop:
    """A host and its broker; `prefix` is that of the hypervisor's classes."""

    def __init__(
        self,
        hypervisor: Hypervisor,
        prefix: str,
        *,
        compat: bool = False,
        store: Store | Infostore | None = None,
    ) -> None:
        self.hypervisor = hypervisor
        self.prefix = prefix
        self.store: Any = store or Store()
        self.host = Host("h", self.hypervisor, self.store, prefix=prefix, namespace=NAMESPACE)
        self.engine = Engine(self.store)
        server = Server(SERVER, "1.2.3", compat=compat)
        self.namespaces = build_namespaces((self.host,), server, self.engine)
        self.broker = Broker(self.namespaces, server.host_name)

    def name(self, kind: str) -> str:
        """The class of settings of a kind: "Disk", "Net", ...; or of what is no resource."""
        if kind == SYSTEM:
            return f"{self.prefix}_{kind}"
        return f"{self.prefix}_{kind}ResourceAllocationSettingData"

    def mof(self, kind: str, values: Mapping[str, Any]) -> str:
        """An embedded instance as MOF."""
        lines = "".join(
            f"  {name} = {_mof(value)};\n" for name, value in values.items() if value is not None
        )
        return f"instance of {self.name(kind)} {{\n{lines}}};"

    def path(self, kind: str, instance_id: str) -> ObjectPath:
        """The path of a setting."""
        return ObjectPath(self.name(kind), (("InstanceID", instance_id),), NAMESPACE)

    def system_path(self, name: str) -> ObjectPath:
        """The path of a domain."""
        class_name = f"{self.prefix}_ComputerSystem"
        return ObjectPath(
            class_name, (("CreationClassName", class_name), ("Name", name)), NAMESPACE
        )

    async def call(
        self, method: str, *, dry_run: bool = False, **arguments: Any
    ) -> Mapping[str, Value]:
        """Call a method of the service, which must return 0, and give its outputs."""
        reply = await self.reply(method, dry_run=dry_run, **arguments)
        assert reply.return_value == 0
        return {one.name: one.value for one in reply.out}

    async def reply(self, method: str, *, dry_run: bool = False, **arguments: Any) -> MethodReply:
        """Call a method of the service."""
        CALLER.set(Caller("tester", dry_run))
        reply = await self.broker.change(
            ops.InvokeMethod(
                namespace=NAMESPACE,
                target=ObjectPath(f"{self.prefix}_VirtualSystemManagementService", None, NAMESPACE),
                method=method,
                arguments=tuple(Argument(name, None, value) for name, value in arguments.items()),
            )
        )
        assert isinstance(reply, MethodReply)
        return reply

    async def define(self, name: str, *resources: str, **values: Any) -> Mapping[str, Value]:
        """Call DefineSystem."""
        system = self.mof(SYSTEM, {"VirtualSystemIdentifier": name, **values})
        return await self.call("DefineSystem", SystemSettings=system, ResourceSettings=resources)

    async def modify(
        self, kind: str, instance_id: str, *, dry_run: bool = False, **values: Any
    ) -> Mapping[str, Value]:
        """Change one setting of a resource."""
        one = self.mof(kind, {"InstanceID": instance_id, **values})
        return await self.call("ModifyResourceSettings", dry_run=dry_run, ResourceSettings=(one,))

    async def modify_system(
        self, instance_id: str, *, dry_run: bool = False, **values: Any
    ) -> Mapping[str, Value]:
        """Change the settings of a system."""
        one = self.mof(SYSTEM, {"InstanceID": instance_id, **values})
        return await self.call("ModifySystemSettings", dry_run=dry_run, SystemSettings=one)

    async def add(self, name: str, *resources: str, dry_run: bool = False) -> Mapping[str, Value]:
        """Add resources to a domain."""
        return await self.call(
            "AddResourceSettings",
            dry_run=dry_run,
            AffectedConfiguration=self.path(SYSTEM, f"{self.prefix}:{name}"),
            ResourceSettings=resources,
        )

    async def remove(
        self, kind: str, *instance_ids: str, dry_run: bool = False
    ) -> Mapping[str, Value]:
        """Remove resources."""
        paths = tuple(self.path(kind, one) for one in instance_ids)
        return await self.call("RemoveResourceSettings", dry_run=dry_run, ResourceSettings=paths)

    def domain(self, name: str) -> Domain:
        """A domain as it is known."""
        return self.host.listing.names[name]

    async def texts(self, name: str) -> Definitions:
        """The definitions of a domain as they are."""
        return await self.host.perform(ReadDefinitions(uuid=self.domain(name).uuid))

    def setting(self, kind: str, instance_id: str) -> Record:
        """A setting by its InstanceID; raises LookupError."""
        provider = self.namespaces.get(NAMESPACE).provider(self.name(kind))
        assert provider is not None
        for record in provider.records():
            if record["InstanceID"] == instance_id:
                return record
        raise LookupError(instance_id)


def ids(outputs: Mapping[str, Value]) -> list[str]:
    """The InstanceIDs of the settings that a method gives."""
    found = outputs["ResultingResourceSettings"]
    assert isinstance(found, tuple)
    paths = [path for path in found if isinstance(path, ObjectPath)]
    return [str(dict(path.keys or ())["InstanceID"]) for path in paths]


def _mof(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, tuple | list):
        return f"{{ {', '.join(map(_mof, value))} }}" if value else "{}"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def work(
    scene: Callable[[Workshop], Awaitable[None]], uri: str, prefix: str, *, compat: bool = False
) -> None:
    """Play a scene with a host, and close it."""

    async def run() -> None:
        shop = Workshop(LibvirtHypervisor(uri), prefix, compat=compat)
        await shop.host.start()
        await survey(shop.host)
        try:
            await scene(shop)
        finally:
            await shop.engine.close()
            await shop.host.close()

    asyncio.run(run())
