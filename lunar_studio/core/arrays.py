"""Read-only arrays, so that a frozen value really is frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


def read_only(values: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """A C-contiguous array of `dtype` that nobody can write to.

    An array that is already so is returned as it is; anything else is copied, so that the caller's
    array can change afterwards without changing the value.
    """
    array = np.asarray(values, dtype=dtype)
    owned = array.base is None or isinstance(array.base, bytes)
    if not array.flags.writeable and array.flags.c_contiguous and owned:
        return array
    copy = np.array(array, dtype=dtype, order="C", copy=True)
    copy.setflags(write=False)
    return copy
