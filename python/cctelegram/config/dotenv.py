r"""Parse the text of an `.env` file.

One `KEY=VALUE` per line, in an encoding that config.encoding decodes; `export ` before the key, blank lines,
`#` comments and CRLF are allowed. A value is bare (up to white space followed by `#`, and trimmed), in single
quotes (taken verbatim) or in double quotes (with `\"`, `\\`, `\n`, `\r`, `\t`). There is no substitution and
no multi-line value. The last line of a repeated key wins. No message contains a value: one of them is the
token.

Start-cheap: every command reads this file at its start.
"""

# ruff: noqa: PTH123  # pathlib costs more than the start of a command may take

from cctelegram.config.encoding import Undecodable, decode
from cctelegram.config.errors import SettingsError

NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableSequence


def parse(
    text: str, file: str = ".env", problems: "MutableSequence[SettingsError] | None" = None
) -> dict[str, tuple[str, int]]:
    """Return name -> (value, line from 1). Raises SettingsError with the line that cannot be parsed.

    `file` is the name in messages. With `problems`, append the error of each such line to it instead, and
    parse the other lines.
    """
    found: dict[str, tuple[str, int]] = {}
    # splitlines() would also break at form feeds and at separators of other scripts.
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        try:
            name, value = _line(line, file, number)
        except SettingsError as error:
            if problems is None:
                raise
            problems.append(error)
        else:
            found[name] = (value, number)
    return found


def name_of(line: str) -> str | None:
    """Return the name that a line sets; None if it sets none."""
    name, equals, _ = line.partition("=")
    words = name.split()
    if len(words) == 2 and words[0] == "export":
        words = words[1:]
    if not equals or len(words) != 1 or not NAME.issuperset(words[0]) or words[0][0].isdigit():
        return None
    return words[0]


def read(path: str, problems: "MutableSequence[SettingsError] | None" = None) -> dict[str, tuple[str, int]]:
    """Return the variables of the file at `path`, `{}` if there is none. Raises SettingsError if unreadable.

    `problems` is as for `parse`.
    """
    try:
        with open(path, "rb") as opened:
            data = opened.read()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", file=path) from None
    try:
        text = decode(data)
    except Undecodable as error:
        raise SettingsError(error.problem, file=path, line=data.count(b"\n", 0, error.offset) + 1) from None
    return parse(text, path, problems)


def _line(line: str, file: str, number: int) -> tuple[str, str]:
    name = name_of(line)
    if name is None:
        raise SettingsError("this line is not KEY=VALUE", file=file, line=number)
    return name, _value(line.partition("=")[2].strip(), file, number)


def _value(rest: str, file: str, line: int) -> str:
    quote = rest[:1]
    if quote not in ("'", '"'):
        for index, character in enumerate(rest):
            if character == "#" and (index == 0 or rest[index - 1].isspace()):
                return rest[:index].rstrip()
        return rest
    value: list[str] = []
    index = 1
    while index < len(rest):
        character = rest[index]
        if character == quote:
            after = rest[index + 1 :].lstrip()
            if after and not after.startswith("#"):
                raise SettingsError("there is text after the closing quote", file=file, line=line)
            return "".join(value)
        if character == "\\" and quote == '"' and rest[index + 1 : index + 2] in ESCAPES:
            index += 1
            character = ESCAPES[rest[index]]
        value.append(character)
        index += 1
    raise SettingsError(f"the quote {quote} is not closed", file=file, line=line)
