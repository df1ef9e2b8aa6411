"""The house keeps itself: rooms, layers, sizes, words."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "virtcim"
NO_ROOMS = {"tests", "benchmarks"}

LONGEST_FUNCTION = 50
LONGEST_FILE = 600
LONGEST_README = 80

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def rooms() -> frozenset[str]:
    """Find the rooms: directories at the root that are packages."""
    return frozenset(path.parent.name for path in ROOT.glob("*/__init__.py")) - NO_ROOMS


@cache
def sources(*, tests: bool) -> tuple[Path, ...]:
    """Find the Python files of the rooms, or those of tests."""
    tops = [ROOT / "tests"] if tests else [ROOT / name for name in sorted(rooms())]
    files = [path for top in tops for path in sorted(top.rglob("*.py"))]
    return tuple(files if tests else [ROOT / "server.py", *files])


def functions(path: Path) -> Iterator[Function]:
    """Walk every function of a file, methods and inner ones included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Count a function's lines without its docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def named(path: Path, function: Function) -> str:
    """Name a function as an editor finds it."""
    return f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"


def project() -> dict[str, dict[str, dict[str, object]]]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_room_is_linked() -> None:
    """A room without its link would be missing from the wheel, and nobody would say so."""
    linked = {path.name for path in PACKAGE.iterdir() if path.is_symlink()}
    assert rooms() <= linked
    assert linked == rooms() | {"server.py", "mof"}
    for name in linked:
        assert (PACKAGE / name).readlink() == Path("../..", name)


def test_every_room_has_its_layer() -> None:
    """What import-linter does not know it does not guard."""
    linter: dict[str, object] = project()["tool"]["importlinter"]
    contracts = linter["contracts"]
    assert isinstance(contracts, list)
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert {name.strip() for layer in layers for name in layer.split("|")} == rooms() | {"server"}


def test_bare_rooms_are_banned_by_the_linter() -> None:
    """Each room has its line in ruff's banned imports."""
    ruff = project()["tool"]["ruff"]["lint"]
    assert isinstance(ruff, dict)
    banned = ruff["flake8-tidy-imports"]["banned-api"]
    assert set(banned) == rooms() | {"server"}


def test_nothing_imports_a_bare_room() -> None:
    """From the root `import wbem` works too, and makes a second module of the same file."""
    strangers = []
    for path in (*sources(tests=False), *sources(tests=True)):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            tops = {name.partition(".")[0] for name in names}
            strangers += [f"{path}: {top}" for top in tops & (rooms() | {"server", "src"})]
    assert strangers == []


def test_no_function_is_long() -> None:
    """What does not fit on a screen is two functions."""
    long = [
        f"{named(path, function)}: {length(function)} lines"
        for path in sources(tests=False)
        for function in functions(path)
        if length(function) > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_file_is_long() -> None:
    """What does not fit into a head is two modules."""
    counts = {path: len(path.read_text().splitlines()) for path in sources(tests=False)}
    assert {path for path, count in counts.items() if count > LONGEST_FILE} == set()


def test_every_module_says_what_it_is_for() -> None:
    """A file without a sentence has no reason to be one."""
    files = (*sources(tests=False), *sources(tests=True))
    assert [path for path in files if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_every_test_says_what_it_proves() -> None:
    """Each test function has its sentence."""
    silent = [
        named(path, function)
        for path in sources(tests=True)
        for function in functions(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []


def test_no_test_is_skipped() -> None:
    """A test that does not run proves nothing."""
    marks = re.compile(r"\b(?:pytest\.skip|mark\.(?:skip|xfail)|importorskip)")
    here = Path(__file__)
    skipped = [p for p in sources(tests=True) if p != here and marks.search(p.read_text())]
    assert skipped == []


def test_no_module_is_a_drawer() -> None:
    """Names that say nothing gather what belongs elsewhere."""
    drawers = {"utils", "helpers", "common", "manager", "misc"}
    files = (*sources(tests=False), *sources(tests=True))
    assert [path for path in files if path.stem in drawers] == []


def test_the_readme_is_short() -> None:
    """A first look takes a minute."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README
