"""AllocationUnits: programmatic units (DSP0004 annex C) and the words of libvirt-cim's clients."""

import re
from collections.abc import Mapping
from types import MappingProxyType

_WORDS: Mapping[str, int] = MappingProxyType({
    "bytes": 1, "byte": 1, "b": 1,
    "kilobytes": 2**10, "kilobyte": 2**10, "kb": 2**10, "kib": 2**10, "kibibytes": 2**10,
    "megabytes": 2**20, "megabyte": 2**20, "mb": 2**20, "mib": 2**20, "mebibytes": 2**20,
    "gigabytes": 2**30, "gigabyte": 2**30, "gb": 2**30, "gib": 2**30, "gibibytes": 2**30,
    "terabytes": 2**40, "terabyte": 2**40, "tb": 2**40, "tib": 2**40, "tebibytes": 2**40,
})  # fmt: skip
"""By what libvirt-cim and its clients mean: thousands are never meant."""

_PROGRAMMATIC = re.compile(r"byte(?:\s*\*\s*(?P<factor>[0-9]+)(?:\s*\^\s*(?P<power>[0-9]{1,3}))?)?")
_LARGEST = 2**63


def unit_size(text: str) -> int:
    """Return the bytes of one unit; raises ValueError for what is no unit of memory."""
    wanted = text.strip().lower()
    if wanted in _WORDS:
        return _WORDS[wanted]
    found = _PROGRAMMATIC.fullmatch(wanted)
    size = 0 if found is None else int(found["factor"] or 1) ** int(found["power"] or 1)
    if not 0 < size < _LARGEST:
        raise ValueError("it must be a unit of bytes, as byte*2^20")
    return size


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
