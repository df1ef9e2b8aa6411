"""Telling quickly that a running definition is the one of the next start.

The rule: a quick yes is never wrong; a no means only that both have to be read and compared.
"""

import re

_ID = re.compile(r"(?<=') id='[0-9]+'(?=>|\s)")  # of the domain, whose type stands before it


def rests(live: str, persistent: str) -> bool:
    """Tell whether two texts differ in nothing but the id, which every running domain has."""
    return _ID.sub("", live, count=1) == persistent
