"""What the keys of the terminal view do, and what its figures mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

TEXT: Final = """\
q        quit
p        pause: nothing is read or changed until p is pressed again
l        the lowest level of the log: debug, info, warning, error
?        this help; any key closes it
Tab      from list to list; arrows, Page Up and Page Down scroll

Rates and latencies are those of the last five minutes, or of less
when this view or the bridge is younger. - is what is not known.
The bell rings when an alert fires and when the bridge goes away.\
"""


class Help(ModalScreen[None]):
    """The help, over the view."""

    BINDINGS: ClassVar = [("escape", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """Yield the text."""
        yield Static(TEXT, id="help", markup=False)

    def on_key(self) -> None:
        """Close at any key."""
        self.dismiss()
