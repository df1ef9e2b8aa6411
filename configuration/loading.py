"""Loading the settings: option beats environment beats file beats default.

Every problem is reported at once, each with the place where the operator wrote it.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
)

from virtcim.configuration.errors import ConfigurationError, Problem
from virtcim.configuration.identity import CertificateRule, Rule
from virtcim.configuration.settings import Host, Settings

DEFAULT_FILE = Path("/etc/virtcim/virtcim.toml")
FILE_VARIABLE = "VIRTCIM_CONFIG"
ENVIRONMENT_PREFIX = "VIRTCIM_"

Table = dict[str, object]
KeyPath = tuple[str | int, ...]

# What is in these tables is not ours to know.
OTHERS: frozenset[KeyPath] = frozenset({("providers", "options")})

# What the operator typed for a key that came from the command line.
OPTIONS: Mapping[str, str] = {
    "hosts": "argument URI",
    "listen": "option --listen",
    "web": "option --web",
    "state_dir": "option --state-dir",
}


def load(options: Mapping[str, object] | None = None, file: Path | None = None) -> Settings:
    """Read all sources and check them; raises ConfigurationError.

    ``options`` are settings from the command line, nested as in the file. ``file`` is the one
    from the command line; None takes the one that the environment names, or the default one if
    it is there.
    """
    path = file or _file_of_environment()
    sources = _Sources(
        options=dict(options or {}), environment=dict(os.environ), file=_read(path), path=path
    )
    unknown = [*_unknown_keys(sources), *_unknown_variables(sources)]
    if unknown:
        raise ConfigurationError(*unknown)
    try:
        return _settings_from(sources).model_validate({})
    except ValidationError as error:
        raise ConfigurationError(*_problems(error, sources)) from None


class _Sources:
    """What each source says, kept to tell where a bad value came from."""

    def __init__(
        self, *, options: Table, environment: dict[str, str], file: Table, path: Path | None
    ) -> None:
        self.options = options
        self.environment = environment
        self.file = file
        self.path = path

    def place(self, path: KeyPath) -> tuple[str, str]:
        """Name the source whose value counted, and the key in it; defaults cannot be wrong."""
        top = str(path[0])
        if _has(self.options, path):
            return OPTIONS.get(top, "command line"), ""
        for depth in (2, 1):
            variable = variable_of(path[:depth])
            if variable in self.environment:
                return f"environment variable {variable}", ""
        return str(self.path or "configuration"), _dotted(path)


def _file_of_environment() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    try:
        DEFAULT_FILE.stat()
    except FileNotFoundError:
        return None
    except OSError:
        pass  # it is there and may not be read: reading it says so
    return DEFAULT_FILE


def _read(path: Path | None) -> Table:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(Problem(str(path), "", f"is not TOML: {error}")) from None
    except UnicodeDecodeError:
        raise ConfigurationError(Problem(str(path), "", "must be encoded in UTF-8")) from None
    except OSError as error:
        text = f"cannot be read: {error.strerror}"
        raise ConfigurationError(Problem(str(path), "", text)) from None


def _settings_from(sources: _Sources) -> type[Settings]:
    class Loaded(Settings):
        """The settings with the command line above the environment and the file below."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (called by keyword)
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the same)
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the same)
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (
                InitSettingsSource(settings_cls, dict(sources.options)),
                env_settings,
                InitSettingsSource(settings_cls, dict(sources.file)),
            )

    return Loaded


def known_keys(model: type[BaseModel] = Settings, above: tuple[str, ...] = ()) -> Iterator[KeyPath]:
    """Walk every key that a file may have, sections and lists included."""
    for name, field in model.model_fields.items():
        path = (*above, name)
        yield path
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from known_keys(field.annotation, path)


def variable_of(path: KeyPath) -> str:
    """Name the environment variable of a key."""
    return ENVIRONMENT_PREFIX + "_".join(str(part) for part in path).upper()


def _unknown_variables(sources: _Sources) -> Iterator[Problem]:
    known = {variable_of(path) for path in known_keys()} | {FILE_VARIABLE}
    for variable in sorted(sources.environment):
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in known:
            yield Problem(
                f"environment variable {variable}", "", f"unknown{_meant(variable, known)}"
            )


def _unknown_keys(sources: _Sources) -> Iterator[Problem]:
    known = set(known_keys())
    for path in _walk(sources.file):
        if path not in known:
            siblings = {str(key[-1]) for key in known if key[:-1] == path[:-1]}
            yield Problem(
                str(sources.path), _dotted(path), f"unknown key{_meant(str(path[-1]), siblings)}"
            )


def _walk(table: Table, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Walk what a file has, but not below what is unknown anyway, nor into lists."""
    known = set(known_keys())
    for name, value in table.items():
        path = (*above, name)
        yield path
        if isinstance(value, dict) and path in known and path not in OTHERS:
            yield from _walk(value, path)


def _meant(word: str, known: set[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean `{close[0]}`?"
    return f"; known are {', '.join(sorted(known))}" if len(known) <= 20 else ""


def _problems(error: ValidationError, sources: _Sources) -> Iterator[Problem]:
    for each in error.errors(include_url=False, include_input=False):
        if each["type"] == "default_factory_not_called":
            continue  # the consequence of another problem, which is told
        path: KeyPath = each["loc"]
        place, key = sources.place(path)
        yield Problem(place, key, _text(each["type"], each["msg"], path))


# pydantic's sentences, where ours say more; the rest begin with "Input should be", and we go on.
TEXTS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "value_error": "",
}
# Lists of tables, into which known_keys does not go.
LISTED: Mapping[str, type[BaseModel]] = {
    "hosts": Host,
    "certificates": CertificateRule,
    "rules": Rule,
}


def _text(kind: str, message: str, path: KeyPath) -> str:
    if kind == "extra_forbidden":
        known = set(LISTED[str(path[0])].model_fields)
        return f"unknown key{_meant(str(path[-1]), known)}"
    message = message.removeprefix("Value error, ").replace("Input should", "must")
    return TEXTS.get(kind) or message


def _has(table: object, path: KeyPath) -> bool:
    """Tell whether a source decided this key: it has it, or the list that the key is in."""
    for part in path:
        if not isinstance(table, dict):
            return table is not None
        if part not in table:
            return False
        table = table[part]
    return True


def _dotted(path: KeyPath) -> str:
    """Write a key as people do: ``hosts[1].uri``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
