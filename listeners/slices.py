"""Replies in slices of time, so that one client's big reply does not keep the others waiting."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter

from virtcim.listeners.messages import Broken, Response

SLICE_SECONDS = 0.005
"""How long a big reply is written in one go before others have their turn."""

BLOCK_BYTES = 65_536
"""So much of a reply that flows is handed over in one go, if it is there in time."""

Collected = tuple[Response, Sequence[bytes], Iterator[bytes] | None]
"""A response, what was taken of it, and the rest where there may be more."""


def collect(response: Response) -> Collected:
    """Take pieces for one slice of time; another response stands for one that breaks."""
    try:
        pieces, rest = _slice(response.pieces)
    except Broken as broken:
        return broken.instead, tuple(broken.instead.pieces), None
    return response, pieces, rest


async def collect_all(response: Response, hold: Callable[[int], bool]) -> Collected:
    """Take pieces, slice by slice, to the end or until `hold` does not want so many bytes more."""
    try:
        pieces, rest = _slice(response.pieces)
        taken = [*pieces]
        while rest is not None and hold(sum(map(len, pieces))):
            await asyncio.sleep(0)
            pieces, rest = _slice(rest)
            taken += pieces
    except Broken as broken:
        return broken.instead, tuple(broken.instead.pieces), None
    return response, taken, None if rest is None else _drained(taken, rest)


def _slice(source: Iterable[bytes]) -> tuple[Sequence[bytes], Iterator[bytes] | None]:
    if isinstance(source, tuple):
        return source, None
    pieces, taken = iter(source), []
    until = perf_counter() + SLICE_SECONDS
    for piece in pieces:
        taken.append(piece)
        if perf_counter() > until:
            return taken, pieces
    return taken, None


def _drained(taken: list[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what was taken, letting go of it, then the rest."""
    taken.reverse()
    while taken:
        yield taken.pop()
    yield from rest


def blocks(source: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces joined to blocks, each of one slice of time at most; one may be empty.

    When the pieces break, what was there before comes first.
    """
    taken, size, until = list[bytes](), 0, perf_counter() + SLICE_SECONDS
    try:
        for piece in source:
            taken.append(piece)
            size += len(piece)
            if size >= BLOCK_BYTES or perf_counter() > until:
                yield b"".join(taken)
                taken, size, until = [], 0, perf_counter() + SLICE_SECONDS
    except Broken:
        yield b"".join(taken)
        raise
    yield b"".join(taken)
