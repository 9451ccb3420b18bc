"""The search for near copies among many sprites; `lunar_studio.data.duplicates` is the way in."""
