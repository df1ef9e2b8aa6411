"""How long one who fails has to wait: growth, parallel tries, bounds, forgetting."""

from itertools import pairwise

from virtcim.listeners import patience
from virtcim.listeners.patience import ADDRESS, PAIR, USER, Patience

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def failing(count: int, address: str = HERE, user: str = "anna") -> tuple[Patience, Clock]:
    """Have failed so often."""
    clock = Clock()
    one = Patience(1.0, clock)
    for _ in range(count):
        one.failed(address, user)
    return one, clock


def test_slips_cost_nothing_more() -> None:
    """Who mistypes a password a few times may go on at once."""
    one, _ = failing(PAIR.free)
    assert one.wait(HERE, "anna") == 0


def test_pauses_grow_to_a_bound() -> None:
    """Each further failure doubles the pause, up to the longest."""
    seen = []
    one, clock = failing(PAIR.free)
    for _ in range(8):
        one.failed(HERE, "anna")
        pause = one.wait(HERE, "anna")
        assert pause is not None
        seen.append(pause)
        clock.now += 100
    assert seen == [1, 2, 4, 8, 16, 16, 16, 16]


def test_many_connections_guess_no_faster_than_one() -> None:
    """Tries that come together wait one behind the other, and then are sent away."""
    one, _ = failing(PAIR.free + 2)
    waits = [one.wait(HERE, "anna") for _ in range(20)]
    given = [wait for wait in waits if wait is not None]
    assert given == sorted(given)
    assert all(later - earlier == 2 for earlier, later in pairwise(given))
    assert max(given) <= PAIR.longest
    assert waits[-1] is None


def test_others_are_not_kept_out() -> None:
    """A user who fails here does not hinder another one here, nor the same one elsewhere."""
    one, _ = failing(10)
    assert one.wait(HERE, "ben") == 0
    assert one.wait(THERE, "anna") == 0


def test_a_machine_that_tries_many_names_is_slowed() -> None:
    """So is a name that is tried from many machines, and neither for long."""
    clock = Clock()
    one = Patience(1.0, clock)
    for number in range(200):
        one.failed(HERE, f"user{number}")
        one.failed(f"192.0.2.{number}", "anna")
    assert one.wait(HERE, "new") == ADDRESS.longest
    assert one.wait("198.51.100.1", "anna") == USER.longest
    assert one.wait("198.51.100.1", "ben") == 0


def test_a_success_forgives() -> None:
    """The user's own slips are forgotten, what else the machine tried is not."""
    one, _ = failing(ADDRESS.free + 1)
    one.succeeded(HERE, "anna")
    assert one.failed(HERE, "anna") == 1
    assert one.wait(HERE, "zoe") == 2


def test_time_forgives() -> None:
    """After a quarter of an hour one starts anew."""
    one, clock = failing(100)
    clock.now += patience.FORGET_SECONDS
    assert one.wait(HERE, "anna") == 0
    assert one.failed(HERE, "anna") == 1


def test_made_up_names_do_not_fill_the_memory() -> None:
    """The oldest keys go first."""
    one, _ = failing(0)
    for number in range(patience.MOST_KEYS * 2):
        one.failed(HERE, f"user{number}")
    assert len(one._records) <= patience.MOST_KEYS
    assert (HERE, None) in one._records


def test_without_pauses_nobody_waits() -> None:
    """A pause of nothing stays nothing."""
    one = Patience(0.0, Clock())
    for _ in range(100):
        one.failed(HERE, "anna")
        assert one.wait(HERE, "anna") == 0
