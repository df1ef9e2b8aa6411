"""Where indications go that other servers deliver here: the port behind ExportIndication."""

from typing import Protocol

from virtcim.wbem.objects import Instance


class IndicationSink(Protocol):
    """Takes what is delivered; `broker.calling.CALLER` says who delivers it."""

    async def receive(self, indication: Instance) -> None:
        """Take an indication; when this returns its sender forgets it.

        Raises WBEMError; a sender tries again after Failed.
        """
