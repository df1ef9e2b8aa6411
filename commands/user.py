"""``virtcim user``: who may log in, with which role and groups."""

import getpass
import sys
from collections.abc import Callable, Sequence

from virtcim.commands.failures import MISUSED, Failure, failing
from virtcim.commands.tables import show
from virtcim.configuration import Settings
from virtcim.listeners.principals import Role
from virtcim.listeners.users import IllegalUser, UsersError, UsersFile, check_name, normal

# NIST SP 800-63B 5.1.1.2: the least that a chosen password has.
SHORTEST_PASSWORD = 8


def add(
    settings: Settings,
    name: str,
    ask: Callable[[], str],
    *,
    role: str | None,
    groups: Sequence[str] | None,
    replace: bool,
) -> None:
    """Add a user; the name is checked before anybody types a password."""
    file = UsersFile(settings.users_file)
    with failing(UsersError), failing(IllegalUser, exit_code=MISUSED):
        check_name(name)
        password = ask()
        if len(password) < SHORTEST_PASSWORD:
            raise Failure(f"a password has at least {SHORTEST_PASSWORD} characters", MISUSED)
        file.add(name, password, role=_role(role), groups=groups, replace=replace)
    print(f"{name} may log in ({settings.users_file}) {_may(settings, name)}")


def assign(
    settings: Settings, name: str, *, role: str | None = None, groups: Sequence[str] | None = None
) -> None:
    """Give a user another role, or other groups."""
    with failing(UsersError), failing(IllegalUser, exit_code=MISUSED):
        UsersFile(settings.users_file).assign(name, role=_role(role), groups=groups)
    print(f"{name} is there {_may(settings, name)}")


def _role(name: str | None) -> Role | None:
    return None if name is None else Role(name)


def _may(settings: Settings, name: str) -> str:
    """Say what a user may do, and how one who may only look gets more."""
    user = UsersFile(settings.users_file).read()[normal(name)]
    role = Role(user.role or settings.auth.default_role)
    groups = f" in {', '.join(sorted(user.groups))}" if user.groups else ""
    more = f"; `virtcim user role {name} admin` lets it change things"
    return f"with the role {role}{groups}{'' if role is Role.ADMIN else more}"


def remove(settings: Settings, name: str) -> None:
    """Remove a user."""
    with failing(UsersError):
        UsersFile(settings.users_file).remove(name)
    print(f"{name} may log in no more ({settings.users_file})")


def names(settings: Settings) -> None:
    """Print the users with what they may do, one a line."""
    with failing(UsersError):
        users = UsersFile(settings.users_file).read()
    default = settings.auth.default_role
    show(
        ("name", "role", "groups"),
        [
            (name, str(user.role or default), ", ".join(sorted(user.groups)))
            for name, user in sorted(users.items())
        ],
    )


def read_password() -> str:
    """Take the first line of standard input; Failure for bytes that are no text."""
    try:
        return sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise Failure("the password must be UTF-8 text", MISUSED) from None


def ask_password() -> str:
    """Ask a person twice; Failure when there is no terminal to ask on."""
    if not sys.stdin.isatty():
        raise Failure("no terminal to ask for a password on; use --password-stdin", MISUSED)
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise Failure("the passwords differ", MISUSED)
    return password
