"""The Export page: choose sprites, see the sheet, write it for a game engine."""
