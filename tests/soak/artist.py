"""An artist made of chance: everything there is to do in Explore, one thing at a time, for `tests.soak.exploring`."""

from __future__ import annotations

import random
from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QLineEdit, QSpinBox, QWidget

from lunar_studio.app import Studio
from lunar_studio.gui.explore.latent_slider import LatentSlider
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from tests.soak import hands

_ARROWS = ["Left", "Right", "Up", "Down", "PageUp", "PageDown", "Home", "End"]
_OTHERS = ["Space", "Return", "Escape", "Delete", "Backspace", "Tab", "Plus", "Minus", *"ABCEFGHIKLMOPRSTWX0159"]
_KEYS = [getattr(Qt.Key, f"Key_{name}") for name in (*_ARROWS, *_OTHERS)]
_MODIFIERS = [
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
]
_LEAVE_ALONE = {"quit", "save-onnx", "train-start", "open-bundled-model"}
"""Ends the window; starts a process of half a minute; trains; opens another model than the one under test."""

_OTHER_PAGES = ("page-train", "page-data", "page-export", "export-sheet")
_BARE = {"", "a", "gold", "red dragon", "zzzz", "blue potion of something", "ä" * 300}


class Artist:
    """Does one random thing after another in a studio.

    Args:
        studio: Its window shows a sprite.
        rng: Decides everything.
    """

    def __init__(self, studio: Studio, rng: random.Random) -> None:
        self._studio = studio
        self._window = studio.window
        self._page = studio.window.explore
        self._rng = rng
        self._deeds: list[tuple[str, int, Callable[[], None]]] = [
            ("drag a slider", 12, self._drag_slider),
            ("slider by key or wheel", 8, self._nudge_slider),
            ("lock, reset or rename a slider", 4, self._touch_slider),
            ("re-roll", 5, lambda: self._trigger("re-roll")),
            ("undo or redo", 10, self._undo_or_redo),
            ("go to a step of the history", 2, self._go_to_step),
            ("paint on the canvas", 10, self._paint),
            ("canvas: wheel, click, menu, key", 5, self._touch_canvas),
            ("keep", 4, lambda: self._trigger("bookmark")),
            ("a kept sprite", 4, self._touch_shelf),
            ("the strip", 5, self._touch_strip),
            ("breed", 6, self._breed),
            ("mix", 6, self._mix),
            ("words, seed, spread", 3, self._type_words),
            ("teach", 4, self._teach),
            ("the map", 6, self._map),
            ("blame, improve", 3, self._criticise),
            ("another view of the middle", 4, self._change_view),
            ("an action of the table", 8, self._any_action),
            ("a click on any button", 8, self._any_button),
            ("any choice, number or field", 4, self._any_field),
            ("any key anywhere", 5, self._any_key),
            ("any place with the mouse", 6, self._any_place),
            ("save a picture or project, open one", 4, self._files),
            ("another size of the window", 2, self._resize),
            ("another theme", 1, lambda: self._trigger("toggle-theme")),
            ("another page and back", 1, self._visit_page),
        ]
        self._names = [name for name, _, _ in self._deeds]
        self._weights = [weight for _, weight, _ in self._deeds]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything the artist does."""
        return tuple(self._names)

    def choose(self) -> tuple[str, Callable[[], None]]:
        """What to do next: its name, and the doing."""
        name, _, deed = self._rng.choices(self._deeds, self._weights)[0]
        return name, deed

    # ---- sliders -------------------------------------------------------------------------------------

    def _slider(self) -> LatentSlider | None:
        seen = [one for one in self._page.latents.sliders if one.isVisible()]
        return self._rng.choice(seen) if seen else None

    def _drag_slider(self) -> None:
        if (slider := self._slider()) is not None:
            area = slider.groove_area()
            hands.drag(slider, [_inside(area, self._rng) for _ in range(self._rng.randint(2, 8))])

    def _nudge_slider(self) -> None:
        if (slider := self._slider()) is None:
            return
        if self._rng.random() < 0.4:
            hands.wheel(slider, slider.rect().center(), self._rng.choice([-2, -1, 1, 2]))
        else:
            for _ in range(self._rng.randint(1, 4)):
                QTest.keyClick(slider, self._rng.choice(_KEYS[:8]), self._rng.choice(_MODIFIERS[:2]))

    def _touch_slider(self) -> None:
        if (slider := self._slider()) is None:
            return
        hands.double_click(slider, _inside(slider.rect(), self._rng))
        editor = slider.findChild(QLineEdit)
        if editor is not None and editor.isVisible():
            QTest.keyClicks(editor, self._rng.choice(["1.5", "-9", "ears", "", "many words"]))
            QTest.keyClick(editor, self._rng.choice([Qt.Key.Key_Return, Qt.Key.Key_Escape]))
        hands.click(slider, QPoint(slider.width() - self._rng.randint(2, 40), slider.height() // 2))

    # ---- the sprite ----------------------------------------------------------------------------------

    def _undo_or_redo(self) -> None:
        for _ in range(self._rng.randint(1, 5)):
            self._trigger(self._rng.choice(["undo", "undo", "redo"]))

    def _go_to_step(self) -> None:
        session = self._studio.session
        self._page.shelf.step_chosen.emit(self._rng.randint(0, len(session.entries)))

    def _paint(self) -> None:
        self._window.explore.views.show_view("sprite")
        self._trigger(f"tool-{self._rng.choice(['pencil', 'eraser', 'picker', 'bucket', 'pin', 'hand'])}")
        area = self._page.canvas.sprite_rect()
        hands.drag(self._page.canvas, [_inside(area, self._rng) for _ in range(self._rng.randint(1, 6))])
        if self._rng.random() < 0.3:
            self._trigger(self._rng.choice(["pin-painted", "follow-pins", "unpin-all", "clear-edits", "mix-colour"]))

    def _touch_canvas(self) -> None:
        canvas = self._page.canvas
        point = _inside(canvas.rect(), self._rng)
        touch = self._rng.randrange(4)
        if touch == 0:
            hands.wheel(canvas, point, self._rng.choice([-1, 1]))
        elif touch == 1:
            hands.move(canvas, point, held=False)
            hands.click(canvas, point, self._rng.choice(_MODIFIERS))
        elif touch == 2:
            hands.ask_for_menu(canvas, point)
        else:
            QTest.keyClick(canvas, self._rng.choice(_KEYS), self._rng.choice(_MODIFIERS[:2]))

    def _criticise(self) -> None:
        self._trigger(self._rng.choice(["blame", "worst-pixel", "improve"]))
        panel = self._page.improve
        if panel.isVisible():
            for signal in self._rng.sample([panel.start_asked, panel.stop_asked, panel.discard_asked,
                                            panel.accept_all_asked, panel.accept_chosen_asked], 2):  # fmt: skip
                signal.emit()

    # ---- shelf and strip -----------------------------------------------------------------------------

    def _touch_shelf(self) -> None:
        self._touch_thumb([one for one in self._page.shelf.grid.thumbs if one.isVisible()])

    def _touch_strip(self) -> None:
        self._touch_thumb([one for one in self._page.strip.thumbs if one.isVisible() and one.isEnabled()])

    def _touch_thumb(self, thumbs: list[SpriteThumb]) -> None:
        if not thumbs:
            return
        thumb = self._rng.choice(thumbs)
        if self._rng.random() < 0.4:
            thumb.customContextMenuRequested.emit(thumb.rect().center())
        else:
            hands.click(thumb, thumb.rect().center())

    # ---- the other views -----------------------------------------------------------------------------

    def _change_view(self) -> None:
        self._page.views.show_view(self._rng.choice(self._page.views.ids))

    def _breed(self) -> None:
        self._page.views.show_view("breed")
        view, grid = self._page.breed, self._page.breed.grid
        self._rng.choice([view.begin, view.breed, view.again, view.breed]).click()
        if grid.count:
            cells = [grid.cell(self._rng.randrange(grid.count)).center() for _ in range(3)]
            hands.click(grid, cells[0])
            (hands.double_click if self._rng.random() < 0.3 else hands.click)(grid, cells[1])
            if self._rng.random() < 0.4:
                hands.ask_for_menu(grid, cells[2])
        if self._rng.random() < 0.3:
            hands.ask_for_menu(view.tree, _inside(view.tree.rect(), self._rng))
        hands.click(view.tree, _inside(view.tree.rect(), self._rng))

    def _mix(self) -> None:
        self._page.views.show_view("mix")
        view, pad = self._page.mix, self._page.mix.pad
        self._rng.choice([view.add, view.add, view.add, view.clear, view.show_steps]).click()
        hands.drag(pad, [_inside(pad.field(), self._rng) for _ in range(4)])
        if pad.count and self._rng.random() < 0.2:
            hands.ask_for_menu(pad, pad.well(self._rng.randrange(pad.count)).center())

    def _type_words(self) -> None:
        bar, model = self._page.roll_bar, self._studio.controller.model
        known = list(model.words) if model is not None else []
        words = self._rng.choice([*_BARE, *self._rng.sample(known, min(6, len(known)))])
        bar.words.setText("" if words.isascii() else words)  # QTest has keys for ASCII only: others are pasted
        if words.isascii():
            QTest.keyClicks(bar.words, words)
        QTest.keyClick(bar.words, Qt.Key.Key_Return)
        if self._rng.random() < 0.3:
            bar.seed.setValue(self._rng.randrange(1000))
            bar.spread.setValue(self._rng.uniform(0, 2))

    def _teach(self) -> None:
        self._trigger("teach-slider")
        panel = self._page.teach
        if not panel.isVisible():
            return
        for _ in range(self._rng.randint(1, 4)):
            self._rng.choice([panel.more, panel.less]).add.click()
            self._page.roll()
            QTest.qWait(5)
        panel.name.setText(f"taught {self._rng.randrange(5)}")
        self._rng.choice([panel.make, panel.make, panel.more.add]).click()
        own = self._studio.session.document.taught
        if own and self._rng.random() < 0.4:
            self._page.teaching.remove(self._rng.choice(own).id)
        panel.hide()

    def _map(self) -> None:
        self._page.views.show_view("map")
        view = self._page.map.view
        places = [_inside(view.rect(), self._rng) for _ in range(4)]
        touch = self._rng.randrange(6)
        if touch == 0:
            hands.drag(view, places)
        elif touch == 1:
            hands.wheel(view, places[0], self._rng.choice([-3, -1, 1, 3]))
        elif touch == 2 and view.sprite_map is not None:
            self._page.mapping.route_to(self._rng.randrange(len(view.sprite_map)))
        elif touch == 3:
            QTest.keyClick(view, self._rng.choice(_KEYS[:16]), self._rng.choice(_MODIFIERS[:2]))
        elif touch == 4 and self._page.mapping.route is not None:
            route = self._page.map.route
            self._rng.choice([route.keep_asked.emit, route.close_asked.emit, route.thumbs[1].click])()
        else:
            hands.move(view, places[0], held=False)
            hands.click(view, places[0], self._rng.choice(_MODIFIERS))

    # ---- anything ------------------------------------------------------------------------------------

    def _trigger(self, action_id: str) -> None:
        self._window.actions_by_id[action_id].trigger()  # does nothing while it is disabled

    def _any_action(self) -> None:
        from lunar_studio.session.actions import ACTIONS

        names = [one.id for one in ACTIONS if one.id not in _LEAVE_ALONE and one.id not in _OTHER_PAGES]
        self._trigger(self._rng.choice(names))

    def _seen(self, kind: type[QWidget]) -> list[QWidget]:
        root = self._page
        return [one for one in root.findChildren(kind) if one.isVisible() and one.isEnabled()]

    def _any_button(self) -> None:
        if buttons := self._seen(QAbstractButton):
            button = self._rng.choice(buttons)
            hands.click(button, button.rect().center())

    def _any_field(self) -> None:
        fields = [*self._seen(QComboBox), *self._seen(QAbstractSlider), *self._seen(QSpinBox), *self._seen(QLineEdit)]
        match self._rng.choice(fields) if fields else None:
            case QComboBox() as box if box.count():
                box.setCurrentIndex(self._rng.randrange(box.count()))
                box.activated.emit(box.currentIndex())
            case QAbstractSlider() as slider:
                slider.setValue(self._rng.randint(slider.minimum(), slider.maximum()))
            case QSpinBox() as number:
                QTest.keyClick(number, self._rng.choice([Qt.Key.Key_Up, Qt.Key.Key_Down]))
            case QLineEdit() as line if not line.isReadOnly():
                line.setText("")
                QTest.keyClicks(line, self._rng.choice(["", "sh", "7", "ears", "raw 3"]))
                QTest.keyClick(line, Qt.Key.Key_Return)

    def _any_key(self) -> None:
        widgets = self._seen(QWidget)
        if widgets:
            QTest.keyClick(self._rng.choice(widgets), self._rng.choice(_KEYS), self._rng.choice(_MODIFIERS[:2]))

    def _any_place(self) -> None:
        widgets = self._seen(QWidget)
        if not widgets:
            return
        widget = self._rng.choice(widgets)
        point = _inside(widget.rect(), self._rng)
        touch = self._rng.choice([hands.click, hands.double_click, hands.ask_for_menu])
        touch(widget, point)

    def _files(self) -> None:
        self._trigger(self._rng.choice(
            ["save-picture", "save-picture", "save-project", "save-project-as", "open-project", "open-sprite",
             "new-project", "copy-sprite", "paste-sprite", "copy-command"]
        ))  # fmt: skip
        bar = self._studio.projects
        if bar.lost is not None:
            self._rng.choice([bar.restore_lost, bar.discard_lost])()

    def _resize(self) -> None:
        self._window.resize(self._rng.randint(1024, 1920), self._rng.randint(640, 1200))
        if self._rng.random() < 0.2:
            self._trigger("reset-layout")

    def _visit_page(self) -> None:
        self._trigger(self._rng.choice(_OTHER_PAGES))


def _inside(area: QRect, rng: random.Random) -> QPoint:
    """A point of the area."""
    return QPoint(area.x() + rng.randrange(max(1, area.width())), area.y() + rng.randrange(max(1, area.height())))
