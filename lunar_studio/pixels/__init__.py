"""Pixel-art craft on arrays: picture files, palettes, fitting, grids, lint, damage, contact sheets.

Pillow and numpy only: nothing here knows Qt or torch. Import from the modules.
"""
