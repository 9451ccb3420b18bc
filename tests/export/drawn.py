"""Art for export tests, drawn by code: any sizes, any pixels, duplicates and empty sprites included."""

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from lunar_studio.core.sheet import Frame
from lunar_studio.core.sprite import Sprite


def pixels(seed: int, width: int, height: int, *, alphas: tuple[int, ...] = (0, 255)) -> npt.NDArray[np.uint8]:
    """Random pixels of few colours; the same arguments give the same picture."""
    rng = np.random.default_rng(seed)
    picture = rng.choice(np.array([0, 64, 200, 255], np.uint8), (height, width, 4))
    picture[..., 3] = rng.choice(np.array(alphas, np.uint8), (height, width))
    return picture


def sprite(seed: int, width: int = 8, height: int = 8, name: str = "", alphas: tuple[int, ...] = (0, 255)) -> Sprite:
    """A sprite of random pixels."""
    return Sprite(pixels(seed, width, height, alphas=alphas), name)


_sprites = st.builds(
    sprite,
    st.integers(0, 5),
    st.integers(1, 9),
    st.integers(1, 9),
    alphas=st.sampled_from([(0, 255), (0,), (255,), (0, 128, 255)]),
)


@st.composite
def frames(draw: st.DrawFn, *, most: int = 12) -> tuple[Frame, ...]:
    """Frames of any sizes with unique names."""
    drawn = draw(st.lists(_sprites, min_size=1, max_size=most))
    return tuple(Frame(picture, f"frame-{index}", draw(st.integers(1, 5000))) for index, picture in enumerate(drawn))
