"""``virtcim set`` changes a setting of a running server, or says what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.running import virtcim
from tests.serving import EIGHT_STATES, PASSWORD, USER, RunningServer, let_in, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of the test driver."""
    with serving(EIGHT_STATES, tmp_path_factory.mktemp("set")) as one:
        yield one


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nobody", "Notes=x"), 1, "there is no setting 'nobody'"),
        (("running/xyz", "BusType=ide"), 1, "there is no setting 'running/xyz'"),
        (("nobody", "Notes=x"), 1, "DOMAIN/RESOURCE"),
        (("running", "InstanceID=x"), 2, "InstanceID names the setting"),
        (("running", "Notes"), 2, "'Notes' is no PROPERTY=VALUE"),
        (("running", "Colour=red"), 2, "has no property Colour"),
        (("running", "AutoStart=often"), 2, "AutoStart: "),
        (("running", "EnableACPI=perhaps"), 2, "'perhaps' is neither true nor false"),
    ],
)
def test_what_is_wrong_is_said(
    server: RunningServer, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """One line, and the exit code of misuse where the words were wrong."""
    ended = virtcim("set", *arguments, "--url", server.url)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With the question that an operator would ask next."""
    config = tmp_path / "virtcim.toml"
    config.write_text('listen = ["127.0.0.1:1"]\n')
    ended = virtcim("set", "web", "Notes=x", "--config", config)
    assert ended.code == 1
    assert "is the server running" in ended.err


def test_who_may_not_log_in_is_told(tmp_path: Path) -> None:
    """Without a name, and with a wrong password: that, and not that there is no server."""
    let_in(tmp_path)
    with serving(EIGHT_STATES, tmp_path) as server:
        arguments = ("set", "shutoff", "Notes=x", "--url", server.url)
        nobody = virtcim(*arguments)
        wrong = virtcim(*arguments, "--user", USER, "--password-stdin", said="guess\n")
        right = virtcim(*arguments, "--user", USER, "--password-stdin", said=f"{PASSWORD}\n")
    for ended in (nobody, wrong):
        assert (ended.code, ended.out) == (1, "")
        assert "401" in ended.err
        assert "is the server running" not in ended.err
        assert len(ended.err.splitlines()) == 1
    assert (right.code, right.err) == (0, "")


def test_a_change_is_shown_and_made(server: RunningServer) -> None:
    """A dry run shows the difference and changes nothing; then the same is done."""
    ended = virtcim("set", "shutoff", "Notes=by hand", "--dry-run", "--url", server.url)
    assert (ended.code, ended.err) == (0, "")
    assert "+  <description>by hand</description>" in ended.out
    again = virtcim("set", "shutoff", "Notes=by hand", "--dry-run", "--url", server.url)
    assert again.out == ended.out
    assert virtcim("set", "shutoff", "Notes=by hand", "--url", server.url).code == 0
    nothing = virtcim("set", "shutoff", "Notes=by hand", "--dry-run", "--url", server.url)
    assert nothing.out == "nothing would be changed\n"


def test_a_value_is_taken_away(server: RunningServer) -> None:
    """What stands behind no text: an array and a text that are empty."""
    asked = ("set", "running", "Notes=by hand", "Title=Hand", "--url", server.url)
    ended = virtcim(*asked)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    ended = virtcim("set", "running", "Notes=", "Title=", "--dry-run", "--url", server.url)
    assert "-  <description>by hand</description>" in ended.out
    assert "-  <title>Hand</title>" in ended.out
