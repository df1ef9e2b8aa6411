"""What is wrong with a query, before anyone knows at which line."""


class Complaint(Exception):
    """Raised while a tree is built; `place` is an offset in the text."""

    def __init__(self, reason: str, place: int, *, is_feature: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        self.is_feature = is_feature
