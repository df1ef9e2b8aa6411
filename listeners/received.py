"""Indications that other servers deliver here: counted and logged, until somebody wants them."""

import structlog
from prometheus_client import CollectorRegistry, Counter

from virtcim.broker.calling import CALLER
from virtcim.wbem.objects import Instance

log = structlog.get_logger("virtcim.listeners")

LONGEST = 200
"""Characters of a name or an identifier in the log; both are the sender's."""


class ReceivedIndications:
    """Takes every indication (broker.sinks.IndicationSink)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        # No class as a label: senders choose them.
        self._received = Counter(
            "virtcim_indications_received",
            "Indications that other servers have delivered.",
            registry=registry,
        )

    async def receive(self, indication: Instance) -> None:
        """Count and log it."""
        self._received.inc()
        told = indication.by_name.get("indicationidentifier")
        log.info(
            "indication_received",
            user=CALLER.get().user,
            cim_class=indication.class_name[:LONGEST],
            identifier="-" if told is None or told.value is None else str(told.value)[:LONGEST],
        )
