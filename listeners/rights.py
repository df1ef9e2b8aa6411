"""May they: what a user may do, by the rules of the configuration and the user's role.

The first rule that fits decides; where none does, the role. A decision is made once for each user,
operation, namespace and class, and looked up from then on. A class is what a rule names, or derives
from it, so that a rule for Virt_ComputerSystem is one for every hypervisor.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from virtcim.broker.namespaces import Namespaces
from virtcim.listeners.principals import Mechanism, Principal, Role
from virtcim.listeners.targets import class_of
from virtcim.wbem.decode import Call, ExtrinsicCall, IntrinsicCall
from virtcim.wbem.exports import METHOD, ExportCall
from virtcim.wbem.operations import Change, ExportIndication, InvokeMethod, Operation
from virtcim.wbem.parameters import OPERATIONS
from virtcim.wbem.paths import canonical_namespace
from virtcim.wbem.status import AccessDenied, InvalidNamespace

MOST_DECISIONS = 65_536
"""Decisions that are kept; names come from clients and must not fill the memory."""

MOST_SEEN = 8192
"""Pairs of user and operation that are kept: as many as wbem/memory.py remembers, and again."""

READING_METHODS = frozenset({
    "geterror", "geterrors",
    "checkvirtualsystemismigratabletohost", "checkvirtualsystemismigratabletosystem",
    # Not served: a client that tries them first is to hear that, and goes on without.
    "getcentralinstances", "openconformantinstances",
})  # fmt: skip
"""Methods that change nothing, which readers may call."""

OPERATING_METHODS = frozenset({
    "requeststatechange", "requestpowerstatechange", "killjob",
})  # fmt: skip
"""Methods that start and end what is there, and neither make, change nor remove it."""

EVERYTHING = "*"
KINDS = frozenset({"read", "write", "invoke"})
"""Words for all reading operations, all intrinsic changes, and all methods."""

_K = TypeVar("_K")
_V = TypeVar("_V")

Keep = Callable[[str, str], bool]
"""Tells whether instances of a class of a namespace may be seen."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Words with `*` for any text; without any word everything fits."""

    words: tuple[str, ...]
    expression: re.Pattern[str] | None

    @classmethod
    def of(cls, words: Iterable[str], *, case: bool = False) -> "Patterns":
        """Compile words; names of users and groups are compared with case."""
        given = tuple(words)
        if not given:
            return cls((), None)
        text = "|".join(fnmatch.translate(_only_stars(word)) for word in given)
        return cls(given, re.compile(text, 0 if case else re.IGNORECASE))

    def fit(self, names: Iterable[str]) -> bool:
        """Tell whether one of the names fits."""
        expression = self.expression
        return expression is None or any(expression.match(name) for name in names)


def _only_stars(word: str) -> str:
    """Take from fnmatch what is not meant: names may have brackets, and ? is no letter here."""
    return re.sub(r"([?\[])", r"[\1]", word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule; `place` says where it stands.

    `words` are operations, methods, kinds and roles in lower case; `names` patterns of the former
    two alone: `Re*` for References and ReferenceNames must not be taken for `read`.
    """

    place: str
    users: Patterns
    groups: Patterns
    namespaces: Patterns
    classes: Patterns
    words: frozenset[str]
    names: Patterns
    allows: bool

    def fits(self, principal: Principal) -> bool:
        """Tell whether the rule is about somebody."""
        return self.users.fit((principal.name,)) and self.groups.fit(principal.groups)

    def concerns(self, name: str, labels: frozenset[str]) -> bool:
        """Tell whether the rule is about an operation."""
        return bool(self.words & labels) or bool(self.names.words and self.names.fit((name,)))


def rule(
    place: str,
    *,
    users: Iterable[str] = (),
    groups: Iterable[str] = (),
    namespaces: Iterable[str] = (),
    classes: Iterable[str] = (),
    allow: Sequence[str] = (),
    deny: Sequence[str] = (),
) -> Rule:
    """Make a rule of what the configuration says."""
    words = tuple(word.lower() for word in (*allow, *deny))
    starred = [word for word in words if EVERYTHING in word]
    return Rule(
        place=place,
        users=Patterns.of(users, case=True),
        groups=Patterns.of(groups, case=True),
        namespaces=Patterns.of(map(canonical_namespace, namespaces)),
        classes=Patterns.of(classes),
        words=frozenset(words).difference(starred),
        names=Patterns.of(starred),
        allows=bool(allow),
    )


def strange_words(one: Rule, methods: Iterable[str]) -> list[str]:
    """Return the words of a rule that name nothing: no operation, none of the methods."""
    known = {
        *OPERATIONS,
        METHOD.lower(),
        *KINDS,
        *Role,
        *(method.lower() for method in methods),
    } - {Role.NONE}
    return sorted(one.words - known)


def unknown_names(one: Rule, namespaces: Namespaces) -> list[tuple[str, str]]:
    """Return the names of a rule that nothing served has: what kind each is of, and the name.

    Classes of indications that other servers deliver are not known here.
    """
    exported = METHOD.lower() in one.words
    classes = () if exported else _whole(one.classes)
    return [
        *(("namespace", name) for name in _whole(one.namespaces) if name not in namespaces),
        *(
            ("class", name)
            for name in classes
            if not any(each.repository.find(name) for each in namespaces)
        ),
    ]


def _whole(patterns: Patterns) -> Iterator[str]:
    return (word for word in patterns.words if EVERYTHING not in word)


class Authoriser:
    """Decides by rules and roles; `namespaces` know which class derives from which."""

    def __init__(self, rules: Iterable[Rule], default: Role, namespaces: Namespaces) -> None:
        self._rules = tuple(rules)
        self._default = default
        self._namespaces = namespaces
        self._decisions: dict[tuple[Principal, str | type, str, str | None], bool] = {}
        self._narrowed: dict[Principal, bool] = {}
        self._seen: dict[tuple[int, int], tuple[Principal, Operation, bool]] = {}

    def judge(self, principal: Principal, asked: Operation) -> Keep | None:
        """Raise AccessDenied unless the user may read this; return what tells what may be seen.

        None means that everything may. The operations of clients that poll are remembered as
        objects (wbem/memory.py), and users too: what was allowed to one is known by the two.
        """
        pair = id(principal), id(asked)
        seen = self._seen.get(pair)
        # Held here, so that no other object can have these numbers; the rest is a matter of form.
        if seen is None or seen[0] is not principal or seen[1] is not asked:
            self.check(principal, asked)
            narrowed = self._is_narrowed(principal)
            seen = _bounded(self._seen, MOST_SEEN)[pair] = principal, asked, narrowed
        return self._keep(principal, asked) if seen[2] else None

    def check(self, principal: Principal, asked: Operation) -> None:
        """Raise AccessDenied unless the user may do this."""
        named = asked.method if isinstance(asked, InvokeMethod) else type(asked)
        key = (principal, named, asked.namespace, class_of(asked))
        if not (self._decisions.get(key) or self._decide(key, isinstance(asked, Change))):
            raise self._denial(principal, *key[1:], change=isinstance(asked, Change))

    def check_call(self, principal: Principal, call: Call | ExportCall) -> None:
        """Raise AccessDenied when the user may do this with no class, before anything is read.

        DSP0200 has this refusal before all others, so that strangers to a namespace do not learn
        what there is. Operations that do not exist are left to others.
        """
        if isinstance(call, ExtrinsicCall):
            key = (principal, call.name, call.namespace, call.target.class_name)
            if not (self._decisions.get(key) or self._decide(key, change=True)):
                raise self._denial(*key, change=True)
            return
        kind = _kind(call)
        if kind is None:
            return
        change = issubclass(kind, Change)
        if not self._possible(principal, kind, _labels(kind, change=change), call.namespace):
            raise self._denial(principal, kind, call.namespace, None, change=change)

    def _is_narrowed(self, principal: Principal) -> bool:
        """Tell whether some rule lets the user see instances of some classes and not of others."""
        narrowed = self._narrowed.get(principal)
        if narrowed is None:
            fitting = (one for one in self._rules if one.fits(principal))
            narrowed = any(one.classes.words or one.namespaces.words for one in fitting)
            _bounded(self._narrowed, MOST_DECISIONS)[principal] = narrowed
        return narrowed

    def _keep(self, principal: Principal, asked: Operation) -> Keep:
        """Return what tells which instances of a reply may be seen.

        An instance may be seen when the same operation on its own class would be allowed.
        """
        kind = type(asked)

        def keep(namespace: str, class_name: str) -> bool:
            key = (principal, kind, namespace, class_name)
            return self._decisions.get(key) or self._decide(key, change=False)

        return keep

    def forget(self) -> None:
        """Decide everything anew: classes have changed."""
        self._decisions.clear()
        self._seen.clear()

    def _decide(
        self,
        key: tuple[Principal, str | type, str, str | None],
        change: bool,  # noqa: FBT001
    ) -> bool:
        found = self._decisions.get(key)
        if found is None:
            found = self._allowed(*key, change=change)
            _bounded(self._decisions, MOST_DECISIONS)[key] = found
        return found

    def _allowed(
        self,
        principal: Principal,
        named: str | type,
        namespace: str,
        class_name: str | None,
        *,
        change: bool,
    ) -> bool:
        labels = _labels(named, change=change)
        deciding = self._deciding(principal, named, labels, namespace, class_name)
        return (principal.role or self._default) in labels if deciding is None else deciding.allows

    def _deciding(
        self,
        principal: Principal,
        named: str | type,
        labels: frozenset[str],
        namespace: str,
        class_name: str | None,
    ) -> Rule | None:
        classes = tuple(self._lineage(namespace, class_name))
        for one in self._fitting(principal, named, labels, namespace):
            if one.classes.fit(classes):
                return one
        return None

    def _fitting(
        self, principal: Principal, named: str | type, labels: frozenset[str], namespace: str
    ) -> Iterator[Rule]:
        place, name = self._namespaces.spellings(namespace), _name(named)
        for one in self._rules:
            if one.fits(principal) and one.namespaces.fit(place) and one.concerns(name, labels):
                yield one

    def _possible(
        self, principal: Principal, named: str | type, labels: frozenset[str], namespace: str
    ) -> bool:
        """Tell whether there may be a class with which this is allowed."""
        for one in self._fitting(principal, named, labels, namespace):
            if one.allows or not one.classes.words:
                return one.allows
        return (principal.role or self._default) in labels

    def _lineage(self, namespace: str, class_name: str | None) -> Iterator[str]:
        """Yield the class and those from which it derives, as far as they are known."""
        name = class_name
        try:
            repository = self._namespaces.get(namespace).repository
        except InvalidNamespace:
            repository = None
        while name is not None:
            yield name
            found = None if repository is None else repository.find(name)
            name = None if found is None else found.superclass

    def _denial(
        self,
        principal: Principal,
        named: str | type,
        namespace: str,
        class_name: str | None,
        *,
        change: bool,
    ) -> AccessDenied:
        """Say what is not allowed, and who can allow it in which way."""
        labels = _labels(named, change=change)
        deciding = self._deciding(principal, named, labels, namespace, class_name)
        what = named if isinstance(named, str) else named.__name__
        place = f" of {class_name}" if class_name else ""
        place += f" in {namespace}" if namespace else ""
        if deciding is not None and not deciding.allows:
            why = f"{deciding.place} of the server's configuration denies it"
        else:
            why = self._remedy(principal, labels)
        return AccessDenied(f"{principal.name} may not do {what}{place}: {why}")

    def _remedy(self, principal: Principal, labels: frozenset[str]) -> str:
        least = next(role for role in Role if role in labels)
        role = principal.role or self._default
        if principal.mechanism is Mechanism.USERS:
            command = f"virtcim user role {principal.name} {least}"
            return f"it needs the role {least}, and the user has {role}; `{command}` gives it"
        line = f'{{ users = ["{principal.name}"], allow = ["{least}"] }}'
        return f"it needs a rule such as {line}, or the role {least}, and the user has {role}"


def _kind(call: IntrinsicCall | ExportCall) -> type[Operation] | None:
    """Return what the call would do, None when there is no such operation."""
    if isinstance(call, ExportCall):
        return ExportIndication
    spec = OPERATIONS.get(call.name.lower())
    return spec.operation if spec is not None and isinstance(spec.operation, type) else None


def _name(named: str | type) -> str:
    return named.lower() if isinstance(named, str) else named.__name__.lower()


def _labels(named: str | type, *, change: bool) -> frozenset[str]:
    """Return the words of rules that an operation or a method answers to, roles included."""
    name = _name(named)
    if isinstance(named, str):
        kind, reads, operates = "invoke", name in READING_METHODS, name in OPERATING_METHODS
    else:
        kind, reads, operates = "write" if change else "read", not change, False
    roles: Mapping[Role, bool] = {
        Role.READ: reads,
        Role.OPERATE: reads or operates,
        Role.ADMIN: True,
    }
    return frozenset({name, kind, *(role for role, may in roles.items() if may)})


def _bounded(kept: dict[_K, _V], most: int) -> dict[_K, _V]:
    """Return a dictionary that may take one entry more."""
    if len(kept) >= most:
        kept.clear()
    return kept
