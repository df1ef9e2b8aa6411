"""``virtcim mof``: compiles MOF into a namespace of a running server, and writes it back as MOF.

The rule: everything is compiled before anything is sent, so that a fault in a file changes nothing.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.resources import as_file
from importlib.resources import files as resources
from itertools import chain
from pathlib import Path
from typing import Any

import pywbem

from virtcim.commands.failures import Failure
from virtcim.commands.sending import Send, Senders
from virtcim.commands.servers import answering, said
from virtcim.commands.stepping import Stage, Step, StepFailed, one_by_one, take
from virtcim.schema import compiler
from virtcim.wbem.objects import ClassDeclaration, Parameter, Property, qualifier_value
from virtcim.wbem.writing import class_xml, qualifier_declaration_xml

_NO_NAMESPACE = 3
_ALREADY_EXISTS = 11
_GONE = frozenset({5, 6})  # the class, or the object
_STAYS = frozenset({1, 2})  # in use, or the server's own


class _Recorder(pywbem.MOFWBEMConnection):  # type: ignore[misc]
    """What the compiler writes into; classes are kept as they are declared.

    The compiler gives those of its own repository what they inherit, as soon as it needs that.
    """

    def __init__(self, server: Any) -> None:
        super().__init__(conn=server)
        self.declared: list[Any] = []

    def CreateClass(self, NewClass: Any, **more: Any) -> None:  # noqa: N802, N803 (pywbem's names)
        """Take a class that the files declare."""
        super().CreateClass(NewClass, **more)
        self.declared.append(NewClass.copy())


class _OneNamespace:
    """What the compiler asks to make a namespace: it is not for a file to say where it goes."""

    def create_namespace(self, name: str) -> None:
        """Refuse; raises Failure."""
        text = f"#pragma namespace: compile what is for {name} with --namespace {name}"
        raise Failure(text)


class Compiled:
    """What MOF files declare: qualifiers, classes and instances, in an order that can be made."""

    def __init__(self, server: Any, files: Iterable[Path], include: Iterable[Path]) -> None:
        """Compile the files, with what the server knows already; raises Failure."""
        self._handle = _Recorder(server)
        self._namespace = server.default_namespace
        _check_namespace(server)
        with as_file(resources("virtcim") / "mof") as own:
            for file in files:
                # What is found nowhere else: the qualifiers and classes of DMTF that we have.
                self._compile(file, [str(file.parent), *map(str, include), str(own)])

    def _compile(self, file: Path, paths: list[str]) -> None:
        reader = pywbem.MOFCompiler(self._handle, search_paths=paths, log_func=None)
        reader.parser.server = _OneNamespace()
        try:
            reader.compile_file(str(file), self._namespace)
        except pywbem.MOFCompileError as error:
            raise Failure(f"{file}: {error}") from None
        except (OSError, ValueError) as error:
            # ValueError is what the compiler lets through: a value of another type, no UTF-8.
            raise Failure(f"{file}: {error}") from None

    @property
    def declared(self) -> compiler.Compiled:
        """Qualifiers and classes of the files, not those of the server that they build upon."""
        qualifiers = self._handle.qualifiers.get(self._namespace, {})
        return compiler.declarations(qualifiers.values(), self._handle.declared)

    @property
    def instances(self) -> list[Any]:
        """Instances."""
        return list(self._handle.instances.get(self._namespace, ()))


def _check_namespace(server: Any) -> None:
    name = server.default_namespace
    try:
        server.EnumerateClassNames()
    except pywbem.CIMError as error:
        if error.status_code != _NO_NAMESPACE:
            raise
        text = f"namespace {name} does not exist; make it first (pywbemcli namespace create {name})"
        raise Failure(text) from None


def compile_files(
    server: Any, files: Iterable[Path], include: Iterable[Path], *, dry_run: bool, remove: bool
) -> None:
    """Compile files into the server's namespace, or remove what they declare; raises Failure.

    What is there already is changed to what the files say.
    """
    with answering(), warnings.catch_warnings():
        # The server says what is wrong with an instance, a missing key too.
        warnings.simplefilter("ignore", pywbem.MissingKeybindingsWarning)
        found = Compiled(server, files, include)
        declared, instances = found.declared, found.instances
        if remove:
            stages = _removals(server, declared, instances)
        else:
            stages = _makings(server, declared, instances)
        if dry_run:
            for step in chain.from_iterable(stages):
                print(f"would {step.what}")
        else:
            _take_all(stages)
    counts = [(len(declared.classes), "classes"), (len(instances), "instances")]
    if not remove:
        counts.insert(0, (len(declared.qualifiers), "qualifiers"))
    what = ", ".join(f"{count} {name}" for count, name in counts)
    done = "removed" if remove else "compiled"
    print(f"{what}: nothing was changed" if dry_run else f"{what} {done}", file=sys.stderr)


def _take_all(stages: Sequence[Stage]) -> None:
    before = 0
    for stage in stages:
        try:
            take(stage)
        except StepFailed as failed:
            if not isinstance(failed.__cause__, pywbem.Error):
                raise
            done, total = before + failed.done, sum(map(len, stages))
            text = f"cannot {failed.what}: {said(failed.__cause__)} ({done} of {total} steps done)"
            raise Failure(text) from failed
        before += len(stage)


def _makings(server: Any, declared: compiler.Compiled, instances: Iterable[Any]) -> list[Stage]:
    send = Senders(server).send
    qualifiers = [
        Step(
            f"declare qualifier {one.name}",
            partial(send, "SetQualifier", "QualifierDeclaration", qualifier_declaration_xml(one)),
        )
        for one in declared.qualifiers
    ]
    made = (
        (f"make instance {one.path}", partial(_make_instance, server, one)) for one in instances
    )
    return [qualifiers, _class_stage(send, declared.classes), one_by_one(made)]


def _class_stage(send: Send, classes: Iterable[ClassDeclaration]) -> Stage:
    steps: list[Step] = []
    numbers: dict[str, int] = {}
    for one in classes:
        needs = frozenset(numbers[name] for name in _named(one) if name in numbers)
        numbers[one.name.lower()] = len(steps)
        do = partial(_make_class, send, class_xml(one))
        steps.append(Step(f"make class {one.name}", do, needs))
    return steps


def _named(one: ClassDeclaration) -> Iterator[str]:
    """Yield the names of the classes without which this one cannot be, in lower case."""
    elements: list[Property | Parameter] = list(one.properties)
    elements += [each for method in one.methods for each in method.parameters]
    names: list[object] = [one.superclass, *(each.reference_class for each in elements)]
    names += [qualifier_value(each.qualifiers, "EmbeddedInstance") for each in elements]
    return (str(name).lower() for name in names if name is not None)


def _make_class(send: Send, text: str) -> None:
    try:
        send("CreateClass", "NewClass", text)
    except pywbem.CIMError as error:
        if error.status_code != _ALREADY_EXISTS:
            raise
        send("ModifyClass", "ModifiedClass", text)


def _make_instance(server: Any, one: Any) -> None:
    try:
        server.CreateInstance(one)
    except pywbem.CIMError as error:
        if error.status_code != _ALREADY_EXISTS:
            raise
        server.ModifyInstance(one)


def _removals(server: Any, declared: compiler.Compiled, instances: Sequence[Any]) -> list[Stage]:
    """Remove in the opposite order; what is gone already is no failure.

    A qualifier stays as long as another class uses it, or if it is the server's own.
    """
    work = [
        (f"remove instance {one.path}", partial(_gone, server.DeleteInstance, one.path))
        for one in reversed(instances)
    ]
    work += [
        (f"remove class {one.name}", partial(_gone, server.DeleteClass, one.name))
        for one in reversed(declared.classes)
    ]
    work += [
        (
            f"remove qualifier {one.name} if nothing uses it",
            partial(_gone, server.DeleteQualifier, one.name, _GONE | _STAYS),
        )
        for one in declared.qualifiers
    ]
    return [one_by_one(work)]


def _gone(remove: Callable[[Any], object], what: Any, expected: frozenset[int] = _GONE) -> None:
    try:
        remove(what)
    except pywbem.CIMError as error:
        if error.status_code not in expected:
            raise


def export(server: Any, names: Iterable[str], *, instances: bool) -> None:
    """Print the qualifiers and classes of the server's namespace as MOF; raises Failure.

    names: of classes that are printed alone, with those that they derive from; none means all.
    """
    wanted = list(names)
    with answering():
        classes = _lineages(server, wanted) if wanted else _all_classes(server)
        for one in server.EnumerateQualifiers():
            print(one.tomof())
        for one in classes:
            print(_as_declared(one).tomof())
            if instances:
                for each in _own_instances(server, one.classname):
                    print(each.tomof())


def _as_declared(one: Any) -> Any:
    """Return a class without the qualifiers that it inherits, which every server sends along."""
    found = one.copy()
    for element in (found, *found.properties.values(), *found.methods.values()):
        for name in [name for name, each in element.qualifiers.items() if each.propagated]:
            del element.qualifiers[name]
    return found


_AS_DECLARED = {"LocalOnly": True, "IncludeQualifiers": True, "IncludeClassOrigin": False}


def _all_classes(server: Any) -> Iterator[Any]:
    """Yield classes with their superclasses before them."""
    by_parent: dict[str | None, list[Any]] = {}
    for one in server.EnumerateClasses(DeepInheritance=True, **_AS_DECLARED):
        parent = None if one.superclass is None else one.superclass.lower()
        by_parent.setdefault(parent, []).append(one)
    waiting: list[str | None] = [None]
    while waiting:
        for one in by_parent.get(waiting.pop(0), ()):
            yield one
            waiting.append(one.classname.lower())


def _lineages(server: Any, names: Iterable[str]) -> list[Any]:
    found: dict[str, Any] = {}
    for name in names:
        lineage: list[Any] = []
        above: str | None = name
        while above is not None and above.lower() not in found:
            one = server.GetClass(above, **_AS_DECLARED)
            lineage.insert(0, one)
            above = one.superclass
        found |= {one.classname.lower(): one for one in lineage}
    return list(found.values())


def _own_instances(server: Any, class_name: str) -> list[Any]:
    found = server.EnumerateInstances(class_name, DeepInheritance=True)
    return [one for one in found if one.classname.lower() == class_name.lower()]
