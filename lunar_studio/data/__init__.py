"""From a folder of art to a training set: import, report, duplicates, captions, split, memory-mapped cache.

Start at `data.importing` (`check`, `build`) and `data.dataset` (`Dataset.open`).
"""
