"""How threads of numerical libraries wait: asleep. Call it before numpy or torch is imported; both read this once.

On a machine of two cores a thread that spins while it waits takes one of them from whoever has work: torch's made a
decode beside a busy core ten times slower, and numpy's spun through more than half of a core while a slider moved,
because the copy guard had multiplied a few numbers. What numpy multiplies here is small; one thread is faster, too.
"""

import os
from collections.abc import MutableMapping

_SETTINGS = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1"}


def let_waiting_threads_sleep(environment: MutableMapping[str, str] = os.environ) -> None:
    """Tell the libraries, unless the environment says something else already."""
    for name, value in _SETTINGS.items():
        environment.setdefault(name, value)
