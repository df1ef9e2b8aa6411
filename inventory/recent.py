"""What was made last of definitions, the longest unused forgotten first.

The rule: what is kept here can be made again at any time, so nothing but time is lost with it. A
parsed definition is several times its text, and a host may have ten thousand: what hangs on
snapshots must be small, and what is big is kept here.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")

MOST = 1024
"""Things kept; a domain that was just read has about five, and 45 kB in them."""


class Recent:
    """A bounded memory of one host."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[object, object]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, given: object, build: Callable[[], T]) -> T:
        """What build makes: what it made before if that is still kept, and `given` is the same."""
        found = self._kept.get(key)
        if found is None or found[0] != given:
            found = (given, build())
            self._kept[key] = found
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return cast("T", found[1])
