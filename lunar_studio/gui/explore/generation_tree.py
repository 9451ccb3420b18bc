"""The tree of generations, drawn from left to right: a thumbnail of what each was bred from; click to go back there."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QMenu, QToolTip, QWidget

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.session.breeding import NO_BREEDING, BreedingTree, Generation

_NODE_PX = 10 * SPACE_PX
_STEP_X_PX = 16 * SPACE_PX
_STEP_Y_PX = 12 * SPACE_PX
_SHARES = {"all": "everything", "colours": "colours only", "shape": "shape only"}
_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)

Place = tuple[int, int]
"""Column and row of a node, from 0."""


def places(tree: BreedingTree) -> dict[str, Place]:
    """Where each generation stands: its depth, and a row of its own for every branch."""
    children: dict[str, list[str]] = {"": []}
    for generation in tree.generations:
        children[generation.id] = []
        children[generation.parent].append(generation.id)
    found: dict[str, Place] = {}
    rows = 0
    waiting = [(name, 0, True) for name in reversed(children[""])]
    while waiting:  # a branch may be hundreds deep: no recursion
        name, depth, begins_row = waiting.pop()
        rows += begins_row
        found[name] = (depth, rows - 1)
        below = children[name]
        waiting += [(child, depth + 1, index > 0) for index, child in reversed(list(enumerate(below)))]
    return found


def told(tree: BreedingTree, generation: Generation) -> str:
    """A generation in words."""
    many = len(generation.parents)
    parents = "1 parent" if many == 1 else f"{many} parents"
    return (
        f"Generation {tree.index(generation.id) + 1}: {generation.count} from {parents}, "
        f"{_SHARES[generation.share]}, strength {generation.strength:.2f}, seed {generation.seed}"
    )


class GenerationTree(QWidget):
    """The nodes and the lines between them.

    Args:
        parent: Its owner.

    Attributes:
        chosen: Emitted with the id of the generation to go to.
        remove_asked: Emitted with the id of a generation from which nothing was bred.
        shown_at: Emitted with the point that should be in view.
    """

    chosen = Signal(str)
    remove_asked = Signal(str)
    shown_at = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("generation-tree")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._tree = NO_BREEDING
        self._places: dict[str, Place] = {}
        self._images: dict[Latent, QImage] = {}
        self.setAccessibleName("Generations")
        self.setAccessibleDescription(
            "Every generation you bred, as a tree; click one to go back to it and try another branch."
        )

    @property
    def tree(self) -> BreedingTree:
        """What is shown."""
        return self._tree

    def show_tree(self, tree: BreedingTree) -> None:
        """Show another tree, and where in it the artist is."""
        if tree == self._tree:
            return
        self._tree, self._places = tree, places(tree)
        self.resize(self.sizeHint())
        self.updateGeometry()
        shown = tree.shown
        self.setAccessibleName("Generations" if shown is None else f"Generations: {told(tree, shown)}")
        self.update()
        if shown is not None:
            self.shown_at.emit(self.node(shown.id).center())

    def missing(self) -> tuple[Latent, ...]:
        """First parents whose thumbnails are not known yet, each once."""
        wanted = (generation.parents[0] for generation in self._tree.generations)
        return tuple(dict.fromkeys(latent for latent in wanted if latent not in self._images))

    def put(self, thumbs: Mapping[Latent, Sprite]) -> None:
        """Take thumbnails."""
        self._images.update({latent: pictures.to_image(sprite) for latent, sprite in thumbs.items()})
        self.update()

    def node(self, generation_id: str) -> QRect:
        """Where a generation is, in logical pixels."""
        column, row = self._places[generation_id]
        return QRect(SPACE_PX + column * _STEP_X_PX, SPACE_PX + row * _STEP_Y_PX, _NODE_PX, _NODE_PX)

    def at(self, point: QPoint) -> str:
        """Id of the generation at a point; empty for none."""
        return next((name for name in self._places if self.node(name).contains(point)), "")

    def sizeHint(self) -> QSize:
        """Room for every node."""
        columns = max((column for column, _ in self._places.values()), default=0) + 1
        rows = max((row for _, row in self._places.values()), default=0) + 1
        return QSize(columns * _STEP_X_PX, rows * _STEP_Y_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Lines first, then nodes."""
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for generation in self._tree.generations:
            if generation.parent:
                start, end = self.node(generation.parent), self.node(generation.id)
                left, right = start.right() + 1, end.left()
                path = QPainterPath()
                path.moveTo(left, start.center().y() + 0.5)
                middle = right - (_STEP_X_PX - _NODE_PX) / 2
                path.cubicTo(
                    middle, start.center().y() + 0.5, middle, end.center().y() + 0.5, right, end.center().y() + 0.5
                )
                painter.strokePath(path, theme.colour(tokens.muted))
        for generation in self._tree.generations:
            if self.node(generation.id).intersects(event.rect()):
                self._paint_node(painter, generation)

    def _paint_node(self, painter: QPainter, generation: Generation) -> None:
        tokens, area = theme.current(), self.node(generation.id)
        is_current = generation.id == self._tree.current
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.sunken))
        painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        image = self._images.get(generation.parents[0])
        if image is not None:
            pictures.paint_sprite(painter, area.adjusted(2, 2, -2, -2), image, self.devicePixelRatioF())
        many = len(generation.parents)
        if many > 1:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.colour(tokens.text))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
            painter.drawText(area.adjusted(0, 0, -3, -1), flags, str(many))
        ring = tokens.focus if is_current and self.hasFocus() else tokens.accent if is_current else tokens.line
        painter.setPen(theme.colour(ring))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click goes to a generation."""
        if event.button() == Qt.MouseButton.LeftButton and (name := self.at(event.position().toPoint())):
            self.chosen.emit(name)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A hand over what can be clicked."""
        over = self.at(event.position().toPoint())
        self.setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Remove a generation from which nothing was bred."""
        name = self.at(event.pos()) if event.reason() == QContextMenuEvent.Reason.Mouse else self._tree.current
        if not name:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        go, remove = menu.addAction("Go There"), menu.addAction("Remove")
        remove.setEnabled(self._tree.is_leaf(name))
        picked = menu.exec(event.globalPos())
        if picked is go:
            self.chosen.emit(name)
        elif picked is remove:
            self.remove_asked.emit(name)

    def event(self, event: QEvent) -> bool:
        """Arrows are its own while it has the keyboard; the tooltip tells of the node under the mouse."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _KEYS:
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip:
            name = self.at(self.mapFromGlobal(self.cursor().pos()))
            if name:
                words = f"{told(self._tree, self._tree.generation(name))}. Click to go back there; branches stay."
                QToolTip.showText(self.mapToGlobal(self.node(name).bottomLeft()), words)
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left goes to what this was bred from, right to what was bred from it, up and down along the column."""
        shown = self._tree.shown
        if shown is None or event.key() not in _KEYS:
            super().keyPressEvent(event)
        elif name := self._beside(shown, Qt.Key(event.key())):
            self.chosen.emit(name)

    def _beside(self, shown: Generation, key: Qt.Key) -> str:
        if key == Qt.Key.Key_Left:
            return shown.parent
        if key == Qt.Key.Key_Right:
            return next((one.id for one in self._tree.generations if one.parent == shown.id), "")
        column, row = self._places[shown.id]
        ways = {name: place[1] - row for name, place in self._places.items() if place[0] == column}
        if key == Qt.Key.Key_Up:
            above = {name: way for name, way in ways.items() if way < 0}
            return max(above, key=above.__getitem__, default="")
        below = {name: way for name, way in ways.items() if way > 0}
        return min(below, key=below.__getitem__, default="")
