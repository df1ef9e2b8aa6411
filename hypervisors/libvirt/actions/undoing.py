"""What was begun is undone when the rest fails, and the first failure is the one that is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from virtcim.hypervisors.libvirt.native import NativeError


@contextmanager
def undone(undo: Callable[[], object]) -> Iterator[None]:
    """Undo what was done before when what is inside fails.

    What cannot be undone stays: on a connection that broke, nothing can be done any more.
    """
    try:
        yield
    except NativeError:
        with suppress(NativeError):
            undo()
        raise
