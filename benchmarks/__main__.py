"""Runs all benchmarks and prints the table; with a path, writes it there as Markdown too."""

import platform
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import libvirt
from rich.console import Console
from rich.table import Table

from benchmarks import (
    events,
    guarded,
    hostile,
    jobs,
    memory,
    migration,
    model,
    pulling,
    rows,
    schemas,
)
from benchmarks.measuring import Row
from benchmarks.processes import virtcim

COLUMNS = ("what", "ours", "baseline", "ratio", "bar", "holds")
_VERDICT = {True: "yes", False: "NO", None: "-"}


def machine() -> str:
    """Describe the machine in a line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    number = libvirt.getVersion()
    version = f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
    python = platform.python_version()
    return f"{model}, Linux {platform.release()}, Python {python}, libvirt {version}"


def measure(directory: Path) -> Iterable[Row]:
    """Yield every row as it is measured."""
    with virtcim("test:///default", directory):
        pass  # so that bytecode and the compiled schema are there, as where it is installed
    yield from rows.throughput(directory)
    yield from guarded.guarded(directory)
    yield from rows.cold(directory)
    yield from rows.state_change(directory)
    yield from events.visibility(directory)
    yield from jobs.persistence(directory)
    yield from migration.overhead(directory)
    yield from model.relations(directory)
    yield from model.settings(directory)
    yield from model.parsing()
    yield from model.metrics()
    yield from rows.ten_thousand(directory)
    yield from pulling.pulling(directory)
    yield from schemas.big_schemas(directory)
    yield from model.ten_thousand(directory)
    yield from memory.replies(directory)
    yield from hostile.attacks(directory)


def markdown(found: list[Row]) -> str:
    """Return the results file."""
    today = datetime.now(UTC).date().isoformat()
    head = f"# Benchmarks of {today}\n\n{machine()}.\n\n| {' | '.join(COLUMNS)} |\n"
    lines = [
        f"| {r.what} | {r.ours} | {r.baseline} | {r.ratio} | {r.bar} | {_VERDICT[r.holds]} |"
        for r in found
    ]
    return head + "|---" * len(COLUMNS) + "|\n" + "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, and fail when a bar does not hold."""
    table, found = Table(*COLUMNS), []
    with tempfile.TemporaryDirectory(prefix="virtcim-bench-") as directory:
        for row in measure(Path(directory)):
            found.append(row)
            verdict = _VERDICT[row.holds]
            table.add_row(row.what, row.ours, row.baseline, row.ratio, row.bar, verdict)
            print(f"{row.what}: {row.ours} [{row.bar}: {verdict}]", file=sys.stderr)
    Console(width=160).print(table)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(markdown(found))
    return int(any(row.holds is False for row in found))


if __name__ == "__main__":
    sys.exit(main())
