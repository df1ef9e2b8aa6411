"""Replies in slices of time, so that one client's big reply does not keep the others waiting."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

from virtcim.listeners.messages import Broken, Response

SLICE_SECONDS = 0.005
"""How long a big reply is written in one go before others have their turn."""


def collect(source: Iterable[bytes]) -> tuple[Sequence[bytes], Iterator[bytes] | None]:
    """Take pieces for one slice of time; return them, and the iterator when it may have more."""
    if isinstance(source, tuple):
        return source, None
    pieces, taken = iter(source), []
    until = perf_counter() + SLICE_SECONDS
    for piece in pieces:
        taken.append(piece)
        if perf_counter() > until:
            return taken, pieces
    return taken, None


async def collect_all(response: Response) -> tuple[Response, Sequence[bytes]]:
    """Take all pieces, slice by slice; return them with the response that they belong to."""
    try:
        pieces, rest = collect(response.pieces)
        taken = [*pieces]
        while rest is not None:
            await asyncio.sleep(0)
            pieces, rest = collect(rest)
            taken += pieces
    except Broken as broken:
        return broken.instead, tuple(broken.instead.pieces)
    return response, taken
