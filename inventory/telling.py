"""Telling listeners, so that a failing one costs no other its news."""

from collections.abc import Callable, Iterable
from typing import TypeVarTuple

import structlog

log = structlog.get_logger("virtcim.inventory")

Ts = TypeVarTuple("Ts")


def tell(listeners: Iterable[Callable[[*Ts], None]], *news: *Ts) -> None:
    """Call each listener with the news."""
    for listener in listeners:
        try:
            listener(*news)
        except Exception:
            log.exception("listener_failed")
