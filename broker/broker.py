"""The broker: one operation in, one reply out.

Reads run to their end without waiting; changes are coroutines. What is not in a table here is
answered with CIM_ERR_NOT_SUPPORTED.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from virtcim.broker import associations, changes, classes, instances, queries, schema_changes
from virtcim.broker.calling import CALLER
from virtcim.broker.fetching import fetched
from virtcim.broker.methods import invoke_method
from virtcim.broker.namespaces import Namespaces
from virtcim.broker.opening import PULLED, Place
from virtcim.broker.pulling import Clock, Enumerations, PullLimits
from virtcim.broker.sinks import IndicationSink
from virtcim.wbem import operations as ops
from virtcim.wbem.replies import Reply, VoidReply
from virtcim.wbem.status import NotSupported

_READS: Mapping[type, Callable[..., Reply]] = {
    ops.GetClass: classes.get_class,
    ops.EnumerateClasses: classes.enumerate_classes,
    ops.EnumerateClassNames: classes.enumerate_class_names,
    ops.GetQualifier: classes.get_qualifier,
    ops.EnumerateQualifiers: classes.enumerate_qualifiers,
    ops.GetInstance: instances.get_instance,
    ops.EnumerateInstances: instances.enumerate_instances,
    ops.EnumerateInstanceNames: instances.enumerate_instance_names,
    ops.GetProperty: instances.get_property,
}

_TRAVERSALS: Mapping[type, Callable[..., Reply]] = {
    ops.Associators: associations.associators,
    ops.AssociatorNames: associations.associator_names,
    ops.References: associations.references,
    ops.ReferenceNames: associations.reference_names,
    ops.ExecQuery: queries.exec_query,
}

_CHANGES: Mapping[type, Callable[..., Awaitable[Reply]]] = {
    ops.InvokeMethod: invoke_method,
    ops.CreateInstance: changes.create_instance,
    ops.ModifyInstance: changes.modify_instance,
    ops.DeleteInstance: changes.delete_instance,
    ops.SetProperty: changes.set_property,
    ops.CreateClass: schema_changes.create_class,
    ops.ModifyClass: schema_changes.modify_class,
    ops.DeleteClass: schema_changes.delete_class,
    ops.SetQualifier: schema_changes.set_qualifier,
    ops.DeleteQualifier: schema_changes.delete_qualifier,
}


DEFAULT_LIMITS = PullLimits()


class Broker:
    """Executes operations in its namespaces, whose providers are there when it is made.

    `host` completes the paths that carry a host, `sink` takes indications of other servers.
    """

    def __init__(
        self,
        namespaces: Namespaces,
        host: str,
        limits: PullLimits = DEFAULT_LIMITS,
        now: Clock = time.monotonic,
        sink: IndicationSink | None = None,
    ) -> None:
        self._sink = sink
        self.namespaces = namespaces
        self.host = host
        self.enumerations = Enumerations(limits, now)
        self.fetches = any(namespace.fetched for namespace in namespaces)
        self._place = Place(namespaces, host, self.enumerations)

    def fetched(self, operation: ops.Operation) -> Awaitable[None] | None:
        """Begin to fetch what `read` will read; return what to wait for, None if nothing is.

        Waiting raises WBEMError.
        """
        return fetched(self.namespaces, operation) if self.fetches else None

    def read(self, operation: ops.Operation) -> Reply:
        """Execute an operation that is no `Change`; raises WBEMError."""
        read = _READS.get(type(operation))
        if read is not None:
            return read(self.namespaces, operation)
        traverse = _TRAVERSALS.get(type(operation))
        if traverse is not None:
            return traverse(self.namespaces, self.host, operation)
        pulled = PULLED.get(type(operation))
        if pulled is not None:
            return pulled(self._place, operation)
        raise self._unserved(operation)

    async def change(self, operation: ops.Change) -> Reply:
        """Execute an operation that may take time; raises WBEMError."""
        change = _CHANGES.get(type(operation))
        if change is not None:
            waiting = self.fetched(operation)
            if waiting is not None:
                await waiting
            return await change(self.namespaces, operation)
        if isinstance(operation, ops.ExportIndication):
            return await self._receive(operation)
        raise self._unserved(operation)

    async def _receive(self, operation: ops.ExportIndication) -> Reply:
        if self._sink is None:
            raise NotSupported("indications are not received")
        if CALLER.get().dry_run:
            raise NotSupported("ExportIndication cannot be rehearsed (dry run)")
        await self._sink.receive(operation.new_indication)
        return VoidReply()

    def _unserved(self, operation: Any) -> NotSupported:
        self.namespaces.get(operation.namespace)
        return NotSupported(f"{type(operation).__name__} is not served")
