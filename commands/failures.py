"""From a room's error to a message and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

FAILED = 1
MISUSED = 2


class Failure(Exception):
    """A command ends here: the text goes to standard error, the code to the shell."""

    def __init__(self, text: str, exit_code: int = FAILED) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@contextmanager
def failing(*errors: type[Exception], exit_code: int = FAILED) -> Iterator[None]:
    """End the command with the text of any of these errors."""
    try:
        yield
    except errors as error:
        raise Failure(str(error), exit_code) from error
