"""Whose password is it: HTTP Basic (RFC 7617) against the users file, and PAM.

A password is verified in a small pool, never on the event loop, and then remembered for
a short time under a digest that only this process can make, so that a client pays once a minute
and not per request. Neither a password nor a header is kept or logged.
"""

import asyncio
import base64
import binascii
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from virtcim.listeners.accounts import system_groups
from virtcim.listeners.pam import Pam, PamUnusable
from virtcim.listeners.patience import Patience
from virtcim.listeners.principals import Mechanism, Principal
from virtcim.listeners.users import (
    LONGEST_NAME,
    LONGEST_PASSWORD,
    NOBODY,
    User,
    UsersError,
    UsersFile,
    matches,
    normal,
)

log = structlog.get_logger("virtcim.listeners")

# Two at a time: 38 MiB, and both cores of a small machine.
WORKERS = 2
# Log-ins that may wait for a worker, about two seconds' work; more are told to come back.
LONGEST_QUEUE = 64
# Those who have to wait after failures; they cost nothing but their tasks.
MOST_PAUSING = 256
# A verified header is good for so long, counted from the verification.
REMEMBER_SECONDS = 60.0
# How long a change of the users file may go unnoticed.
CHECK_SECONDS = 2.0
# What a wrong password costs the one who tries it.
FAILURE_SECONDS = 1.0
# One client needs one; spellings of one header must not fill the memory.
MOST_REMEMBERED = 1024

# base64 of the longest name and password, and the scheme.
LONGEST_HEADER = (LONGEST_NAME * 4 + 1 + LONGEST_PASSWORD) * 4 // 3 + 16


Failed = Callable[[str, str, str], None]
"""Is told of a failed log-in: user, address, reason."""


def _nobody_hears(_user: str, _address: str, _reason: str) -> None:
    pass


class Overloaded(Exception):
    """Too many log-ins wait; the client should try again (503), its password was not looked at."""


@dataclass(slots=True)
class _Remembered:
    """`lasting`: stays for as long as it is used, since the file tells when it is no longer so."""

    principal: Principal
    until: float
    lasting: bool


class Authenticator:
    """Verifies Authorization headers; used from one event loop.

    ``realm`` is shown to people who are asked for a password: the host's name. ``pam`` is asked for
    users that the file does not have, and ``from_file`` says whether the file's passwords count at
    all. ``clock`` gives seconds that never run backwards.
    """

    def __init__(
        self,
        users: UsersFile,
        *,
        realm: str,
        pam: Pam | None = None,
        from_file: bool = True,
        clock: Callable[[], float] = time.monotonic,
        failure_seconds: float = FAILURE_SECONDS,
        heard: Failed = _nobody_hears,
    ) -> None:
        self.heard = heard
        self._pam = pam
        self._from_file = from_file
        self._patience = Patience(failure_seconds, clock)
        self._pausing: set[bytes] = set()
        self.challenge = f'Basic realm="{_quotable(realm)}", charset="UTF-8"'
        self._file = users
        self._clock = clock
        self._failure_seconds = failure_seconds
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, _Remembered] = {}
        self._verifying: dict[bytes, asyncio.Task[Principal | None]] = {}
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="login")
        self._users: Mapping[str, User] = {}
        self._version: tuple[int, ...] | None = None
        self._checked = float("-inf")

    def load(self) -> int:
        """Read the users file at start and tell how many there are; raises UsersError."""
        self._version = self._file.version()
        self._users = self._file.read()
        self._checked = self._clock()
        return len(self._users)

    def close(self) -> None:
        """End the workers once they are idle."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def known(self, header: bytes) -> Principal | None:
        """Tell who sent this header if that was verified a moment ago; None asks to verify.

        Never waits. None too when it is time to look at the users file again.
        """
        now = self._clock()
        if now - self._checked > CHECK_SECONDS:
            return None
        digest = self._digest(header)
        remembered = self._remembered.get(digest)
        if remembered is None or now >= remembered.until:
            return None
        if remembered.lasting:
            # Who keeps coming stays known: a flood of log-ins by others must not shut it out.
            remembered.until = now + REMEMBER_SECONDS
        return remembered.principal

    async def verify(self, header: bytes, peer: str) -> Principal | None:
        """Tell who sent this header, None when it is nobody; raises Overloaded.

        ``peer`` is the client's address for the log. A failure takes at least a second.
        """
        await self._look_at_file()
        principal = self.known(header)
        if principal is not None:
            return principal
        credentials = parse(header)
        if credentials is None:
            await self._failed("", peer, "malformed")
            return None
        name = credentials[0]
        principal = await self._verify_once(self._digest(header), *credentials, peer)
        if principal is None:
            await self._failed(name, peer, "wrong user or password")
        else:
            self._patience.succeeded(peer, name)
        return principal

    async def account(self, name: str) -> User | None:
        """Return what the users file has of somebody who is known by other means than it."""
        await self._look_at_file()
        return self._users.get(name)

    async def _look_at_file(self) -> None:
        """Take over a changed users file; a damaged one leaves the former users in force."""
        if self._clock() - self._checked <= CHECK_SECONDS:
            return
        self._checked = self._clock()  # first, so that the requests behind this one do not look too
        version = await asyncio.to_thread(self._file.version)
        if version == self._version:
            return
        self._version = version
        try:
            users = await asyncio.to_thread(self._file.read)
        except UsersError as error:
            log.warning("users_file_unusable", error=str(error), users=len(self._users))
            return
        self._users = users
        self._remembered.clear()
        log.info("users_file_read", users=len(users))

    async def _verify_once(
        self, digest: bytes, name: str, password: str, peer: str
    ) -> Principal | None:
        """Verify, but only once for all the connections that a client opens together."""
        task = self._verifying.get(digest)
        if task is None:
            # Who waits after failures has no place in the queue: guessers must not fill it.
            queued = len(self._verifying) - len(self._pausing)
            if queued >= LONGEST_QUEUE or len(self._pausing) >= MOST_PAUSING:
                raise Overloaded
            pause = self._patience.wait(peer, name)
            if pause is None:
                raise Overloaded
            task = asyncio.create_task(self._verify(digest, name, password, peer, pause))
            self._verifying[digest] = task
            if pause:
                self._pausing.add(digest)
            task.add_done_callback(lambda _: self._verified(digest))
        # Shielded: the client that came first may go before the others have their answer.
        return await asyncio.shield(task)

    def _verified(self, digest: bytes) -> None:
        self._verifying.pop(digest, None)
        self._pausing.discard(digest)

    async def _verify(
        self, digest: bytes, name: str, password: str, peer: str, pause: float
    ) -> Principal | None:
        if pause:
            await asyncio.sleep(pause)
            self._pausing.discard(digest)
        if self._pam is not None and (not self._from_file or name not in self._users):
            principal = await self._verify_by_system(self._pam, name, password, peer)
        else:
            principal = await self._verify_by_file(name, password)
        if principal is None:
            return None
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        until = self._clock() + REMEMBER_SECONDS
        lasting = principal.mechanism is Mechanism.USERS
        self._remembered[digest] = _Remembered(principal, until, lasting)
        return principal

    async def _verify_by_file(self, name: str, password: str) -> Principal | None:
        user = self._users.get(name)
        loop = asyncio.get_running_loop()
        secret = NOBODY if user is None else user.secret
        # An unknown user costs the same: who exists must not be readable from a clock.
        right = await loop.run_in_executor(self._pool, matches, secret, password)
        # The file may have changed meanwhile: the hash that was verified must still be the one.
        if not right or user is None or self._users.get(name) != user:
            return None
        return Principal(name, role=user.role, groups=user.groups)

    async def _verify_by_system(
        self, pam: Pam, name: str, password: str, peer: str
    ) -> Principal | None:
        """Ask PAM; what the file has of the user counts too, and so do the system's groups."""
        if "\0" in name or "\0" in password:
            return None
        loop = asyncio.get_running_loop()
        try:
            if not await loop.run_in_executor(self._pool, pam.matches, name, password, peer):
                return None
        except PamUnusable as error:
            log.error("pam_unusable", error=str(error))  # noqa: TRY400 (no defect of ours)
            raise Overloaded from None
        groups = await loop.run_in_executor(self._pool, system_groups, name)
        user = self._users.get(name)
        if user is None:
            return Principal(name, Mechanism.PAM, groups=groups)
        return Principal(name, Mechanism.PAM, user.role, groups | user.groups)

    async def _failed(self, name: str, peer: str, reason: str) -> None:
        shown = _printable(name)
        failures = self._patience.failed(peer, name)
        log.warning("login_failed", user=shown or "-", peer=peer, reason=reason, failures=failures)
        self.heard(shown, peer, reason)
        await asyncio.sleep(self._failure_seconds)

    def _digest(self, header: bytes) -> bytes:
        return hashlib.blake2b(header, key=self._key, digest_size=32).digest()


def parse(header: bytes) -> tuple[str, str] | None:
    """Read user and password from an Authorization header's value; None when it is not Basic.

    Texts are UTF-8 as the challenge asks; what is not is taken for ISO 8859-1, which older
    clients send.
    """
    scheme, _, encoded = header.strip().partition(b" ")
    if scheme.lower() != b"basic" or len(header) > LONGEST_HEADER:
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return None
    name, colon, password = _text(decoded).partition(":")
    return (normal(name), password) if colon and name else None


def _text(decoded: bytes) -> str:
    try:
        return decoded.decode("utf-8")
    except UnicodeDecodeError:
        return decoded.decode("iso-8859-1")


def _quotable(realm: str) -> str:
    """Keep what may stand in a quoted string of a header."""
    return "".join(c for c in realm if c.isascii() and c.isprintable() and c not in '"\\')


def _printable(name: str) -> str:
    """Cut a name that anybody may have sent down to what a log line can hold."""
    return "".join(c if c.isprintable() else "?" for c in name[:LONGEST_NAME])
