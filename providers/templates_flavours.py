"""What templates have in common: settings that say what can be asked of a pool (DSP1043)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from virtcim.providers.families import Values
from virtcim.schema.valuemaps import ValueRange, ValueRole


class Flavour(StrEnum):
    """What the values of a template are; the word stands in its InstanceID, and clients read it."""

    MINIMUM = "Minimum"
    MAXIMUM = "Maximum"
    DEFAULT = "Default"
    INCREMENT = "Increment"


VALUE_ROLES: Mapping[Flavour, tuple[ValueRole, ValueRange]] = {
    # of CIM_SettingsDefineCapabilities
    Flavour.MINIMUM:   (ValueRole.SUPPORTED, ValueRange.MINIMUMS),
    Flavour.MAXIMUM:   (ValueRole.SUPPORTED, ValueRange.MAXIMUMS),
    Flavour.DEFAULT:   (ValueRole.DEFAULT, ValueRange.POINT),
    Flavour.INCREMENT: (ValueRole.SUPPORTED, ValueRange.INCREMENTS),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """One template: its family, and its values by property."""

    family: str
    values: Values
