"""What the system knows of its users: names by number, and groups.

Name services may be far away: these functions wait, and belong into a worker thread.
"""

import grp
import os
import pwd
from contextlib import suppress


def user_name(uid: int) -> str | None:
    """Return the name of a user number, or None when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def system_groups(name: str) -> frozenset[str]:
    """Return the names of the groups that a user is in; none of an unknown user."""
    try:
        numbers = os.getgrouplist(name, pwd.getpwnam(name).pw_gid)
    except KeyError:
        return frozenset()
    names = set()
    for number in numbers:
        with suppress(KeyError):  # a group may have no name
            names.add(grp.getgrgid(number).gr_name)
    return frozenset(names)
