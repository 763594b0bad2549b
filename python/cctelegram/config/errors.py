"""Errors of the settings.

    SettingsError            a key, a line or a file that cannot be used
      UnusableDirectory      a directory that cannot be created, entered or written

Start-cheap: imports nothing.
"""


class SettingsError(Exception):
    """A setting that cannot be used; `str()` is a sentence for the operator.

    Args:
        problem: what was read and what is allowed, without the value of a secret.
        file: the file of the setting, or the name of the environment variable or flag.
        line: line in that file, from 1, if known.
        key: dotted name of the setting, if there is one.
        below: the part of the setting that is wrong, as keys below it.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
        below: tuple[str, ...] = (),
    ) -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.key = key
        self.below = below
        where = file or ""
        if line is not None:
            where += f":{line}"
        parts = [part for part in (where, key) if part]
        super().__init__(": ".join([*parts, problem]))


class UnusableDirectory(SettingsError):
    """A directory of the home that cannot be created, entered or written."""
