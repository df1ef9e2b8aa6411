"""Compiled schemas are kept beside their MOF, and never believed when anything has changed."""

import sys
from pathlib import Path

import pytest

from virtcim.schema import keeping
from virtcim.schema.compiler import Compiled, compile_mof
from virtcim.schema.keeping import compiled_mof
from virtcim.schema.repository import Repository

QUALIFIER = (
    "Qualifier Key : boolean = false, Scope(property, reference), Flavor(DisableOverride);\n"
)
CLASS = 'class A { [Key] string Name; };\n#pragma include("b.mof")\n'


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A MOF file that includes another, where bytecode is written beside its source."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "b.mof").write_text("class B { uint8 Size; };\n")
    path = tmp_path / "a.mof"
    path.write_text(QUALIFIER + CLASS)
    return path


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was compiled, in order."""
    done: list[Path] = []

    def compile_and_tell(path: Path, upon: Repository | None) -> Compiled:
        done.append(path)
        return compile_mof(path, upon)

    monkeypatch.setattr(keeping, "compile_mof", compile_and_tell)
    return done


def kept(schema: Path) -> Path:
    """Return the one file in which something was kept."""
    (found,) = (schema.parent / "__pycache__").iterdir()
    return found


def test_it_is_compiled_once(schema: Path, compilations: list[Path]) -> None:
    """The second time nothing is compiled, and the result is the same."""
    assert compiled_mof(schema) == compiled_mof(schema) == compile_mof(schema)
    assert compilations == [schema]


@pytest.mark.parametrize("changed", ["a.mof", "b.mof"])
def test_changed_mof_is_compiled(schema: Path, changed: str) -> None:
    """A change of the file, or of one that it includes, shows."""
    compiled_mof(schema)
    with (schema.parent / changed).open("a") as text:
        text.write("class C { };\n")
    assert "C" in {one.name for one in compiled_mof(schema).classes}


@pytest.mark.parametrize("damage", [b"", b"\0", b"cos\nsystem\n"])
def test_what_is_broken_is_compiled_again(
    schema: Path, damage: bytes, compilations: list[Path]
) -> None:
    """A file cut short, or of something else, is replaced by a good one."""
    whole = compiled_mof(schema)
    kept(schema).write_bytes(kept(schema).read_bytes()[:32] + damage)
    assert compiled_mof(schema) == compiled_mof(schema) == whole
    assert len(compilations) == 2


def test_what_cannot_be_written_is_compiled(schema: Path) -> None:
    """A place that is no directory keeps nothing, and nobody hears of it."""
    (schema.parent / "__pycache__").write_text("in the way")
    assert compiled_mof(schema) == compile_mof(schema)


def test_nothing_is_written_where_bytecode_is_not(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wants no bytecode written gets nothing else written either."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    compiled_mof(schema)
    assert not (schema.parent / "__pycache__").exists()
