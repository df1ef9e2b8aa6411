"""Changes that are made whole or not at all: each step knows how to take itself back.

The rule: what was done is undone in reverse order when a later step fails, and what cannot be
undone is said.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog

from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import Action
from virtcim.infostore.errors import InfostoreError
from virtcim.inventory.host import Host, Result
from virtcim.jobs.failures import wbem_error
from virtcim.providers.model import HostModel
from virtcim.wbem.status import (
    AccessDenied,
    Failed,
    NotFound,
    WBEMError,
)

log = structlog.get_logger("virtcim.providers")

Undo = Callable[[], Awaitable[object]]

UNCERTAIN = (errors.DeadlineExceeded, errors.ConnectionLost)
"""After these a step may have been taken, and is taken back as if it had been."""

_LEGACY: Mapping[type[errors.HypervisorError], type[WBEMError]] = MappingProxyType({
    errors.DomainNotFound: NotFound,
    errors.AccessDenied:   AccessDenied,
})  # fmt: skip
"""What clients of libvirt-cim can tell apart; all else is Failed."""


def refusal(model: HostModel, error: errors.HypervisorError, what: str) -> WBEMError:
    """Return the CIM error for a failure of the hypervisor; clients read its own text behind."""
    if model.behaviour.fixed_are_ignored:
        return _LEGACY.get(type(error), Failed)(f"{what}: {error.detail}")
    return wbem_error(error, what)


class Transaction:
    """Steps that are taken back together."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._undo: list[tuple[str, Undo]] = []

    async def do(self, action: Action[Result], what: str, *undo: Action[Any]) -> Result:
        """Do something; `undo` is what takes it back, `what` names that."""
        try:
            result = await self.host.perform(action)
        except UNCERTAIN:
            self._take_back_by(what, undo)
            raise
        self._take_back_by(what, undo)
        return result

    def _take_back_by(self, what: str, actions: Iterable[Action[Any]]) -> None:
        for one in actions:
            self.on_failure(what, partial(self.host.perform, one))

    def on_failure(self, what: str, undo: Undo) -> None:
        """Remember how to take a step back."""
        self._undo.append((what, undo))

    async def roll_back(self) -> str:
        """Take every step back; returns what could not be, as the end of a sentence."""
        failures = []
        while self._undo:
            what, undo = self._undo.pop()
            try:
                await undo()
            except errors.HypervisorError as error:
                log.warning("not_rolled_back", host=self.host.name, what=what, error=error.detail)
                failures.append(f"{what} ({error.detail})")
            except InfostoreError as error:
                log.warning("not_rolled_back", host=self.host.name, what=what, error=str(error))
                failures.append(what)
        if failures:
            return f"; this was done and could not be undone: {', '.join(failures)}"
        return "; nothing was changed"
