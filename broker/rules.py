"""What the broker does otherwise for clients that were written for another server.

The rule: a namespace carries it, and whoever builds the namespaces decides; the default is DMTF's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NOTHING: Mapping[str, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How requests are judged.

    loose_keys: keys that the class does not have are ignored in paths, and the provider says what
        is missing or wrong (provider.ReadsPaths), not the broker.
    unknown_method: words of CIM_ERR_FAILED for methods that a class with methods does not serve;
        None means the codes of DSP0200.
    unsupported_methods: which of them are CIM_ERR_NOT_SUPPORTED; lower-case names by class.
    """

    loose_keys: bool = False
    unknown_method: str | None = None
    unsupported_methods: Mapping[str, frozenset[str]] = field(default_factory=lambda: NOTHING)


STANDARD = Rules()
