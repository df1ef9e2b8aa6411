"""What a definition says of processors, memory and their tuning."""

from dataclasses import replace
from typing import Self

from virtcim.hypervisors.definition.converters import (
    integer,
    memory_size,
    memory_size_of,
    present,
    switch,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.fields import (
    Declared,
    at,
    declared,
    parts,
)


@declared
class CPUFeature(Declared):
    """One feature of the guest's CPU; policy: "force", "require", "optional", "disable", ..."""

    name: str | None = at("@name", word)
    policy: str | None = at("@policy", word)


@declared
class NUMACell(Declared):
    """One NUMA node of the guest; memory: bytes."""

    id: int | None = at("@id", integer)
    cpus: str | None = at("@cpus", text)
    memory: int | None = at(".", memory_size_of("memory"))
    access: str | None = at("@memAccess", word)
    discard: bool | None = at("@discard", yes_no)


@declared
class CPU(Declared):
    """The `<cpu>`.

    A running domain has what the mode came to, not the mode.
    physical_address_bits: of `<maxphysaddr>`.
    """

    mode: str | None = at("@mode", word)
    match: str | None = at("@match", word)
    check: str | None = at("@check", word, filled=True)
    migratable: bool | None = at("@migratable", switch)
    model: str | None = at("model", word)
    fallback: str | None = at("model/@fallback", word)
    vendor: str | None = at("vendor", word, filled=True)
    sockets: int | None = at("topology/@sockets", integer)
    dies: int | None = at("topology/@dies", integer)
    cores: int | None = at("topology/@cores", integer)
    threads: int | None = at("topology/@threads", integer)
    cache_mode: str | None = at("cache/@mode", word)
    cache_level: int | None = at("cache/@level", integer)
    physical_address_bits: int | None = at("maxphysaddr/@bits", integer)
    features: tuple[CPUFeature, ...] = at("feature", parts(CPUFeature))
    cells: tuple[NUMACell, ...] = at("numa/cell", parts(NUMACell))

    def differs_from(self, other: Self) -> bool:
        """Whether the two are different definitions.

        A start replaces a mode by the model it comes to, and adds the features of the machine.
        """
        made = ["features", "check", "fallback"]
        if self.mode != other.mode or "minimum" in (self.match, other.match):
            made += ["mode", "match", "model"]
        elif not (self._wanted <= other._wanted or other._wanted <= self._wanted):
            return True
        return super().differs_from(replace(other, **{key: getattr(self, key) for key in made}))

    @property
    def _wanted(self) -> frozenset[CPUFeature]:
        """The features that are the same at rest and running."""
        return frozenset(one for one in self.features if one.policy != "optional")


@declared
class Pin(Declared):
    """On which processors of the host one thread runs; vcpu or io_thread: its number."""

    vcpu: int | None = at("@vcpu", integer)
    io_thread: int | None = at("@iothread", integer)
    cpus: str | None = at("@cpuset", text)


@declared
class Scheduler(Declared):
    """How the host schedules some threads; vcpus or io_threads: their numbers."""

    vcpus: str | None = at("@vcpus", text)
    io_threads: str | None = at("@iothreads", text)
    policy: str | None = at("@scheduler", word)
    priority: int | None = at("@priority", integer)


@declared
class CPUTune(Declared):
    """The `<cputune>`; periods and quotas are microseconds, a negative quota means no limit."""

    shares: int | None = at("shares", integer)
    period: int | None = at("period", integer)
    quota: int | None = at("quota", integer)
    global_period: int | None = at("global_period", integer)
    global_quota: int | None = at("global_quota", integer)
    emulator_period: int | None = at("emulator_period", integer)
    emulator_quota: int | None = at("emulator_quota", integer)
    io_thread_period: int | None = at("iothread_period", integer)
    io_thread_quota: int | None = at("iothread_quota", integer)
    vcpu_pins: tuple[Pin, ...] = at("vcpupin", parts(Pin))
    emulator_pins: str | None = at("emulatorpin/@cpuset", text)
    io_thread_pins: tuple[Pin, ...] = at("iothreadpin", parts(Pin))
    vcpu_schedulers: tuple[Scheduler, ...] = at("vcpusched", parts(Scheduler))
    io_thread_schedulers: tuple[Scheduler, ...] = at("iothreadsched", parts(Scheduler))
    emulator_scheduler: str | None = at("emulatorsched/@scheduler", word)


@declared
class MemoryTune(Declared):
    """The `<memtune>`, in bytes."""

    hard_limit: int | None = at("hard_limit", memory_size)
    soft_limit: int | None = at("soft_limit", memory_size)
    swap_hard_limit: int | None = at("swap_hard_limit", memory_size)
    min_guarantee: int | None = at("min_guarantee", memory_size)


@declared
class HugePage(Declared):
    """One size of huge pages, in bytes, and the guest's NUMA nodes that use it (None: all)."""

    size: int | None = at(".", memory_size_of("size"))
    nodes: str | None = at("@nodeset", text)


@declared
class MemoryBacking(Declared):
    """The `<memoryBacking>`."""

    huge_pages: bool = at("hugepages", present)
    pages: tuple[HugePage, ...] = at("hugepages/page", parts(HugePage))
    no_share_pages: bool = at("nosharepages", present)
    locked: bool = at("locked", present)
    source: str | None = at("source/@type", word)
    access: str | None = at("access/@mode", word)
    allocation: str | None = at("allocation/@mode", word)
    allocation_threads: int | None = at("allocation/@threads", integer)
    discard: bool = at("discard", present)


@declared
class NUMANode(Declared):
    """Where the host keeps the memory of one NUMA node of the guest."""

    cell: int | None = at("@cellid", integer)
    mode: str | None = at("@mode", word)
    nodes: str | None = at("@nodeset", text)


@declared
class NUMATune(Declared):
    """The `<numatune>`."""

    mode: str | None = at("memory/@mode", word)
    nodes: str | None = at("memory/@nodeset", text, filled=True)
    placement: str | None = at("memory/@placement", word)
    cells: tuple[NUMANode, ...] = at("memnode", parts(NUMANode))


@declared
class BlockDeviceTune(Declared):
    """What a domain may do with one block device of the host, per second."""

    path: str | None = at("path", text)
    weight: int | None = at("weight", integer)
    read_bytes: int | None = at("read_bytes_sec", integer)
    write_bytes: int | None = at("write_bytes_sec", integer)
    read_operations: int | None = at("read_iops_sec", integer)
    write_operations: int | None = at("write_iops_sec", integer)


@declared
class BlockIOTune(Declared):
    """The `<blkiotune>`."""

    weight: int | None = at("weight", integer)
    devices: tuple[BlockDeviceTune, ...] = at("device", parts(BlockDeviceTune))


@declared
class IOThread(Declared):
    """One I/O thread."""

    id: int | None = at("@id", integer)
    pool_min: int | None = at("@thread_pool_min", integer)
    pool_max: int | None = at("@thread_pool_max", integer)
