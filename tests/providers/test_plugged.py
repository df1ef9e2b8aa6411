"""What is fetched of a plug-in is made ready on its thread, for reads that do not wait."""

import asyncio
import threading
from collections.abc import Iterator

from tests.broker.world import layout, repository
from virtcim.broker.kit import ObjectPath, Provider, Row
from virtcim.providers.plugged import PluggedClass, PluggedProvider
from virtcim.providers.plugged_offers import Offer
from virtcim.providers.workshop import Workshop

N = "root/a"
DEVICE = ObjectPath("T_Device", (("DeviceID", "d1"),), N)


class Has(Provider):
    """Associations of many systems with one device."""

    class_name = "T_Has"

    def instances(self) -> Iterator[Row]:
        """Yield some."""
        for number in range(9):
            keys = (("Name", "one"), ("Number", number), ("Live", True))
            yield {"First": ObjectPath("T_System", keys), "Second": DEVICE}


def test_ends_are_found_where_they_do_not_hold_up_others() -> None:
    """Who follows an association looks up the source, and nothing of the instances."""
    threads: list[threading.Thread] = []

    def home(name: str) -> str:
        threads.append(threading.current_thread())
        return name

    async def main() -> int:
        shop = Workshop("x", 30)
        one = PluggedClass("x", repository(), N, layout("T_Has"), shop)
        provider = PluggedProvider(one, Offer(Has(), "T_Has", {}), home)
        await provider.fetch(None)
        threads.clear()
        found = [role for role, _ in provider.referring(DEVICE)]
        shop.close()
        assert set(found) == {"Second"}
        return len(found)

    assert asyncio.run(main()) == 9
    assert threads == [threading.current_thread()]
