"""The composition root: what it makes of settings, and what it does beside serving."""

import asyncio
from contextlib import suppress

from tests.broker.test_pulling import SECONDS, Desk, opened
from virtcim.broker.pulling import PullLimits
from virtcim.configuration.settings import Pull
from virtcim.server import pull_limits, sweep


def test_limits_of_pulls_are_settings() -> None:
    """Each has one, with the same default."""
    assert pull_limits(Pull()) == PullLimits()
    given = Pull(seconds=1, longest_seconds=2, objects=3, open=4, user_open=5, keep_alives=6)
    assert pull_limits(given) == PullLimits(
        timeout=1, longest_timeout=2, objects=3, open=4, open_of_user=5, keep_alives=6
    )


def test_what_clients_leave_behind_is_swept() -> None:
    """Nobody needs to come for it."""
    desk = Desk()

    async def run() -> None:
        opened(desk)
        desk.clock.seconds += SECONDS + 1
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await sweep(desk.all, 0)

    asyncio.run(run())
    assert len(desk.all) == 0
