"""The users file: who may log in, each with an argon2 hash of the password, a role and groups.

One ``name:hash:role:group,group`` a line; role and groups may be left out. The file is only ever
replaced whole (written beside, synced, renamed), under a lock, so that a reader sees one version or
the next and no edit is lost.
"""

import contextlib
import dataclasses
import fcntl
import os
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from virtcim.listeners.principals import Role

# OWASP's least for argon2id, as several log-ins at once must not eat the machine's memory:
# 19 MiB and some 25 ms each.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

# A hash that takes as long as any to verify, and that no password has: it is all zeros.
NOBODY = f"$argon2id$v=19$m=19456,t=2,p=1${'A' * 22}${'A' * 43}"

LONGEST_NAME = 64
LONGEST_PASSWORD = 1024
HEADING = "# Users of virtcim, changed by `virtcim user`: name:hash:role:group,group\n"


@dataclass(frozen=True, slots=True)
class User:
    """One line; a role of None is the configuration's default one."""

    secret: str = field(repr=False)
    role: Role | None = None
    groups: frozenset[str] = frozenset()


class UsersError(Exception):
    """Base of what goes wrong with the users file; ``subject`` is a path or a user's name."""

    text: ClassVar[str] = "the users file failed: {subject}"

    def __init__(self, subject: str, detail: str = "") -> None:
        super().__init__(subject, detail)
        self.subject = subject
        self.detail = detail

    def __str__(self) -> str:
        return self.text.format(subject=self.subject) + (f": {self.detail}" if self.detail else "")


class UserExists(UsersError):
    """A user of that name is there already."""

    text = "the user {subject} exists already; use --replace to set a new password"


class UserUnknown(UsersError):
    """No user has that name."""

    text = "there is no user {subject}; `virtcim user list` shows who there is"


class IllegalUser(UsersError):
    """The name or the password cannot be one."""

    text = "{subject}"


class FileDamaged(UsersError):
    """A line of the file is not as it should be."""

    text = "{subject} is damaged; correct or remove the line, then add the user again"


class FileUnusable(UsersError):
    """The file or its directory cannot be read or written."""

    text = "the users file {subject} cannot be used"


class UsersFile:
    """The file at ``path``; it need not exist, then nobody is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Mapping[str, User]:
        """Give each user by name; raises FileDamaged or FileUnusable."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError:
            raise FileDamaged(str(self.path), "it is not UTF-8") from None
        except OSError as error:
            raise self._unusable(error) from error
        entries = (self._entry(number, line) for number, line in enumerate(lines, start=1))
        return dict(entry for entry in entries if entry)

    def add(
        self,
        name: str,
        password: str,
        *,
        role: Role | None = None,
        groups: Iterable[str] | None = None,
        replace: bool = False,
    ) -> None:
        """Write a user with a new hash; raises UserExists when it is there and not replaced.

        Who is replaced keeps role and groups for which None is given.
        """
        legal = check_name(name)
        secret = hash_password(password)
        with self._locked():
            users = self.read()
            if legal in users and not replace:
                raise UserExists(legal)
            before = users.get(legal, User(secret))
            self._write({**users, legal: _with(before, secret, role, groups)})

    def assign(
        self, name: str, *, role: Role | None = None, groups: Iterable[str] | None = None
    ) -> None:
        """Give a user another role, or other groups; None leaves them. Raises UserUnknown."""
        with self._locked():
            users = dict(self.read())
            found = users.get(normal(name))
            if found is None:
                raise UserUnknown(name)
            users[normal(name)] = _with(found, found.secret, role, groups)
            self._write(users)

    def remove(self, name: str) -> None:
        """Forget a user; raises UserUnknown."""
        with self._locked():
            users = dict(self.read())
            if users.pop(normal(name), None) is None:
                raise UserUnknown(name)
            self._write(users)

    def version(self) -> tuple[int, ...]:
        """Give what differs between two versions of the file; empty when it does not exist."""
        try:
            status = self.path.stat()
        except OSError:
            return ()
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _entry(self, number: int, line: str) -> tuple[str, User] | None:
        if not line.strip() or line.startswith("#"):
            return None
        name, secret, role, groups, *more = (*line.strip().split(":"), "", "", "")
        try:
            if any(more):
                raise IllegalUser("there is too much in the line")
            check_name(name)
            extract_parameters(secret)
            named = frozenset(map(check_group, filter(None, groups.split(","))))
            return name, User(secret, Role(role) if role else None, named)
        except (IllegalUser, InvalidHashError, ValueError):
            # The line itself may hold a hash: only its number is told.
            raise FileDamaged(
                str(self.path), f"line {number} is not name:hash:role:groups"
            ) from None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold off other editors; the lock is beside the file, which is replaced."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._keep_owner(lock)
        except OSError as error:
            raise FileUnusable(f"{self.path}.lock", error.strerror or str(error)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, users: Mapping[str, User]) -> None:
        lines = [HEADING, *(_line(name, user) for name, user in sorted(users.items()))]
        try:
            self._replace("".join(lines).encode())
        except OSError as error:
            raise self._unusable(error) from error

    def _replace(self, content: bytes) -> None:
        directory = self.path.parent
        descriptor, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                self._keep_owner(file.fileno())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_directory(directory)

    def _keep_owner(self, descriptor: int) -> None:
        """Leave the file to the user that the server runs as when root edits it."""
        if os.geteuid() == 0:
            model = self.path if self.path.exists() else self.path.parent
            status = model.stat()
            os.fchown(descriptor, status.st_uid, status.st_gid)

    def _unusable(self, error: OSError) -> FileUnusable:
        return FileUnusable(str(self.path), error.strerror or str(error))


def normal(text: str) -> str:
    """Give a name or password in the one form that RFC 7617 section 2.1 compares."""
    return unicodedata.normalize("NFC", text)


def check_name(name: str) -> str:
    """Give the name in normal form; raises IllegalUser for one that cannot log in.

    A colon would end it in the Authorization header (RFC 7617 section 2).
    """
    legal = normal(name)
    if not 0 < len(legal) <= LONGEST_NAME or legal.startswith("#"):
        raise IllegalUser(f"a user's name has 1 to {LONGEST_NAME} characters and no # in front")
    if not legal.isprintable() or any(character in ": " for character in legal):
        raise IllegalUser("a user's name has no colon, blank or control character")
    return legal


def check_group(name: str) -> str:
    """Give the name of a group; raises IllegalUser for one that the file cannot hold."""
    legal = check_name(name)
    if "," in legal:
        raise IllegalUser("a group's name has no comma")
    return legal


def _with(user: User, secret: str, role: Role | None, groups: Iterable[str] | None) -> User:
    return dataclasses.replace(
        user,
        secret=secret,
        role=role or user.role,
        groups=user.groups if groups is None else frozenset(map(check_group, groups)),
    )


def _line(name: str, user: User) -> str:
    fields = (name, user.secret, user.role or "", ",".join(sorted(user.groups)))
    return ":".join(fields).rstrip(":") + "\n"


def hash_password(password: str) -> str:
    """Give a salted hash; raises IllegalUser for a password that could not be sent."""
    text = normal(password)
    if not 0 < len(text.encode()) <= LONGEST_PASSWORD:
        raise IllegalUser(f"a password has 1 to {LONGEST_PASSWORD} bytes")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise IllegalUser("a password has no control characters")
    return HASHER.hash(text)


def matches(secret: str, password: str) -> bool:
    """Tell whether the password is the hash's; takes some 25 ms and 19 MiB."""
    try:
        return HASHER.verify(secret, normal(password))
    except VerifyMismatchError:
        return False


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
