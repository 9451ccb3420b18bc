"""Between a project that has ended and the first sprite of the next, nothing can be edited."""

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from lunar_studio.session.document import Document
from tests.gui.shell_studio import studio


def test_nothing_is_painted_on_before_the_first_sprite_is_there(qtbot: QtBot) -> None:
    with studio(qtbot) as made:
        canvas, before = made.window.explore.canvas, made.session.document
        made.window.actions_by_id["tool-pencil"].trigger()
        made.session.start(Document(model=before.model))
        assert made.controller.current is None
        assert not made.window.actions_by_id["bookmark"].isEnabled()
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(canvas.width() // 2, canvas.height() // 2))
        assert not made.session.can_undo
        made.session.start(before)  # the same sprite as before is drawn anew
        made.wait_until_shown()
        assert made.window.actions_by_id["bookmark"].isEnabled()
