"""The words of a search: the text of the person is never parsed as a query syntax.

A word matches the words that begin with it, in any case, with or without diacritics. The index (SQLite FTS5,
`unicode61 remove_diacritics 2`) reads texts in the same way as `Wanted.found` does without it; a test
compares the two. A word without a letter or digit, and one of a script that puts no blanks between words, is
searched anywhere in the text: the index cannot do that.
"""

from __future__ import annotations

import re
from typing import Final

# More words than a person types; each costs a scan of every text.
MOST: Final = 32
_TOKEN: Final = re.compile(r"[^\W_]+")
# Thai to Myanmar, Khmer, kana, CJK: one run of letters there is many words.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
_MARKS: Final = re.compile("[\u0300-\u036f]")
LETTERS: Final = 4
# Words of a snippet on either side of the match.
AROUND: Final = 8
LONGEST: Final = 200


class Wanted:
    """The words of a search; without words, everything matches.

    Attributes:
        match: The expression for FTS5, empty when the index cannot help.
        letters: Runs without a blank that every matching text contains once folded; at most `LETTERS`.
    """

    def __init__(self, text: str) -> None:
        words = text.encode("utf-8", "replace").decode().replace("\0", " ").split()[:MOST]
        self._phrases: list[str] = []
        self._pieces: list[str] = []
        quoted = []
        for word in words:
            tokens = _TOKEN.findall(folded(word))
            if not tokens or _UNSPACED.search(word):
                self._pieces.append(folded(word))
            else:
                self._phrases.append(" " + " ".join(tokens))
                quoted.append('"' + word.replace('"', '""') + '"*')
        self.match = " ".join(quoted)
        runs = {token for phrase in self._phrases for token in phrase.split()} | set(self._pieces)
        self.letters = sorted(runs, key=len, reverse=True)[:LETTERS]

    def __bool__(self) -> bool:
        return bool(self._phrases or self._pieces)

    @property
    def indexed(self) -> bool:
        """Whether the index alone can answer the search."""
        return bool(self.match) and not self._pieces

    def found(self, text: str) -> bool:
        """Whether a text contains all the words."""
        plain = folded(text)
        if not all(piece in plain for piece in self._pieces):
            return False
        if not self._phrases:
            return True
        tokens = " " + " ".join(_TOKEN.findall(plain))
        return all(phrase in tokens for phrase in self._phrases)

    def snippet(self, text: str) -> str:
        """Return the words around the first match, else the beginning of the text; on one line."""
        words = text.split()
        begin = 0
        for position, word in enumerate(words):
            if self._has_begin(folded(word)):
                begin = max(0, position - AROUND)
                break
        chosen = words[begin : begin + 2 * AROUND + 1]
        cut = " ".join(chosen)
        longer = len(cut) > LONGEST or begin + len(chosen) < len(words)
        return ("… " if begin else "") + cut[:LONGEST] + (" …" if longer else "")

    def _has_begin(self, word: str) -> bool:
        tokens = " " + " ".join(_TOKEN.findall(word))
        starts = (" " + phrase.split()[0] for phrase in self._phrases)
        return any(start in tokens for start in starts) or any(piece in word for piece in self._pieces)


def folded(text: str) -> str:
    """Return a text in lower case and without diacritics."""
    if text.isascii():
        return text.lower()
    import unicodedata  # noqa: PLC0415 - 0.3 MB that a bridge needs only once somebody searches

    return _MARKS.sub("", unicodedata.normalize("NFD", text.lower()))
