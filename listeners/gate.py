"""Who is it: the one place that makes a principal of a request.

A user and password that a request carries say whom it is for; without them it is the connection
that tells, by its certificate or by the user at the other end of a UNIX socket. What a connection
tells is asked for again once a minute, so that a change of roles takes effect on open ones.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from virtcim.listeners.accounts import system_groups, user_name
from virtcim.listeners.authentication import Authenticator
from virtcim.listeners.certificates import CertificateRule, subject, user_of
from virtcim.listeners.clients import Client
from virtcim.listeners.messages import Request
from virtcim.listeners.principals import Mechanism, Principal, Role

log = structlog.get_logger("virtcim.listeners")

REMEMBER_SECONDS = 60.0


class Refused(Exception):
    """It is known who asks, and nobody here is that; asking for a password would not mend it."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    name: str
    mechanism: Mechanism
    role: Role | None = None


class Gate:
    """Lets users in by password, certificate, or as users of this machine."""

    def __init__(
        self,
        passwords: Authenticator,
        certificates: Iterable[CertificateRule] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.challenge = passwords.challenge
        self._passwords = passwords
        self._certificates = tuple(certificates)
        self._clock = clock

    def known(self, request: Request) -> Principal | None:
        """Return who sent a request where that was verified a moment ago; never waits."""
        header = request.headers.get(b"authorization")
        if header is not None:
            return self._passwords.known(header)
        client = request.client
        return client.principal if self._clock() < client.until else None

    def says_nothing(self, request: Request) -> bool:
        """Tell whether nothing says who sent it: the client is to be asked."""
        client = request.client
        silent = client.certificate is None and client.uid is None
        return silent and b"authorization" not in request.headers

    async def identify(self, request: Request) -> Principal | None:
        """Return who sent a request, None for a wrong password; raises Refused, Overloaded."""
        header = request.headers.get(b"authorization")
        if header is not None:
            return await self._passwords.verify(header, request.peer)
        client = request.client
        evidence = await self._evidence(client)
        client.principal = await self._principal(evidence)
        client.until = self._clock() + REMEMBER_SECONDS
        return client.principal

    async def _evidence(self, client: Client) -> _Evidence:
        if client.uid is not None:
            return await self._of_this_machine(client, client.uid)
        certificate = client.certificate or {}
        name = user_of(self._certificates, certificate)
        if name is None:
            text = f"the certificate {subject(certificate)} stands for no user"
            raise self._refusal(client, text)
        return _Evidence(name, Mechanism.CERTIFICATE)

    async def _of_this_machine(self, client: Client, uid: int) -> _Evidence:
        name = await asyncio.to_thread(user_name, uid)
        if name is None:
            raise self._refusal(client, f"the user number {uid} has no name here")
        # These could write the users file as well.
        owns = uid in {0, os.geteuid()}
        return _Evidence(name, Mechanism.PEER, Role.ADMIN if owns else None)

    def _refusal(self, client: Client, reason: str) -> Refused:
        log.warning("login_failed", user="-", peer=client.address, reason=reason, failures=1)
        self._passwords.heard("", client.address, reason)
        return Refused(reason)

    async def _principal(self, evidence: _Evidence) -> Principal:
        user = await self._passwords.account(evidence.name)
        groups: frozenset[str] = frozenset()
        if evidence.mechanism is Mechanism.PEER:
            groups = await asyncio.to_thread(system_groups, evidence.name)
        if user is None:
            return Principal(evidence.name, evidence.mechanism, evidence.role, groups)
        role = user.role or evidence.role
        return Principal(evidence.name, evidence.mechanism, role, groups | user.groups)
