"""Open enumerations: each object once, who may continue them, when they end, how many there are."""

from collections.abc import Iterator, Sequence
from itertools import count

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from virtcim.broker.pulling import (
    Cursor,
    DeliveredPortion,
    Enumerations,
    Kind,
    Owner,
    PullLimits,
)
from virtcim.wbem.status import (
    InvalidEnumerationContext,
    InvalidOperationTimeout,
    PullCannotBeAbandoned,
    PullHasBeenAbandoned,
    ServerLimitsExceeded,
)

ANNA = Owner("anna", "root/a", Kind.PATHS)
LIMITS = PullLimits(objects=50, open=4, open_of_user=3, keep_alives=2)
SECONDS = 30


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


class Desk:
    """Enumerations with a clock of their own, over batches of numbers."""

    def __init__(self, limits: PullLimits = LIMITS) -> None:
        self.clock = Clock()
        self.all = Enumerations(limits, self.clock)

    def open(self, *batches: Sequence[int], most: int = 0, owner: Owner = ANNA) -> DeliveredPortion:
        """Open an enumeration of the batches."""
        cursor = Cursor(iter(batches), lambda one: b" %d" % one)
        return self.all.open(owner, cursor, seconds=SECONDS, most=most)


def read(portion: DeliveredPortion) -> tuple[list[int], str]:
    """Return the objects of a reply, and what continues it."""
    objects = [int(number) for number in b"".join(portion.pieces()).split()]
    return objects, portion.context


def opened(desk: Desk, *batches: Sequence[int]) -> str:
    """Return the context of a new enumeration, of which nothing was delivered."""
    objects, context = read(desk.open(*(batches or ((1, 2, 3),))))
    assert objects == []
    return context


# What is delivered


def test_objects_come_once_and_in_order() -> None:
    """Batches are no borders, and the end is told with the last object, not after it."""
    desk = Desk()
    first, context = read(desk.open((1, 2), (), (3, 4, 5), (), most=1))
    second, context = read(desk.all.pull(context, ANNA, 3))
    third, end = read(desk.all.pull(context, ANNA, 1))
    assert (first, second, third, end) == ([1], [2, 3, 4], [5], "")
    assert len(desk.all) == 0


def test_nothing_asked_is_nothing_delivered() -> None:
    """An opening without objects tells whether there are any."""
    desk = Desk()
    assert read(desk.open((), most=0)) == ([], "")
    assert opened(desk, (), (1,))


def test_more_than_the_limit_is_not_sent() -> None:
    """A client may ask for any number, and gets what the limit allows."""
    objects, context = read(Desk().open(range(60), most=2**32 - 1))
    assert len(objects) == LIMITS.objects
    assert context


def test_looking_takes_turns() -> None:
    """Each empty batch is a piece of its own, so that others have their turn."""
    pieces = [*Desk().open((), (), (1,), most=1).pieces()]
    assert pieces.count(b"") == 4
    assert b"".join(pieces) == b" 1"


def test_a_context_is_good_for_one_reply() -> None:
    """A request that is sent again is refused, and takes nothing."""
    desk = Desk()
    first = opened(desk)
    _, second = read(desk.all.pull(first, ANNA, 1))
    with pytest.raises(InvalidEnumerationContext):
        desk.all.pull(first, ANNA, 1)
    assert read(desk.all.pull(f" {second}\n", ANNA, 9)) == ([2, 3], "")


def test_contexts_cannot_be_guessed() -> None:
    """Each has 128 random bits, and none looks like another."""
    desk = Desk(PullLimits())
    secrets = {opened(desk).partition(".")[0] for _ in range(100)}
    assert len(secrets) == 100
    assert {len(one) for one in secrets} == {22}


# Who may continue it


@pytest.mark.parametrize(
    "stranger",
    [
        Owner("berta", "root/a", Kind.PATHS),
        Owner("anna", "root/b", Kind.PATHS),
        Owner("anna", "root/a", Kind.INSTANCES),
        Owner("anna", "root/a", Kind.INSTANCES_WITH_PATH),
    ],
)
def test_an_enumeration_is_its_owners(stranger: Owner) -> None:
    """Nobody else, from nowhere else, and no other operation continues it; it is not disturbed."""
    desk = Desk()
    context = opened(desk)
    with pytest.raises(InvalidEnumerationContext):
        desk.all.pull(context, stranger, 1)
    assert read(desk.all.pull(context, ANNA, 9))[0] == [1, 2, 3]


@pytest.mark.parametrize("context", ["", ".", "x", "x.0", ".1", "x.0.0"])
def test_unknown_contexts(context: str) -> None:
    """What no enumeration has is refused by every operation."""
    desk = Desk()
    anybody = Owner("anna", "root/a", None)
    opened(desk)
    with pytest.raises(InvalidEnumerationContext):
        desk.all.pull(context, ANNA, 1)
    with pytest.raises(InvalidEnumerationContext):
        desk.all.close(context, anybody)
    with pytest.raises(InvalidEnumerationContext):
        desk.all.left(context, anybody)


def test_every_kind_is_closed_alike() -> None:
    """Closing needs the user and the namespace, and takes an old context too."""
    desk = Desk()
    context = opened(desk)
    read(desk.all.pull(context, ANNA, 1))
    with pytest.raises(InvalidEnumerationContext):
        desk.all.close(context, Owner("berta", "root/a", None))
    desk.all.close(context, Owner("anna", "root/a", None))
    with pytest.raises(InvalidEnumerationContext):
        desk.all.close(context, Owner("anna", "root/a", None))
    assert len(desk.all) == 0


# Time


def test_time_runs_between_operations() -> None:
    """Each operation begins it anew; once it is over the context is nobody's."""
    desk = Desk()
    context = opened(desk)
    for number in (1, 2):
        desk.clock.seconds += SECONDS
        objects, context = read(desk.all.pull(context, ANNA, 1))
        assert objects == [number]
    desk.clock.seconds += SECONDS + 0.5
    with pytest.raises(InvalidEnumerationContext):
        desk.all.pull(context, ANNA, 1)


def test_asking_how_many_are_left_keeps_nothing_alive() -> None:
    """Only pulls do."""
    desk = Desk()
    context = opened(desk)
    desk.clock.seconds += 20
    assert desk.all.left(context, ANNA) is None
    desk.clock.seconds += 20
    with pytest.raises(InvalidEnumerationContext):
        desk.all.pull(context, ANNA, 1)


def test_what_ran_out_of_time_is_removed() -> None:
    """By a look at all of them, and when there is no room for one more."""
    desk = Desk()
    for _ in range(3):
        opened(desk)
    desk.all.sweep()
    assert len(desk.all) == 3
    desk.clock.seconds += SECONDS + 2
    opened(desk)
    assert len(desk.all) == 1
    desk.clock.seconds += SECONDS + 2
    desk.all.sweep()
    assert len(desk.all) == 0


@pytest.mark.parametrize(("asked", "seconds"), [(None, 30), (1, 1), (300, 300)])
def test_time_outs(asked: int | None, seconds: int) -> None:
    """A client may choose within bounds."""
    assert PullLimits().seconds(asked) == seconds


@pytest.mark.parametrize("asked", [0, 301, 2**32 - 1])
def test_time_outs_that_are_refused(asked: int) -> None:
    """Nothing is kept for ever, nor for longer than the limit."""
    with pytest.raises(InvalidOperationTimeout, match="from 1 to 300 seconds"):
        PullLimits().seconds(asked)


# Limits


def test_a_user_has_so_many() -> None:
    """One more is refused, others are not hurt, and closing makes room."""
    desk = Desk()
    contexts = [opened(desk) for _ in range(3)]
    with pytest.raises(ServerLimitsExceeded, match="you have as many"):
        desk.open((1,))
    other = Owner("berta", "root/a", Kind.PATHS)
    read(desk.open((1,), owner=other))
    desk.all.close(contexts[0], ANNA)
    opened(desk)


def test_the_server_has_so_many() -> None:
    """All users together."""
    desk = Desk()
    for number in range(4):
        read(desk.open((1,), owner=Owner(str(number), "n", Kind.PATHS)))
    with pytest.raises(ServerLimitsExceeded, match="there are as many"):
        desk.open((1,), owner=Owner("last", "n", Kind.PATHS))
    desk.clock.seconds += SECONDS + 0.1
    read(desk.open((1,), owner=Owner("last", "n", Kind.PATHS)))


def test_keeping_alive_is_bounded() -> None:
    """After a run of operations without objects one is refused; an object ends the run."""
    desk = Desk()
    context = opened(desk)
    for _ in range(2):
        _, context = read(desk.all.pull(context, ANNA, 0))
    with pytest.raises(ServerLimitsExceeded, match="2 times at most"):
        desk.all.pull(context, ANNA, 0)
    _, context = read(desk.all.pull(context, ANNA, 1))
    _, context = read(desk.all.pull(context, ANNA, 0))
    assert read(desk.all.pull(context, ANNA, 9)) == ([2, 3], "")


# Replies that are not written to their end


def test_two_replies_at_a_time() -> None:
    """While one is written another is refused, and the first goes on."""
    desk = Desk()
    context = opened(desk, (1,), (2,))
    portion = desk.all.pull(context, ANNA, 2)
    pieces = portion.pieces()
    assert next(pieces) == b" 1"
    with pytest.raises(PullCannotBeAbandoned):
        desk.all.pull(context, ANNA, 1)
    assert b"".join(pieces) == b" 2"
    assert portion.context == ""


def test_closing_abandons_a_reply() -> None:
    """Who closes succeeds, and the reply that is being written fails."""
    desk = Desk()
    context = opened(desk, (1,), (2,))
    pieces = desk.all.pull(context, ANNA, 2).pieces()
    next(pieces)
    desk.all.close(context, ANNA)
    with pytest.raises(PullHasBeenAbandoned):
        next(pieces)


def test_a_reply_that_nobody_reads_on_ends_the_enumeration() -> None:
    """Nobody knows what arrived of it."""
    desk = Desk()
    context = opened(desk, (1,), (2,))
    pieces = desk.all.pull(context, ANNA, 2).pieces()
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    with pytest.raises(InvalidEnumerationContext):
        desk.all.pull(context, ANNA, 1)


def test_a_reply_that_nobody_begins_to_read_ends_with_time() -> None:
    """It blocks its enumeration for no longer than a client that is away."""
    desk = Desk()
    context = opened(desk)
    desk.all.pull(context, ANNA, 1)
    desk.clock.seconds += SECONDS + 1.5
    desk.all.sweep()
    assert len(desk.all) == 0


def test_a_failure_ends_the_enumeration() -> None:
    """What fails once is not asked again."""

    def failing() -> Iterator[Sequence[int]]:
        yield (1,)
        raise ValueError("second")

    desk = Desk()
    portion = desk.all.open(ANNA, Cursor(failing(), lambda _: b"."), seconds=SECONDS, most=5)
    with pytest.raises(ValueError, match="second"):
        [*portion.pieces()]
    assert len(desk.all) == 0
    with pytest.raises(RuntimeError):
        _ = portion.context


def test_a_slow_reply_keeps_its_enumeration() -> None:
    """Time begins anew with each piece."""
    desk = Desk()
    portion = desk.open((1,), (2,), (3,), most=3)
    for _ in portion.pieces():
        desk.clock.seconds += SECONDS - 1
        desk.all.sweep()
    assert portion.context == ""


class Pulling(RuleBasedStateMachine):
    """Any number of clients against a list of what each has still to get."""

    contexts: Bundle[tuple[str, list[int]]] = Bundle("contexts")
    numbers = count()

    @initialize()
    def begin(self) -> None:
        """Start with a server of its own."""
        self.desk = Desk(PullLimits(open=6, open_of_user=6, objects=7, keep_alives=10**6))
        self.open = 0

    def _told(self, portion: DeliveredPortion, left: list[int], most: int) -> str:
        objects, context = read(portion)
        expected = left[: min(most, 7)]
        assert objects == expected
        del left[: len(expected)]
        assert bool(context) == bool(left)
        return context

    @rule(
        target=contexts,
        sizes=st.lists(st.integers(0, 4), max_size=6),
        most=st.integers(0, 12),
    )
    def open_one(self, sizes: list[int], most: int) -> tuple[str, list[int]]:
        """Open an enumeration, if there may be another."""
        batches = [[next(self.numbers) for _ in range(size)] for size in sizes]
        left = [number for batch in batches for number in batch]
        if self.open == 6:
            with pytest.raises(ServerLimitsExceeded):
                self.desk.open(*batches, most=most)
            return "", []
        context = self._told(self.desk.open(*batches, most=most), left, most)
        self.open += bool(context)
        return context, left

    @rule(target=contexts, one=consumes(contexts), most=st.integers(0, 12))
    def pull(self, one: tuple[str, list[int]], most: int) -> tuple[str, list[int]]:
        """Get what comes next."""
        context, left = one
        if not context:
            with pytest.raises(InvalidEnumerationContext):
                self.desk.all.pull(context, ANNA, most)
            return one
        following = self._told(self.desk.all.pull(context, ANNA, most), left, most)
        with pytest.raises(InvalidEnumerationContext):
            self.desk.all.pull(context, ANNA, most)
        self.open -= not following
        return following, left

    @rule(one=consumes(contexts))
    def close(self, one: tuple[str, list[int]]) -> None:
        """End one before its end."""
        context, _ = one
        if context:
            self.desk.all.close(context, ANNA)
            self.open -= 1
        with pytest.raises(InvalidEnumerationContext):
            self.desk.all.close(context, ANNA)

    @invariant()
    def nothing_is_kept(self) -> None:
        """What has ended is gone."""
        assert len(self.desk.all) == self.open


TestPulling = Pulling.TestCase
