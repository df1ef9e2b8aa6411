"""How much: a number and its AllocationUnits, which clients write in three ways, in bytes.

DSP0004 has programmatic units (`byte*2^20`, annex C); libvirt-cim passes libvirt's (`M`, `MiB`);
and libvirt-cim itself writes words (`MegaBytes`), by which it means powers of 1024.
"""

import re
from collections.abc import Mapping

from virtcim.hypervisors.definition.converters import LARGEST, UNITS

_FACTOR = r"\s*\*\s*[0-9]{1,20}(?:\s*\^\s*[0-9]{1,3})?"
_PROGRAMMATIC = re.compile(rf"\s*bytes?((?:{_FACTOR}){{0,4}})\s*", re.IGNORECASE)
_EACH = re.compile(r"([0-9]+)(?:\s*\^\s*([0-9]+))?")

_WORDS: Mapping[str, int] = {
    "kilobytes": 2**10, "megabytes": 2**20, "gigabytes": 2**30, "terabytes": 2**40,
}  # fmt: skip


def bytes_of(amount: int, unit: str | None) -> int:
    """Return the bytes of an amount; no unit means bytes.

    Raises ValueError for a unit of something else and for what 64 bits cannot hold.
    """
    size = amount * _factor(unit)
    if not 0 <= size <= LARGEST:
        raise ValueError(f"{amount} {unit or 'bytes'} is more than 64 bits can hold")
    return size


def _factor(unit: str | None) -> int:
    if unit is None or not unit.strip():
        return 1
    word = unit.strip()
    known = UNITS.get(word) or UNITS.get(word.lower()) or _WORDS.get(word.lower())
    if known is not None:
        return known
    found = _PROGRAMMATIC.fullmatch(word)
    if found is None:
        raise ValueError(f"'{unit[:40]}' is no unit of bytes")
    factor = 1
    for base, power in _EACH.findall(found[1]):
        factor *= int(base) ** int(power or 1)
    return factor
