"""How busy the graphics card is that a run computes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """Readings of a graphics card.

    Attributes:
        busy_percent: Share of the last moment in which it computed, 0 to 100; None where the driver does not tell.
        used_bytes: Memory in use, by everybody.
        total_bytes: Memory it has.
    """

    busy_percent: int | None
    used_bytes: int
    total_bytes: int


def gpu_load(device: str) -> GpuLoad | None:
    """Readings of `device`, such as `cuda:0`; None where it is no graphics card, or none that can be asked.

    Ask only once a run computes there: torch is imported by then, and its driver is awake.
    """
    if not device.startswith("cuda"):
        return None
    import torch

    if not torch.cuda.is_available():
        return None
    try:
        free, total = torch.cuda.mem_get_info(device)
    except (RuntimeError, ValueError):
        return None
    try:
        busy: int | None = torch.cuda.utilization(device)
    except (RuntimeError, ModuleNotFoundError):  # needs the driver's own library, which few have
        busy = None
    return GpuLoad(busy, total - free, total)
