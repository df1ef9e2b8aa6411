"""What performs actions: the types of the drivers' tables."""

from collections.abc import Callable, Mapping
from typing import Any

from virtcim.hypervisors.actions import Action

Performer = Callable[..., Any]
"""(connection, scheme, action) → the action's result; blocks, in a worker's thread."""

Performers = Mapping[type[Action[Any]], Performer]
