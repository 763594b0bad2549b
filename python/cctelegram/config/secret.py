"""A value that must not be shown."""

MASK = "********"


class Secret:
    """Hold a text that shows itself only to who asks by name.

    `repr`, `str`, formatting and copies by pickle give nothing away; comparison works.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself: for the request that needs it, and for nothing that is written down."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled")
