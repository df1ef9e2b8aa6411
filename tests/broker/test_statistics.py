"""Counting of operations."""

from virtcim.broker.statistics import OperationStatistics, Tally


def test_operations_are_counted_by_name() -> None:
    """Counts, times and sizes add up, each kind by itself; what never was is nothing."""
    now = [100.0]
    statistics = OperationStatistics(lambda: now[0])
    now[0] = 105.0
    statistics.note("GetInstance", seconds=0.5, request_bytes=10, response_bytes=100)
    now[0] = 107.0
    statistics.note("GetInstance", seconds=0.25, request_bytes=1, response_bytes=2)
    statistics.note("GetClass", seconds=1.0, request_bytes=3, response_bytes=4)
    assert statistics.since == 100.0
    assert statistics.of("GetInstance") == Tally(107.0, 2, 0.75, 11, 102)
    assert statistics.of("GetClass") == Tally(107.0, 1, 1.0, 3, 4)
    assert statistics.of("DeleteClass") == Tally(100.0)


def test_looking_counts_nothing() -> None:
    """Whoever reads makes no tally of what never was."""
    statistics = OperationStatistics(lambda: 1.0)
    statistics.of("GetClass").count += 1
    assert statistics.of("GetClass").count == 0
