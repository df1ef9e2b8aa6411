"""``virtcim jobs``: long work, as the infostore has it, also while the server is down.

The rule: what is shown was read; only `stop` asks anything, and it asks the server.
"""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pywbem

from virtcim.commands.failures import MISUSED, Failure, failing
from virtcim.commands.servers import answering
from virtcim.commands.tables import show
from virtcim.configuration import Settings
from virtcim.infostore import InfostoreError, JobRecord, JobWindow
from virtcim.jobs.states import FINAL, JobRequest
from virtcim.schema.valuemaps import JobState, JobStateChangeCode

if TYPE_CHECKING:
    from rich.table import Table

LOOK_SECONDS = 0.5
"""How often a store is looked at; the server writes how far a job is every two seconds or so."""

COLUMNS = ("id", "kind", "domain", "host", "state", "done", "owner", "started", "elapsed", "")


def jobs(settings: Settings, *, everything: bool, as_json: bool) -> None:
    """Show the jobs that are under way, or all that there are."""
    with _window(settings) as window:
        chosen = [one for one in window.jobs() if everything or not _has_ended(one)]
    if as_json:
        print(json.dumps([_facts(one) for one in chosen], indent=2))
    else:
        show(COLUMNS, (_row(one) for one in chosen))


def watch(settings: Settings, *, everything: bool, as_json: bool) -> None:
    """Show jobs until interrupted: live on a terminal, elsewhere a line for each change."""
    with _window(settings) as window, suppress(KeyboardInterrupt):
        if as_json or not sys.stdout.isatty():
            _tell_changes(_looks(window, everything=everything), as_json=as_json)
        else:
            _draw(_looks(window, everything=everything))


def show_one(settings: Settings, beginning: str, *, as_json: bool) -> None:
    """Show everything of the one job whose id begins so."""
    with _window(settings) as window:
        facts = _facts(_the_one(window.jobs(), beginning))
    if as_json:
        print(json.dumps(facts, indent=2))
    else:
        show(("", ""), ((name, _word(value)) for name, value in facts.items()))


def stop(server: Any, beginning: str, *, kill: bool) -> None:
    """Ask the server to end a job; raises Failure when it does not."""
    wanted = JobRequest.KILL if kill else JobRequest.TERMINATE
    with answering():
        paths = server.EnumerateInstanceNames("CIM_ConcreteJob")
        found = [path for path in paths if path["InstanceID"].startswith(beginning)]
        if len(found) != 1:
            raise _ambiguous(beginning, len(found))
        state = pywbem.Uint16(wanted.value)
        number, _ = server.InvokeMethod("RequestStateChange", found[0], RequestedState=state)
    code = JobStateChangeCode(number)
    text = _ANSWERS.get(code)
    if text is None:
        raise Failure(f"the server answers {code.value} ({code.name.replace('_', ' ').lower()})")
    print(f"job {found[0]['InstanceID']} {text}")


_Code = JobStateChangeCode

_ANSWERS: Mapping[JobStateChangeCode, str] = {
    _Code.COMPLETED_WITH_NO_ERROR: "has ended",
    _Code.METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED: "was asked to end",
}


@contextmanager
def _window(settings: Settings) -> Iterator[JobWindow]:
    with failing(InfostoreError):
        window = JobWindow(settings.infostore_url)
        try:
            yield window
        finally:
            window.close()


def _the_one(found: Iterable[JobRecord], beginning: str) -> JobRecord:
    fitting = [one for one in found if one.id.startswith(beginning)]
    if len(fitting) != 1:
        raise _ambiguous(beginning, len(fitting))
    return fitting[0]


def _ambiguous(beginning: str, number: int) -> Failure:
    if number:
        return Failure(f"the ids of {number} jobs begin with {beginning!r}", MISUSED)
    return Failure(f"there is no job {beginning!r}")


# Watching


def _looks(window: JobWindow, *, everything: bool) -> Iterator[list[JobRecord]]:
    """Yield what is to be seen, for ever: of jobs that have ended those that were seen to run."""
    seen: set[str] = set()
    while True:
        found = window.jobs()
        seen |= {one.id for one in found if everything or not _has_ended(one)}
        yield [one for one in found if one.id in seen]
        time.sleep(LOOK_SECONDS)


def _tell_changes(looks: Iterable[Sequence[JobRecord]], *, as_json: bool) -> None:
    told: dict[str, JobRecord] = {}
    for look in looks:
        for one in look:
            if told.get(one.id) != one:
                told[one.id] = one
                line = json.dumps(_facts(one)) if as_json else "\t".join(_row(one))
                print(line, flush=True)


def _draw(looks: Iterable[Sequence[JobRecord]]) -> None:
    from rich.live import Live  # noqa: PLC0415

    with Live(auto_refresh=False) as live:
        for look in looks:
            live.update(_table(look), refresh=True)


def _table(look: Sequence[JobRecord]) -> "Table":
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for column in ("id", "domain", "state", "", "done", "elapsed", ""):
        table.add_column(column, overflow="fold")
    for one in look:
        bar = ProgressBar(total=100, completed=one.percent, width=20)
        state = Text(_state(one), style=_STYLES.get(JobState(one.state), ""))
        left = (Text(one.id[:8]), Text(f"{one.domain_name} ({one.host})"), state, bar)
        table.add_row(*left, *map(Text, (f"{one.percent} %", _elapsed(one), _sentence(one))))
    return table


_STYLES: Mapping[JobState, str] = {
    JobState.COMPLETED:  "green",
    JobState.EXCEPTION:  "red",
    JobState.TERMINATED: "yellow",
    JobState.KILLED:     "yellow",
}  # fmt: skip


# Words


def _row(one: JobRecord) -> tuple[str, ...]:
    return (
        one.id, one.kind.value, one.domain_name, one.host, _state(one), f"{one.percent} %",
        one.owner, _moment(one.started), _elapsed(one), _sentence(one),
    )  # fmt: skip


def _has_ended(one: JobRecord) -> bool:
    return JobState(one.state) in FINAL


def _state(one: JobRecord) -> str:
    return JobState(one.state).name.replace("_", " ").lower()


def _sentence(one: JobRecord) -> str:
    return " ".join((one.error or one.status).split())


def _elapsed(one: JobRecord) -> str:
    if one.started is None:
        return "-"
    spent = (one.ended or datetime.now(UTC)) - one.started
    return str(max(spent, timedelta()) // timedelta(seconds=1) * timedelta(seconds=1))


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _facts(one: JobRecord) -> dict[str, Any]:
    """Return a job as JSON has it: the state by its word, times as texts."""
    facts = {field.name: _plain(getattr(one, field.name)) for field in fields(one)}
    return {**facts, "state": _state(one)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _word(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)
