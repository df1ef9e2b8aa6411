"""Spoilt requests, one after the other, against a server: every one is answered or refused.

A request is known by its seed, its kind and its number, so that a run can be taken up anywhere.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random

from tests.dsp0203 import check
from tests.fuzz.mutations import GOOD, spoil_bytes, spoil_head, spoil_tree, spoil_values
from tests.rawhttp import Answer, Client, head
from tests.serving import RunningServer

Spoil = Callable[[Random, bytes], bytes]

MESSAGES: Mapping[str, Spoil] = {
    "values": spoil_values,
    "tree": spoil_tree,
    "bytes": spoil_bytes,
}
"""Ways to spoil the body; its frame stays good."""

HEADS = "heads"
KINDS = (*MESSAGES, HEADS)

REFUSALS = {400, 404, 405, 406, 408, 411, 413, 415, 417, 431, 501, 505}


def judge(answer: Answer) -> None:
    """Check that an answer is a valid CIM reply or a refusal, and no confession of a defect."""
    if answer.status != 200:
        assert answer.status in REFUSALS
        assert answer.body == b""
    elif "content-encoding" not in answer.headers:
        check(answer.body)
        assert b"internal error" not in answer.body


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


def resident_megabytes(server: RunningServer) -> float:
    """Return what the server occupies."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def fuzz(server: RunningServer, kind: str, seed: int, numbers: Iterable[int]) -> None:
    """Send spoilt requests of a kind; raises AssertionError with the request that was not met."""
    with ExitStack() as stack:
        send = _in_heads if kind == HEADS else _in_messages(stack, MESSAGES[kind])
        for number in numbers:
            random = Random(f"{seed}/{kind}/{number}")
            body, headers = random.choice(GOOD)
            try:
                send(server, random, body, headers)
            except AssertionError as error:
                error.add_note(f"{kind}, seed {seed}, request {number}")
                raise


Send = Callable[[RunningServer, Random, bytes, dict[str, str]], None]


def _in_messages(stack: ExitStack, spoil: Spoil) -> Send:
    """Return what sends messages in a good frame, on a connection that stays usable."""
    client: Client | None = None

    def send(server: RunningServer, random: Random, body: bytes, headers: dict[str, str]) -> None:
        nonlocal client
        if client is None:
            client = stack.enter_context(Client(server.host, server.port))
        answer = client.ask(head(spoil(random, body), headers))
        judge(answer)
        if answer.headers.get("connection") == "close":
            client.close()
            client = None

    return send


def _in_heads(server: RunningServer, random: Random, body: bytes, headers: dict[str, str]) -> None:
    """Send a request whose frame is spoilt, after which the connection ends."""
    with Client(server.host, server.port) as client:
        client.send(spoil_head(random, body, headers))
        client.finish()
        for answer in client.answers():
            if answer.status >= 200:
                judge(answer)
