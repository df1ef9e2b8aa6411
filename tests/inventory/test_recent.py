"""What is kept for a while: made once, forgotten in order, and made again when asked for."""

from virtcim.inventory.recent import Recent


def test_the_longest_unused_is_forgotten_first() -> None:
    """Whoever is asked for stays, and what is forgotten is made again."""
    recent = Recent(2)
    made: list[str] = []

    def get(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key.upper()

        return recent.get(key, None, make)

    assert [get("a"), get("b"), get("a"), get("c"), get("a")] == ["A", "B", "A", "C", "A"]
    assert made == ["a", "b", "c"]
    assert len(recent) == 2
    get("b")
    assert made == ["a", "b", "c", "b"]


def test_what_it_was_made_from_counts() -> None:
    """A thing that was made from something else is made anew."""
    recent = Recent(2)
    assert recent.get("k", 1, lambda: "one") == "one"
    assert recent.get("k", 2, lambda: "two") == "two"
    assert recent.get("k", 2, lambda: "three") == "two"
    assert len(recent) == 1
