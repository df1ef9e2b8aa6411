"""How clients talk to the server: what is claimed is done."""

import pytest

from tests.providers.stage import SERVER, Stage, play
from tests.providers.test_interop import OF_SERVER
from virtcim.broker.pulling import PullLimits
from virtcim.providers.communication import COMMUNICATION, OPERATIONS_OF
from virtcim.providers.model import Authentication, Server
from virtcim.providers.server_state import manager_name
from virtcim.schema.valuemaps import AuthenticationMechanism, FunctionalProfile
from virtcim.wbem.parameters import OPERATIONS

NOT_CLAIMED = {
    FunctionalProfile.UNKNOWN,
    FunctionalProfile.OTHER,
    FunctionalProfile.INDICATIONS,  # nobody is told of anything yet
}


def test_the_mechanism() -> None:
    """There is one, with all that clients choose their operations by."""

    async def scene(stage: Stage) -> None:
        (record,) = stage.records("CIM_CIMXMLCommunicationMechanism", "interop")
        assert {name: record[name] for name in COMMUNICATION} == {
            **OF_SERVER,
            "CreationClassName": "CIM_CIMXMLCommunicationMechanism",
            "Name": f"{manager_name(Server(SERVER, '1'))}:cim-xml",
            "ElementName": "CIM-XML",
            "Caption": "CIM-XML over HTTP",
            "Description": "CIM operations over HTTP and HTTPS",
            "CommunicationMechanism": 2,
            "FunctionalProfilesSupported": (2, 3, 4, 5, 6, 7, 8, 10, 11, 12),
            "MultipleOperationsSupported": False,
            "AuthenticationMechanismsSupported": (2,),
            "AuthenticationMechanismDescriptions": ("nobody is asked who they are",),
            "Version": "1.4",
            "AdvertiseTypes": (2,),
            "CIMXMLProtocolVersion": 1,
            "CIMValidated": False,
            "PulledEnumerationClosureOnExceedingServerLimitsSupported": False,
            "PulledEnumerationContinuationOnErrorSupported": False,
            "PulledEnumerationMaximumOperationTimeout": 300,
            "PulledEnumerationMinimumOperationTimeout": 1,
            "PulledEnumerationNoOperationTimeoutSupported": False,
        }

    play(scene)


def test_every_group_of_operations_has_a_row_or_is_not_claimed() -> None:
    """The table is total over the groups."""
    assert {*FunctionalProfile} - OPERATIONS_OF.keys() == NOT_CLAIMED


def test_every_operation_is_in_one_group() -> None:
    """What is claimed is served, and what is served is claimed."""
    claimed = [name.lower() for names in OPERATIONS_OF.values() for name in names]
    assert sorted(claimed) == sorted(OPERATIONS)


def test_ways_to_be_known_have_their_texts() -> None:
    """The texts stand at the indexes of the numbers."""
    ways = (
        Authentication(AuthenticationMechanism.BASIC, "one"),
        Authentication(AuthenticationMechanism.OTHER, "two"),
    )
    server = Server(SERVER, "1", authentication=ways)
    assert COMMUNICATION["AuthenticationMechanismsSupported"](server) == (3, 1)
    assert COMMUNICATION["AuthenticationMechanismDescriptions"](server) == ("one", "two")


@pytest.mark.parametrize("seconds", [1, 90])
def test_time_outs_are_those_of_the_broker(seconds: int) -> None:
    """The longest time-out is what the limits of the broker say."""
    server = Server(SERVER, "1", pull_limits=PullLimits(longest_timeout=seconds))
    assert COMMUNICATION["PulledEnumerationMaximumOperationTimeout"](server) == seconds
    assert server.pull_limits.seconds(1) == 1
