"""``virtcim user``: who may log in."""

import getpass
import sys
from collections.abc import Callable

from virtcim.commands.failures import MISUSED, Failure, failing
from virtcim.configuration import Settings
from virtcim.listeners.users import IllegalUser, UsersError, UsersFile, check_name

# NIST SP 800-63B 5.1.1.2: the least that a chosen password has.
SHORTEST_PASSWORD = 8


def add(settings: Settings, name: str, ask: Callable[[], str], *, replace: bool) -> None:
    """Add a user; the name is checked before anybody types a password."""
    with failing(UsersError), failing(IllegalUser, exit_code=MISUSED):
        check_name(name)
        password = ask()
        if len(password) < SHORTEST_PASSWORD:
            raise Failure(f"a password has at least {SHORTEST_PASSWORD} characters", MISUSED)
        UsersFile(settings.users_file).add(name, password, replace=replace)
    print(f"{name} may log in ({settings.users_file})")


def remove(settings: Settings, name: str) -> None:
    """Remove a user."""
    with failing(UsersError):
        UsersFile(settings.users_file).remove(name)
    print(f"{name} may log in no more ({settings.users_file})")


def names(settings: Settings) -> None:
    """Print the names, one a line."""
    with failing(UsersError):
        for name in sorted(UsersFile(settings.users_file).read()):
            print(name)


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
