"""AllocationUnits of rates: programmatic units (DSP0004 annex C) and the words of libvirt-cim."""

import re

_LARGEST = 2**63

_RATE = re.compile(
    r"(?P<unit>byte|bit)(?:\s*\*\s*(?P<factor>[0-9]+)(?:\s*\^\s*(?P<power>[0-9]{1,2}))?)?\s*/\s*second"
)
_RATE_WORDS = frozenset({"kilobytes per second", "kilobyte per second"})


def rate_size(text: str) -> int:
    """Return the bytes a second of one unit of a rate; raises ValueError.

    Kilobytes in words are 1000 bytes: libvirt-cim gave numbers to libvirt as they were.
    """
    wanted = text.strip().lower()
    if wanted in _RATE_WORDS:
        return 1000
    found = _RATE.fullmatch(wanted)
    size = 0 if found is None else int(found["factor"] or 1) ** int(found["power"] or 1)
    if found is not None and found["unit"] == "bit":
        size //= 8
    if not 0 < size < _LARGEST:
        raise ValueError("it must be a unit of a rate, as byte*10^3/second")
    return size
