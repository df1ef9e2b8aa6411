"""Who somebody is, once that is known: a name, how it was proved, a role, groups."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do where no rule says otherwise; rights.py has the operations of each."""

    NONE = "none"
    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


class Mechanism(StrEnum):
    """How it was proved who somebody is; the words of the audit log."""

    NONE = "none"
    USERS = "basic"
    PAM = "pam"
    CERTIFICATE = "certificate"
    PEER = "peer"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent a request; a role of None is the default one."""

    name: str
    mechanism: Mechanism = Mechanism.USERS
    role: Role | None = None
    groups: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        """Hash the name alone: this is asked for at each request."""
        return hash(self.name)


ANYBODY = Principal("-", Mechanism.NONE, Role.ADMIN)
"""Who asks a server that runs open."""
