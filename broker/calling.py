"""Who calls, and how: what a change knows beside its arguments.

The rule: the listener says it once for each request; whatever runs for the request may read it.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

NOBODY = "-"
"""Who asks when the server runs open."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The user of a request.

    dry_run: nothing may be changed, the reply says what would be.
    keep: whether the user may see instances of a class of a namespace; None when all may be seen.
    """

    user: str = NOBODY
    dry_run: bool = False
    keep: Callable[[str, str], bool] | None = None


CALLER: ContextVar[Caller] = ContextVar("caller", default=Caller())  # noqa: B039 (it is frozen)
