"""What all elements of the server have in common: whose they are, and that they run."""

import uuid
from collections.abc import Mapping

from virtcim.providers.model import Server
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import (
    CommunicationStatus,
    DetailedStatus,
    EnabledDefault,
    EnabledState,
    HealthState,
    OperatingStatus,
    OperationalStatus,
    PrimaryStatus,
    RequestedState,
)

SYSTEM_CLASS = "CIM_ComputerSystem"
"""Of the machine that the server runs on; hosts of hypervisors have a class for each prefix."""


def manager_name(server: Server) -> str:
    """Return the name of the object manager: always the same on one host."""
    return f"virtcim:{uuid.uuid5(uuid.NAMESPACE_DNS, server.host_name)}"


RUNNING: Mapping[str, Getter] = {
    # Whoever can read this is being served; a server that ends answers no more.
    "EnabledState":         lambda _: EnabledState.ENABLED,
    "EnabledDefault":       lambda _: EnabledDefault.ENABLED,
    "RequestedState":       lambda _: RequestedState.NOT_APPLICABLE,
    "TransitioningToState": lambda _: RequestedState.NOT_APPLICABLE,
    "OperationalStatus":    lambda _: (OperationalStatus.OK,),
    "StatusDescriptions":   lambda _: ("serving",),
    "HealthState":          lambda _: HealthState.OK,
    "PrimaryStatus":        lambda _: PrimaryStatus.OK,
    "OperatingStatus":      lambda _: OperatingStatus.IN_SERVICE,
    "DetailedStatus":       lambda _: DetailedStatus.NO_ADDITIONAL_INFORMATION,
    "CommunicationStatus":  lambda _: CommunicationStatus.COMMUNICATION_OK,
}  # fmt: skip


def of_server(class_name: str) -> Mapping[str, Getter]:
    """Return getters of the state of an element of the server, and of its keys but Name."""
    return {
        # s is the server
        **RUNNING,
        "SystemCreationClassName": lambda _: SYSTEM_CLASS,
        "SystemName":              lambda s: s.host_name,
        "CreationClassName":       lambda _: class_name,
    }  # fmt: skip
