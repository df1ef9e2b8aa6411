"""Metrics of the hosts: domains by state, the age of what is known, calls of the drivers."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from virtcim.hypervisors.model import DomainState
from virtcim.inventory.host import Communication, Host

_LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_CALL_BUCKETS = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)


class HostMeasures(Collector):
    """Counts what the hosts hold, when somebody asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._hosts: tuple[Host, ...] = ()
        self._lag = Histogram(
            "virtcim_event_lag_seconds",
            "From a hypervisor's event to the snapshot that shows it.",
            ("host",),
            buckets=_LAG_BUCKETS,
            registry=registry,
        )
        self._calls = Counter(
            "virtcim_driver_calls",
            "Calls of a hypervisor by outcome.",
            ("host", "call", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "virtcim_driver_call_seconds",
            "Time of the calls of a hypervisor.",
            ("host", "call"),
            buckets=_CALL_BUCKETS,
            registry=registry,
        )
        registry.register(self)

    def watch(self, hosts: Iterable[Host]) -> None:
        """Count the domains of these hosts from now on."""
        self._hosts = tuple(hosts)

    def observe_call(self, host: str, call: str, seconds: float, outcome: str) -> None:
        """Record one call of a driver; `outcome` is "ok" or the class of the error."""
        self._calls.labels(host, call, outcome).inc()
        self._seconds.labels(host, call).observe(seconds)

    def observe_lag(self, host: str, seconds: float) -> None:
        """Record how long an event took to be seen."""
        self._lag.labels(host).observe(seconds)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the gauges."""
        domains = GaugeMetricFamily("virtcim_domains", "Domains.", labels=("host", "state"))
        reached = GaugeMetricFamily(
            "virtcim_hypervisor_connected", "1 while the hypervisor answers.", labels=("host",)
        )
        for host in self._hosts:
            tally = Tally(domain.facts.state for domain in host.listing.domains.values())
            for state in DomainState:
                domains.add_metric((host.name, state.name.lower()), tally[state])
            reached.add_metric((host.name,), float(host.communication is Communication.OK))
        yield domains
        yield reached
