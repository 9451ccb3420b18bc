"""Another program to drag from: `python -m tests.e2e.drag_source X Y FILE`, a small red window at that place.

A drag that begins on it carries the file as a file manager's does. It lives until it is ended: what was dropped is
fetched from it afterwards.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

SIDE = 40
"""Width and height of the window, in pixels."""


class DragSource(QWidget):
    """The window.

    Args:
        path: What it carries.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self.setStyleSheet("background: #ff0000;")
        # No window manager is there to keep it above the studio.
        self.setWindowFlags(Qt.WindowType.FramelessWindowHint | Qt.WindowType.X11BypassWindowManagerHint)

    def mouseMoveEvent(self, _event: QMouseEvent) -> None:
        """Let the hand carry the file."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(self._path)])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)


def main() -> int:
    """Show it until somebody ends it."""
    x, y, path = sys.argv[1:]
    app = QApplication(sys.argv[:1])
    source = DragSource(path)
    source.setGeometry(int(x), int(y), SIDE, SIDE)
    source.show()
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
