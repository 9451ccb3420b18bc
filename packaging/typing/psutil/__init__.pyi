"""What of psutil the studio uses; the library ships without types."""

from typing import NamedTuple

class pmem(NamedTuple):
    rss: int
    vms: int

class svmem(NamedTuple):
    total: int
    available: int

class Process:
    def __init__(self, pid: int | None = None) -> None: ...
    def cpu_percent(self, interval: float | None = None) -> float: ...
    def memory_info(self) -> pmem: ...

def cpu_count(logical: bool = True) -> int | None: ...
def virtual_memory() -> svmem: ...
