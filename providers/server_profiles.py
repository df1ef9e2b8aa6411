"""The profiles that the server itself follows (DSP1033), beside those of hosts in profiles.py."""

from collections.abc import Container

from virtcim.providers import profiles
from virtcim.providers.profiles import PROFILE_REGISTRATION, Profile

PROFILE_CLASS = "CIM_RegisteredProfile"

_INDICATIONS = "CIM:DSP1054-Indications-1.1.0"

SERVER_PROFILES: tuple[Profile, ...] = (
    # DSP1092 is called by its title: a client that finds it as `WBEM Server` breaks (0023).
    Profile("CIM:DSP1092-WBEMServer-1.0.0", "WBEM Server Profile", "1.0.0",
            ("CIM_WBEMServer",), (PROFILE_REGISTRATION, _INDICATIONS)),
    Profile(PROFILE_REGISTRATION, "Profile Registration", "1.0.0",
            (PROFILE_CLASS, profiles.FAMILY)),
    Profile(_INDICATIONS, "Indications", "1.1.0",
            ("CIM_IndicationService",), (PROFILE_REGISTRATION,)),
)  # fmt: skip
"""The first of the families that conform to one is its central class."""


def registered(classes: Container[str]) -> tuple[Profile, ...]:
    """Return the profiles whose central class is among those that are served."""
    return tuple(one for one in SERVER_PROFILES if one.conforming[0] in classes)
