"""Decode the bytes of a file that a person or a shell wrote.

UTF-8 with or without a byte-order mark, UTF-16 with one (PowerShell's `>`, `>>` and `Out-File`); the mark is
removed, and half a surrogate pair becomes U+FFFD. Event files follow the same rule: rust/spool/src/decode.rs.

Start-cheap: imports nothing.
"""

ADVICE = "write it in UTF-8, or in UTF-16 with a byte-order mark"


class Undecodable(ValueError):
    """Bytes in another encoding; `str()` is a sentence that says what to do.

    Args:
        what: the encoding of the bytes, or the one they do not have.
        offset: offset of the first byte that cannot be decoded.
    """

    def __init__(self, what: str, offset: int = 0) -> None:
        super().__init__(f"{what[0].upper()}{what[1:]}. {ADVICE[0].upper()}{ADVICE[1:]}.")
        self.problem = f"is {what}; {ADVICE}"
        self.offset = offset


def decode(data: bytes) -> str:
    """Return the text without its byte-order mark. Raises Undecodable."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise Undecodable("UTF-32")
    if data.startswith(b"\xff\xfe"):
        return data[2:].decode("utf-16-le", "replace")
    if data.startswith(b"\xfe\xff"):
        return data[2:].decode("utf-16-be", "replace")
    if b"\0" in data:
        raise Undecodable("UTF-16 without a byte-order mark", data.index(b"\0"))
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        mark = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        # `from None`: the error holds the bytes, which may include a token.
        raise Undecodable("not UTF-8", error.start + mark) from None
