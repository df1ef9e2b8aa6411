"""A compiled schema is kept beside its MOF, as Python keeps bytecode beside its source.

Compiling takes longer than all else at a start, and the compiler stays in memory. The rule: what is
kept is believed as bytecode is, by who may write into its directory, and used only if it was made
of the same MOF by the same code. Whatever is wrong with it, or with writing it, means compiling.
"""

import hashlib
import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path

from virtcim.schema import compiler
from virtcim.schema.compiler import Compiled, compile_mof
from virtcim.schema.repository import Repository
from virtcim.wbem import escapes, objects, types, values

_CODE = (compiler, escapes, objects, types, values)
"""What decides how a text is compiled, and what the result is made of."""


def compiled_mof(path: Path, upon: Repository | None = None) -> Compiled:
    """Return what a MOF file compiles to, kept or compiled now; raises MOFError.

    upon: what it builds upon; of that the qualifiers decide what it compiles to.
    """
    place = _place(path)
    with suppress(OSError):
        made_of = _digest(path, upon)
        found = _read(place, made_of)
        if found is None:
            found = compile_mof(path, upon)
            _write(place, made_of, found)
        return found
    return compile_mof(path, upon)


def _place(path: Path) -> Path:
    """Return where bytecode of such a file would be, with a suffix of our own."""
    return Path(cache_from_source(str(path.with_suffix(".py")))).with_suffix(".schema")


def _digest(path: Path, upon: Repository | None) -> bytes:
    """Return what stands for all MOF below a file's directory and for the code; raises OSError."""
    digest = hashlib.sha256(sys.version.encode())
    for qualifier in () if upon is None else upon.qualifiers():
        # Sets of names are written in another order by every run.
        digest.update(f"{replace(qualifier, scopes=frozenset())}\0".encode())
    for source in _sources(path):
        content = source.read_bytes()
        digest.update(f"{source.name}\0{len(content)}\0".encode() + content)
    return digest.digest()


def _sources(path: Path) -> Iterator[Path]:
    yield from (Path(module.__file__ or "") for module in _CODE)
    yield path
    yield from sorted(path.parent.rglob("*.mof"))


def _read(place: Path, made_of: bytes) -> Compiled | None:
    try:
        content = place.read_bytes()
    except OSError:
        return None
    if not content.startswith(made_of):
        return None
    try:
        found = pickle.loads(content[len(made_of) :])  # noqa: S301 - trusted as bytecode is
    except Exception:  # noqa: BLE001 - a broken pickle raises anything
        return None
    return found if isinstance(found, Compiled) else None


def _write(place: Path, made_of: bytes, compiled: Compiled) -> None:
    """Write as a whole or not at all; another server may start at the same time."""
    if sys.dont_write_bytecode:
        return
    part = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(made_of + pickle.dumps(compiled, pickle.HIGHEST_PROTOCOL))
            part.replace(place)
        except OSError:
            part.unlink(missing_ok=True)
