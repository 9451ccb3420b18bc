"""A drawing in 96 bytes: enough to find what it is like, too little to draw it again.

A fingerprint holds the slowest waves (two-dimensional cosines) of a sprite's structure maps: 24 of where it is
visible, 20 each of where colours differ across and down, 16 each of where it grows lighter across and down, without
their means. A wave does not mind a pixel's shift much. Of colours nothing is left, and of shapes a blur of some five
by five places: a fingerprint shows no more of a sprite than which third of the picture is filled and restless. So a
model file can carry the fingerprints of art that it may not carry itself.

Waves are by shares of the frame, so fingerprints of frames of different sizes can be compared. Each is stored as one
signed byte on a square-root scale: small values, which tell sprites apart, keep their precision.

The distance between two fingerprints is that of `pixels.likeness.distance` seen through the blur,

    d = sqrt(1 - 2 u·v / (u·u + v·v))    for u, v the waves of outline and edges, or of outline and shading,

the least of three ways (edges, shading, shading reversed), mirrored or not; mirroring a sprite changes signs of its
waves and nothing else. It is 0 for the same drawing and near 1 for strangers; the root makes it grow like the distance
of the drawings themselves.

Shapes: N sprites, S side of the frame, D = 96 waves, F waves along one axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8
from lunar_studio.pixels.likeness.maps import DARKER, EDGES, LIGHTER, VISIBLE, Bool, drawing_maps, placed

I8 = npt.NDArray[np.int8]

_COUNTS = (24, 20, 20, 16, 16)
BYTES = sum(_COUNTS)
"""Bytes of a fingerprint."""

_AXIS_WAVES = 8
_SCALE = 280.0
_BATCH_PIXELS = 1 << 18


def _slowest(count: int) -> npt.NDArray[np.intp]:
    """Rows and columns of the slowest waves but the mean, shape (count, 2)."""
    down, right = np.divmod(np.arange(_AXIS_WAVES**2), _AXIS_WAVES)
    order = np.lexsort((right, down, down**2 + right**2))[1 : count + 1]
    return np.stack([down[order], right[order]], axis=1)


_WAVES = [_slowest(count) for count in _COUNTS]
_PARTS = np.repeat(np.arange(5), _COUNTS)
_OUTLINE, _EDGES, _SHADING = _PARTS == 0, (_PARTS == 1) | (_PARTS == 2), _PARTS >= 3
# A mirrored wave of odd frequency turns its sign, and so does lightness that grows to the right.
_MIRROR = np.where(np.concatenate(_WAVES)[:, 1] % 2 == 1, -1.0, 1.0).astype(np.float32)
_MIRROR[_PARTS == 3] *= -1


def fingerprints(sprites_NHWC: U8) -> I8:
    """The fingerprints of sprites that share one size.

    Args:
        sprites_NHWC: uint8, shape (sprites, height, width, 4), straight alpha; 1 to 256 pixels either way.

    Returns:
        int8, shape (sprites, 96).
    """
    side = max(sprites_NHWC.shape[1:3])
    codes_ND = np.zeros((len(sprites_NHWC), BYTES), np.int8)
    step = max(1, _BATCH_PIXELS // (side * side))
    for start in range(0, len(sprites_NHWC), step):
        maps_NKSS = drawing_maps(placed(sprites_NHWC[start : start + step], side))
        codes_ND[start : start + step] = _coded(_waves(maps_NKSS))
    return codes_ND


def _waves(maps_NKSS: Bool) -> F32:
    """The kept waves of structure maps, as shares of the frame, float32, shape (N, 96)."""
    side = maps_NKSS.shape[2]
    # A pair stands between its two pixels, so that mirroring is exact.
    at_pixels, at_pairs = (_cosines(np.arange(side) + offset, side) for offset in (0.5, 1.0))
    across, down = (_sign(maps_NKSS, kind) for kind in (0, 1))
    spectra = (
        _spectrum(maps_NKSS[:, VISIBLE], at_pixels, at_pixels),
        _spectrum(maps_NKSS[:, EDGES[0]], at_pixels, at_pairs),
        _spectrum(maps_NKSS[:, EDGES[1]], at_pairs, at_pixels),
        _spectrum(across, at_pixels, at_pairs),
        _spectrum(down, at_pairs, at_pixels),
    )
    kept = [spectrum[:, waves[:, 0], waves[:, 1]] for spectrum, waves in zip(spectra, _WAVES, strict=True)]
    return np.concatenate(kept, axis=1)


def _sign(maps_NKSS: Bool, kind: int) -> I8:
    """Where it grows lighter, +1, and darker, -1, shape (N, S, S)."""
    return maps_NKSS[:, LIGHTER[kind]].astype(np.int8) - maps_NKSS[:, DARKER[kind]].astype(np.int8)


def _spectrum(map_NSS: Bool | I8, down_FS: F32, right_FS: F32) -> F32:
    spectrum: F32 = down_FS @ map_NSS.astype(np.float32) @ right_FS.T
    return spectrum


def _cosines(places: npt.NDArray[np.floating], side: int) -> F32:
    """Waves along one axis, scaled so that spectra do not depend on the size, shape (F, S)."""
    frequencies = np.arange(_AXIS_WAVES)[:, None]
    waves = np.cos(np.pi * frequencies * places / side) * np.where(frequencies > 0, np.sqrt(2.0), 1.0) / side
    cosines: F32 = waves.astype(np.float32)
    return cosines


def _coded(waves_ND: F32) -> I8:
    coded = np.rint(np.sign(waves_ND) * np.sqrt(np.abs(waves_ND)) * _SCALE)
    return np.clip(coded, -127, 127).astype(np.int8)


def decoded(codes_ND: I8) -> F32:
    """The waves that fingerprints stand for, float32, shape (N, 96)."""
    roots = codes_ND.astype(np.float32) / np.float32(_SCALE)
    waves: F32 = roots * np.abs(roots)
    return waves


@dataclass(frozen=True, slots=True, eq=False)
class FingerprintScan:
    """Fingerprints laid out to be compared with one at a time: a matrix product and a few passes.

    Attributes:
        waves_DN: float32, shape (96, sprites): this way round the passes over the products are over whole rows.
        squares_2N: float32, u·u by edges and by shading, shape (2, sprites).
    """

    waves_DN: F32
    squares_2N: F32

    @classmethod
    def of(cls, codes_ND: I8) -> FingerprintScan:
        """Lay out fingerprints, int8, shape (sprites, 96)."""
        waves_DN = np.ascontiguousarray(decoded(codes_ND).T)
        return cls(waves_DN, _squares(waves_DN))

    def __len__(self) -> int:
        return int(self.waves_DN.shape[1])

    def distances(self, code_D: I8) -> F32:
        """Distance of one fingerprint to each, 0 to 1, shape (sprites,)."""
        query_D = decoded(code_D[None])[0]
        views = (query_D, query_D * _MIRROR)
        rows = np.stack([view * part for part in (_OUTLINE, _EDGES, _SHADING) for view in views])
        outline, edges, shading = (rows.astype(np.float32) @ self.waves_DN).reshape(3, 2, -1)
        by_edges = np.maximum(*(outline + edges))
        # Light and dark reversed turn the sign of shading alone.
        by_shading = np.maximum(*(outline + np.abs(shading)))
        squares = self.squares_2N + _squares(query_D[:, None])
        return np.minimum(_apart(by_edges, squares[0]), _apart(by_shading, squares[1]))


_SILENCE = 1e-6
_SAME = 1 - 1e-6


def _squares(waves_DN: F32) -> F32:
    squares = waves_DN * waves_DN
    outline = squares[_OUTLINE].sum(axis=0)
    return np.stack([outline + squares[part].sum(axis=0) for part in (_EDGES, _SHADING)])


def _apart(products_N: F32, squares_N: F32) -> F32:
    """sqrt(1 - 2 u·v / (u·u + v·v)), within 0 and 1; two flat tiles, without a wave in either, are the same."""
    shares = np.ones_like(products_N)
    np.divide(2 * products_N, squares_N, out=shares, where=squares_N > _SILENCE)
    # Rounding leaves some 1e-7, whose root would show.
    shares[shares > _SAME] = 1
    return np.sqrt(np.clip(1 - shares, 0, 1))
