"""What was counted of each kind of operation, as clients see it."""

import pytest

from tests.providers.stage import SERVER, Stage, play
from virtcim.broker.statistics import OperationStatistics
from virtcim.providers.model import Server
from virtcim.providers.server_state import manager_name
from virtcim.providers.server_statistics import COUNTED, STATISTICS, Counted
from virtcim.schema.valuemaps import OperationType
from virtcim.wbem.objects import Value
from virtcim.wbem.parameters import OPERATIONS

MANAGER = manager_name(Server(SERVER, "1"))
NOT_COUNTED = {
    OperationType.UNKNOWN,
    OperationType.BATCHED,  # a message has one operation
    OperationType.INDICATIONDELIVERY,  # nobody is told of anything yet
}


def told(server: Server, operation: str) -> dict[str, Value]:
    """Return the values of an instance."""
    counted = Counted(server, operation, server.statistics.of(operation))
    return {name: getter(counted) for name, getter in STATISTICS.items()}


def test_values() -> None:
    """Times are intervals, moments are in UTC, and the newer operations have their names."""
    now = [0.0]
    statistics = OperationStatistics(lambda: now[0])
    server = Server(SERVER, "1", statistics=statistics)
    now[0] = 60.0
    statistics.note("GetInstance", seconds=90061.25, request_bytes=10, response_bytes=100)
    assert told(server, "GetInstance") == {
        "InstanceID": f"{MANAGER}:statistics:GetInstance",
        "ElementName": "Statistics of GetInstance",
        "Caption": "Statistics of GetInstance",
        "StartStatisticTime": "19700101000000.000000+000",
        "StatisticTime": "19700101000100.000000+000",
        "OperationType": 4,
        "OtherOperationType": None,
        "NumberOfOperations": 1,
        "CimomElapsedTime": "00000001010101.250000:000",
        "ProviderElapsedTime": "00000000000000.000000:000",
        "RequestSize": 10,
        "ResponseSize": 100,
    }
    pull = told(server, "PullInstancesWithPath")
    assert (pull["OperationType"], pull["OtherOperationType"]) == (1, "PullInstancesWithPath")
    assert (pull["NumberOfOperations"], pull["StatisticTime"]) == (0, pull["StartStatisticTime"])


def test_every_operation_is_counted() -> None:
    """Each is listed by its number or, where it has none, by its name; methods are one."""
    assert {name.lower() for name in COUNTED} == {*OPERATIONS, "invokemethod"}
    assert {*OperationType} - {*COUNTED.values()} == NOT_COUNTED
    numbers = [number for number in COUNTED.values() if number is not OperationType.OTHER]
    assert len({*numbers}) == len(numbers)


@pytest.mark.parametrize("compat", [False, True], ids=["strict", "compat"])
def test_they_are_read_as_they_are_now(*, compat: bool) -> None:
    """What is counted between two looks is seen."""

    async def scene(stage: Stage) -> None:
        before = stage.records("CIM_CIMOMStatisticalData", "interop")
        assert [record["NumberOfOperations"] for record in before] == [0] * len(COUNTED)
        (manager,) = stage.records("CIM_ObjectManager", "interop")
        assert manager["GatherStatisticalData"] is True
        stage.statistics.note("GetClass", seconds=1, request_bytes=2, response_bytes=3)
        counts = {
            record["OperationType"]: record["NumberOfOperations"]
            for record in stage.records("CIM_CIMOMStatisticalData", "interop")
        }
        assert counts[OperationType.GETCLASS] == 1
        assert len(stage.records("CIM_ElementStatisticalData", "interop")) == len(COUNTED)

    play(scene, compat=compat)
