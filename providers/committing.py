"""Changes that are made whole or not at all: each step knows how to take itself back.

The rule: what was done is undone in reverse order when a later step fails, and what cannot be
undone is said.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog

from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import Action, UndefineDomain
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

UNCERTAIN = (errors.DeadlineExceeded, errors.ConnectionLost, asyncio.CancelledError)
"""After these a step may have been taken, and is taken back as if it had been."""

_LEGACY: Mapping[type[errors.HypervisorError], type[WBEMError]] = MappingProxyType({
    errors.DomainNotFound: NotFound,
    errors.AccessDenied:   AccessDenied,
})  # fmt: skip
"""What clients of libvirt-cim can tell apart; all else is Failed."""


def refusal(model: HostModel, error: errors.HypervisorError, what: str) -> WBEMError:
    """Return the CIM error for a failure of the hypervisor; clients read its own text behind."""
    if model.behaviour.legacy_errors:
        return _LEGACY.get(type(error), Failed)(f"{what}: {error.detail}")
    return wbem_error(error, what)


@dataclass(frozen=True, slots=True)
class _Step:
    """How a step is taken back; not `certain`: it may not have been taken."""

    what: str
    undo: Undo
    certain: bool


class Transaction:
    """Steps that are taken back together.

    unsettled: something was asked for that may still happen.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.unsettled = False
        self._undo: list[_Step] = []

    async def do(self, action: Action[Result], what: str, *undo: Action[Any]) -> Result:
        """Do something; `undo` is what takes it back, `what` names that."""
        try:
            result = await self.host.perform(action)
        except UNCERTAIN:
            self._take_back_by(what, undo, certain=False)
            raise
        self._take_back_by(what, undo, certain=True)
        return result

    def _take_back_by(self, what: str, actions: Iterable[Action[Any]], *, certain: bool) -> None:
        for one in actions:
            self.on_failure(what, partial(self._undone, one), certain=certain)

    async def _undone(self, action: Action[Any]) -> None:
        try:
            await self.host.perform(action)
        except errors.DomainNotFound:
            if not isinstance(action, UndefineDomain):
                raise

    def on_failure(self, what: str, undo: Undo, *, certain: bool = True) -> None:
        """Remember how to take a step back; not `certain`: it may not have been taken."""
        self._undo.append(_Step(what, undo, certain))

    async def roll_back(self) -> str:
        """Take every step back; returns what could not be, as the end of a sentence."""
        done: list[str] = []
        unknown: list[str] = []
        while self._undo:
            step = self._undo.pop()
            failure = await self._failure_of(step)
            if failure is not None:
                (done if step.certain else unknown).append(failure)
        text = f"; this was done and could not be undone: {', '.join(done)}" if done else ""
        if unknown:
            text += f"; it is not known whether this was done: {', '.join(unknown)}"
        return text or f"; nothing{' else' if self.unsettled else ''} was changed"

    async def _failure_of(self, step: _Step) -> str | None:
        try:
            await step.undo()
        except errors.HypervisorError as error:
            log.warning("not_rolled_back", host=self.host.name, what=step.what, error=error.detail)
            return f"{step.what} ({error.detail})"
        except InfostoreError as error:
            log.warning("not_rolled_back", host=self.host.name, what=step.what, error=str(error))
            return step.what
        return None
