"""Which part of the map is seen: its middle and how large, with what follows for points and mouse."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lunar_studio.core.arrays import F32

LARGEST_ZOOM = 60.0
_MARGIN = 0.06


@dataclass(frozen=True, slots=True)
class MapCamera:
    """A look at the map, whose places are 0 to 1 either way.

    Attributes:
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        x: Place in the middle of the picture.
        y: Place in the middle of the picture.
        zoom: 1 shows the whole map.
    """

    width: float
    height: float
    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    @property
    def scale(self) -> float:
        """Pixels from one side of the map to the other."""
        return max(1.0, min(self.width, self.height)) * (1.0 - 2.0 * _MARGIN) * self.zoom

    def to_screen(self, places_N2: F32) -> tuple[F32, F32]:
        """Columns and rows of places."""
        xs = (places_N2[:, 0] - self.x) * self.scale + self.width / 2
        ys = (places_N2[:, 1] - self.y) * self.scale + self.height / 2
        return xs.astype(np.float32), ys.astype(np.float32)

    def to_map(self, column: float, row: float) -> tuple[float, float]:
        """The place under a pixel."""
        return self.x + (column - self.width / 2) / self.scale, self.y + (row - self.height / 2) / self.scale

    def panned(self, columns: float, rows: float) -> MapCamera:
        """The map dragged by so many pixels; its edge stays within the picture."""
        return self._at(self.x - columns / self.scale, self.y - rows / self.scale)

    def zoomed(self, factor: float, column: float, row: float) -> MapCamera:
        """Nearer or farther, what lies under a pixel staying there."""
        zoom = min(max(self.zoom * factor, 1.0), LARGEST_ZOOM)
        x, y = self.to_map(column, row)
        nearer = replace(self, zoom=zoom)
        return nearer._at(x - (column - self.width / 2) / nearer.scale, y - (row - self.height / 2) / nearer.scale)

    def whole(self) -> MapCamera:
        """The whole map."""
        return MapCamera(self.width, self.height)

    def resized(self, width: float, height: float) -> MapCamera:
        """The same middle in a picture of another size."""
        return replace(self, width=width, height=height)

    def with_in_view(self, x: float, y: float) -> MapCamera:
        """The same, or moved so far that a place is in the inner three quarters of the picture."""
        across, down = 0.375 * self.width / self.scale, 0.375 * self.height / self.scale
        return self._at(min(max(self.x, x - across), x + across), min(max(self.y, y - down), y + down))

    def _at(self, x: float, y: float) -> MapCamera:
        return replace(self, x=min(max(x, 0.0), 1.0), y=min(max(y, 0.0), 1.0))
