"""Improving in the window: starts and stops it, shows what comes of it on the canvas, puts what is accepted in place.

Until something is accepted the document is as it was. Any edit meanwhile discards the result: the hand is always
right. Everything accepted is one step of the history.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.critic import Improvement, ImproveTask
from lunar_studio.core.events import Decoded
from lunar_studio.core.overlay import Flags
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.canvas import Canvas
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.improve_panel import ImprovePanel
from lunar_studio.pixels.lint import examine
from lunar_studio.pixels.regions import differing, patch, with_pixels
from lunar_studio.session.commands import SetLatent
from lunar_studio.session.document import Document
from lunar_studio.session.pixel_commands import PatchEdits
from lunar_studio.workers.critic_service import CriticService


class Improving(QObject):
    """Between the panel, the critic and the document.

    Args:
        controller: The way to the document.
        critic: Who knows.
        canvas: Where versions are seen.
        panel: Where they are chosen.
        parent: Its owner.

    Attributes:
        opened: Emitted with whether the panel is wanted in the sliders' place.
        said: Emitted with a sentence for the status line.
        version_shown: Emitted with the version on the canvas, its score and the score before.
        version_hidden: Emitted when the document's own sprite is on the canvas again.
    """

    opened = Signal(bool)
    version_shown = Signal(object, object, object)
    version_hidden = Signal()
    said = Signal(str)

    def __init__(
        self,
        controller: ExploreController,
        critic: CriticService,
        canvas: Canvas,
        panel: ImprovePanel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._critic = critic
        self._canvas = canvas
        self._panel = panel
        self._is_open = False
        self._task: ImproveTask | None = None
        self._found: Improvement | None = None
        self._version: Sprite | None = None
        self._lint_before = 0.0
        panel.start_asked.connect(self.start)
        panel.stop_asked.connect(critic.stop_improving)
        panel.accept_all_asked.connect(self.accept_all)
        panel.accept_chosen_asked.connect(self.accept_chosen)
        panel.discard_asked.connect(self.discard)
        panel.close_asked.connect(self.close)
        panel.regions_changed.connect(self._on_regions)
        panel.glanced.connect(self._on_glanced)
        panel.region_chosen.connect(self._on_region)
        critic.improved.connect(self._on_improved)
        critic.improve_ended.connect(self._on_ended)
        critic.scored.connect(self._on_scored)
        controller.shown.connect(self._on_shown)
        controller.settled.connect(self._on_settled)
        controller.document_changed.connect(self._on_document)

    @property
    def is_open(self) -> bool:
        """Whether the panel is shown."""
        return self._is_open

    @property
    def found(self) -> Improvement | None:
        """What was found, while it is looked at."""
        return self._found

    def toggle(self) -> None:
        """Open the panel, or close it."""
        if self._is_open:
            self.close()
        else:
            self._is_open = True
            self.opened.emit(True)

    @Slot()
    def close(self) -> None:
        """Discard what is there, and give the sliders their place back."""
        self.discard()
        if self._is_open:
            self._is_open = False
            self.opened.emit(False)

    # ---- looking for it --------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Begin from the sprite on the canvas."""
        document, current = self._controller.document, self._controller.current
        if document.latent is None or current is None:
            return
        if not current.score.experts:
            self.said.emit("This model was trained without a teacher: there is no score to raise")
            return
        self.discard()
        holds = {name: box.isChecked() for name, box in self._panel.holds.items()}
        self._task = ImproveTask(
            document.latent,
            document.edits,
            self._panel.expert,
            holds["palette"],
            holds["silhouette"],
            holds["pins"],
        )
        self._lint_before = examine(current.sprite).score
        self._panel.set_running()
        self._critic.improve(self._task)

    @Slot(object)
    def _on_improved(self, found: Improvement) -> None:
        if found.task is not self._task:
            return
        self._found = found
        self._show(found.sprite)
        self.version_shown.emit(found.sprite, found.score, found.score_before)
        self._panel.show_progress(found, self._lint(found.sprite))

    @Slot()
    def _on_ended(self) -> None:
        found = self._found
        if self._task is not None and (found is None or not found.has_ended):
            self.discard()
            self._panel.show_nothing("It ended without a result.")

    @Slot()
    def discard(self) -> None:
        """Forget the result, and show the document's sprite again."""
        self._critic.forget_improving()
        self._task = None
        self._panel.show_nothing()
        if self._found is not None:
            self._forget()
            current = self._controller.current
            if current is not None:
                self._canvas.set_sprite(current.sprite, None)

    def _forget(self) -> None:
        """Nothing is looked at any more."""
        self._found = self._version = None
        self._canvas.show_marks(None)
        self.version_hidden.emit()

    @Slot(object)
    def _on_shown(self, _decoded: Decoded) -> None:
        if self._version is not None:
            self._canvas.set_sprite(self._version, None)

    @Slot(object)
    def _on_settled(self, decoded: Decoded) -> None:
        self._panel.set_experts(tuple(expert.name for expert in decoded.score.experts))

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        task = self._task
        if task is not None and (document.latent != task.latent or document.edits != task.edits):
            self.discard()

    # ---- looking at it ---------------------------------------------------------------------------------

    def _show(self, sprite: Sprite) -> None:
        self._version = sprite
        self._canvas.set_sprite(sprite, None)

    def _lint(self, sprite: Sprite) -> tuple[float, float]:
        return self._lint_before, examine(sprite).score

    def _chosen(self, found: Improvement) -> Flags:
        """The pixels of the checked parts."""
        return self._parts(found, self._panel.checked)

    def _parts(self, found: Improvement, numbers: tuple[int, ...]) -> Flags:
        mask_HW = np.zeros((found.before.height, found.before.width), np.bool_)
        for number in numbers:
            columns, rows = zip(*found.regions[number].pixels, strict=True)
            mask_HW[list(rows), list(columns)] = True
        return mask_HW

    @Slot()
    def _on_regions(self) -> None:
        found = self._found
        if found is None:
            return
        version = with_pixels(found.before, found.sprite, self._chosen(found))
        self._show(version)
        self._panel.show_version(found, version, None, self._lint(version))
        self._critic.request_score(version)

    @Slot(int)
    def _on_region(self, number: int) -> None:
        """Outline a part on the canvas."""
        found = self._found
        if found is not None:
            shown = 0 <= number < len(found.regions)
            self._canvas.show_marks(self._parts(found, (number,)) if shown else None, "accent")

    @Slot(object, object)
    def _on_scored(self, sprite: Sprite, score: Score) -> None:
        if self._found is not None and sprite == self._version:
            self._panel.show_version(self._found, sprite, score, self._lint(sprite))
            self.version_shown.emit(sprite, score, self._found.score_before)

    @Slot(bool)
    def _on_glanced(self, at_before: bool) -> None:
        if self._found is not None and self._version is not None:
            self._canvas.set_sprite(self._found.before if at_before else self._version, None)
            self._canvas.show_marks(None)

    # ---- taking it -------------------------------------------------------------------------------------

    @Slot()
    def accept_all(self) -> None:
        """Go to the latent that was found; what it does not draw itself is painted over it."""
        found, document = self._found, self._controller.document
        if found is None or not found.regions:
            return
        held = found.task.held
        drawn = held.over(found.drawn)
        edits = held.put(patch(found.sprite, differing(drawn, found.sprite), held))
        command = SetLatent(
            found.latent,
            document.anchor,
            document.seed,
            document.prompt,
            document.temperature,
            document.before,
            "Improve",
            edits,
            document.before_edits,
        )
        self._take(found.sprite, found, command)

    @Slot()
    def accept_chosen(self) -> None:
        """Paint the checked parts over the sprite as it was."""
        found, number = self._found, len(self._panel.checked)
        if found is None or not number:
            return
        if number == len(found.regions):
            self.accept_all()
            return
        chosen_HW = self._chosen(found)
        version = with_pixels(found.before, found.sprite, chosen_HW)
        title = f"Improve, {number} of {len(found.regions)} parts"
        self._take(version, found, PatchEdits(patch(found.sprite, chosen_HW, found.task.edits), title=title))

    def _take(self, sprite: Sprite, found: Improvement, command: SetLatent | PatchEdits) -> None:
        self._task = None
        self._forget()
        self._panel.show_nothing("Accepted; undo brings back what was (Ctrl+Z).")
        self._controller.end_move()
        self._canvas.set_sprite(sprite, None)  # the score comes a moment later
        self._controller.do(command)
        self.said.emit(f"Improved: score {found.score_before.value:.0f} before (Ctrl+Z takes it back)")
