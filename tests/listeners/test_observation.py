"""What is counted and logged of the traffic."""

from time import perf_counter

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from virtcim.broker.statistics import OperationStatistics
from virtcim.listeners.messages import Request
from virtcim.listeners.observation import BUCKETS, Exchange, Observation
from virtcim.wbem import operations as ops
from virtcim.wbem.decode import ExtrinsicCall, IntrinsicCall
from virtcim.wbem.objects import Instance
from virtcim.wbem.paths import ObjectPath

Line = tuple[str, str, str, str, str, float, int]


def request(age: float = 0.0) -> Request:
    """Return a request that came some seconds ago."""
    return Request(b"POST", b"/", "1.1", {}, b"", "192.0.2.1", perf_counter() - age)


def exchange(name: str, asked: ops.Operation | None = None, *, age: float = 0.0) -> Exchange:
    """Return a call that is to be answered."""
    return Exchange(request(age), "anna", IntrinsicCall("1", "1.0", name, "n", ()), asked)


class Watch:
    """An observation with what it wrote."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.registry = CollectorRegistry()
        self.observation = Observation(self.registry, lambda *line: self.lines.append(line))

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of a metric."""
        return self.registry.get_sample_value(name, labels)


X = ObjectPath("X")
CLASSES: tuple[tuple[ops.Operation | None, str], ...] = (
    (ops.GetClass(namespace="n", class_name="X"), "X"),
    (ops.EnumerateClassNames(namespace="n"), "-"),
    (ops.GetInstance(namespace="n", instance_name=X), "X"),
    (ops.AssociatorNames(namespace="n", object_name=X), "X"),
    (ops.InvokeMethod(namespace="n", target=X, method="M"), "X"),
    (ops.CreateInstance(namespace="n", new_instance=Instance("X", ())), "X"),
    (ops.EnumerateQualifiers(namespace="n"), "-"),
    (None, "-"),
)


@pytest.mark.parametrize(("asked", "cim_class"), CLASSES)
def test_lines_name_the_class(asked: ops.Operation | None, cim_class: str) -> None:
    """Whatever was asked, the line says of which class, or that there is none."""
    watch = Watch()
    for _ in range(2):
        watch.observation.answered(exchange("GetClass", asked), "OK", 5)
    assert [line[:5] for line in watch.lines] == [
        ("anna", "192.0.2.1", "GetClass", cim_class, "OK")
    ] * 2


def test_clients_can_read_the_numbers() -> None:
    """What is counted for the operator is counted for clients too, by the operation's own name."""
    statistics = OperationStatistics()
    observation = Observation(CollectorRegistry(), None, statistics)
    for name in ("getINSTANCE", "GetInstance", "Invented"):
        observation.answered(exchange(name, age=2.0), "FAILED", 7)
    found, others = statistics.of("GetInstance"), statistics.of("InvokeMethod")
    assert (found.count, found.request_bytes, found.response_bytes) == (2, 0, 14)
    assert found.seconds >= 4
    assert others.count == 1


def test_numbers() -> None:
    """Operations by status, bytes, and times in buckets that add up."""
    watch = Watch()
    for status, size, age in (("OK", 10, 0.0), ("OK", 20, 0.2), ("FAILED", 1, 60.0)):
        watch.observation.answered(exchange("getINSTANCE", age=age), status, size)
    assert watch.value("virtcim_operations_total", operation="GetInstance", status="OK") == 2
    assert watch.value("virtcim_operations_total", operation="GetInstance", status="FAILED") == 1
    assert watch.value("virtcim_reply_bytes_total", operation="GetInstance") == 31
    counts = [
        watch.value("virtcim_operation_seconds_bucket", operation="GetInstance", le=le)
        for le in ("0.1", "0.5", "10.0", "+Inf")
    ]
    assert counts == [1, 2, 2, 3]
    assert watch.value("virtcim_operation_seconds_count", operation="GetInstance") == 3
    seconds = watch.value("virtcim_operation_seconds_sum", operation="GetInstance")
    assert seconds is not None
    assert seconds >= 60.2
    assert [line[5] >= 60_000 for line in watch.lines] == [False, False, True]
    text = generate_latest(watch.registry).decode()
    assert text.count("virtcim_operation_seconds_bucket") == len(BUCKETS) + 1


def test_names_of_methods_are_no_labels() -> None:
    """Clients choose the names of methods and operations; they must not multiply the metrics."""
    watch = Watch()
    for number in range(100):
        call = ExtrinsicCall("1", "1.0", f"Method{number}", X, ())
        watch.observation.answered(Exchange(request(), "anna", call), "OK", 1)
        watch.observation.answered(exchange(f"Operation{number}"), "NOT_SUPPORTED", 1)
    text = generate_latest(watch.registry).decode()
    assert text.count("virtcim_operations_total{") == 2
    assert watch.value("virtcim_reply_bytes_total", operation="InvokeMethod") == 200
    assert watch.lines[0][2] == "Method0"


def test_refusals() -> None:
    """Refusals are counted by status, each with one event."""
    watch = Watch()
    with capture_logs() as logs:
        watch.observation.refused(request(), 400, "why")
        watch.observation.refused(request(), 400, "why not")
        watch.observation.refused(request(), 401, None)
    assert watch.value("virtcim_refusals_total", http_status="400") == 2
    assert watch.value("virtcim_refusals_total", http_status="401") == 1
    assert [entry["detail"] for entry in logs] == ["why", "why not", "-"]


def test_no_lines() -> None:
    """Lines can be switched off; the numbers stay."""
    registry = CollectorRegistry()
    Observation(registry, None).answered(exchange("GetClass"), "OK", 1)
    wanted = {"operation": "GetClass", "status": "OK"}
    assert registry.get_sample_value("virtcim_operations_total", wanted) == 1
