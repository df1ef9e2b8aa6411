"""What recovery says of configuration jobs that it can neither undo nor look for."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.jobs.scenes import Gate, Stage, play
from virtcim.hypervisors.errors import ConnectionLost, HypervisorError, InvalidState
from virtcim.infostore.jobs import JSON
from virtcim.inventory.host import Host
from virtcim.jobs import configuration
from virtcim.jobs.deeds import Deed, Task
from virtcim.jobs.plans import Completed, Failed, Verdict


def recovered(tmp_path: Path, task: Task, **notes: JSON) -> Verdict:
    """Return what is said of a job with such notes."""
    found: list[Verdict] = []

    async def scene(stage: Stage) -> None:
        parameters = Deed(task=task, name="a").parameters()
        job = await stage.engine.start(stage.plan(Gate().work, parameters=parameters))
        found.append(await configuration.recover(replace(job, notes=notes), stage.host))

    play(tmp_path, scene)
    return found[0]


@pytest.mark.parametrize(
    "steps",
    [
        ["no object"],
        [{"what": "a step", "undo": "Unheard"}],
        [{"what": "a step", "undo": "Undefine", "unheard": 1}],
        [{"undo": "Undefine", "uuid": "u"}],
    ],
)
def test_steps_that_nobody_can_read(tmp_path: Path, steps: list[JSON]) -> None:
    """Another release has written them: what was done stays, and that is said."""
    assert recovered(tmp_path, Task.CHANGE, steps=steps) == Failed(
        "the server ended under it; what was done of it stays, since its notes cannot be read"
    )


def _refusing(error: HypervisorError, monkeypatch: pytest.MonkeyPatch) -> None:
    async def outcome(_host: Host, _deed: Deed) -> Completed | Failed:
        raise error

    monkeypatch.setattr(configuration, "outcome", outcome)


def test_what_is_left_of_a_deed_and_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried for ever: the job says what the hypervisor said."""
    _refusing(InvalidState("the pool is in use"), monkeypatch)
    assert recovered(tmp_path, Task.CREATE_POOL) == Failed(
        "the server ended under it; the pool is in use"
    )


def test_what_cannot_be_known_now_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that does not last is no verdict."""
    _refusing(ConnectionLost("gone"), monkeypatch)
    with pytest.raises(ConnectionLost):
        recovered(tmp_path, Task.CREATE_POOL)
