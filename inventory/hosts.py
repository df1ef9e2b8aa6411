"""All hosts of the server."""

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from virtcim.inventory.host import ChangeListener, Host


class Inventory:
    """The hosts, by name and by namespace; raises ValueError when two share either."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        listed = tuple(hosts)
        self.hosts: Mapping[str, Host] = MappingProxyType({host.name: host for host in listed})
        self.namespaces: Mapping[str, Host] = MappingProxyType(
            {host.namespace: host for host in listed}
        )
        if not len(listed) == len(self.hosts) == len(self.namespaces):
            raise ValueError("two hosts have the same name or namespace")

    def on_change(self, listener: ChangeListener) -> None:
        """Tell (old, new) of every change of every host."""
        for host in self.hosts.values():
            host.on_change(listener)

    async def start(self) -> None:
        """Start every host, all at once."""
        async with asyncio.TaskGroup() as group:
            for host in self.hosts.values():
                group.create_task(host.start())

    async def close(self) -> None:
        """Close every host, all at once."""
        async with asyncio.TaskGroup() as group:
            for host in self.hosts.values():
                group.create_task(host.close())
