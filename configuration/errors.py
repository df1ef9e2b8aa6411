"""What is wrong with the configuration, said so that an operator can mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    ``place`` is the file, the environment variable or the option that says it; ``key`` the key's
    path in the settings, empty when the place says enough; ``text`` what is wrong and what would
    be right, never a secret.
    """

    place: str
    key: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.text) if part)


class ConfigurationError(Exception):
    """The settings cannot be used; ``problems`` lists everything that is wrong, not the first."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))
