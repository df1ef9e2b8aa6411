"""Spoilt requests by the thousand: every one is answered or refused, and the server is unmoved."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.dsp0203 import check
from tests.fuzz.mutations import GOOD, spoil_bytes, spoil_head, spoil_tree, spoil_values
from tests.rawhttp import Answer, Client, head
from tests.serving import EIGHT_STATES, RunningServer, serving

Spoil = Callable[[Random, bytes], bytes]

SEED = 200
EACH = 10_000
"""Requests of each of four kinds."""

REFUSALS = {400, 404, 405, 406, 408, 411, 413, 415, 417, 431, 501, 505}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that is only spoken to badly."""
    with serving(EIGHT_STATES, tmp_path_factory.mktemp("fuzz")) as running:
        yield running


def judge(answer: Answer) -> None:
    """Check that an answer is a valid CIM reply or a refusal, and no confession of a defect."""
    if answer.status == 200:
        check(answer.body)
        assert b"internal error" not in answer.body
    else:
        assert answer.status in REFUSALS
        assert answer.body == b""


def untouched(server: RunningServer) -> None:
    """Check that the server still answers every good request and has logged no defect."""
    with Client(server.host, server.port) as client:
        for body, headers in GOOD:
            answer = client.ask(head(body, headers))
            assert answer.status == 200
            judge(answer)
    log = Path(server.log).read_text()
    assert "Traceback" not in log
    assert not re.search(r"^\S+ (error|critical) ", log, re.MULTILINE)
    assert server.process.poll() is None


def test_good_requests_are_good(server: RunningServer) -> None:
    """What is spoilt below is answered while it is whole, or the run would prove nothing."""
    untouched(server)


@pytest.mark.parametrize("spoil", [spoil_values, spoil_tree, spoil_bytes])
def test_spoilt_messages(server: RunningServer, spoil: Spoil) -> None:
    """Messages in a good frame, spoilt inside, are answered on a connection that stays usable."""
    random = Random(SEED)
    client = Client(server.host, server.port)
    for number in range(EACH):
        body, headers = random.choice(GOOD)
        spoilt = spoil(random, body)
        try:
            answer = client.ask(head(spoilt, headers))
            judge(answer)
        except AssertionError as error:
            error.add_note(f"request {number}: {spoilt[:3000]!r}")
            raise
        if answer.headers.get("connection") == "close":
            client.close()
            client = Client(server.host, server.port)
    client.close()
    untouched(server)


def test_spoilt_heads(server: RunningServer) -> None:
    """Requests whose frame is spoilt are answered or refused, and the connection ends."""
    random = Random(SEED)
    for number in range(EACH):
        body, headers = random.choice(GOOD)
        spoilt = spoil_head(random, body, headers)
        with Client(server.host, server.port) as client:
            client.send(spoilt)
            client.finish()
            try:
                for answer in client.answers():
                    if answer.status >= 200:
                        judge(answer)
            except AssertionError as error:
                error.add_note(f"request {number}: {spoilt[:3000]!r}")
                raise
    untouched(server)
