"""The vocabulary every room shares: frozen values, configurations and events.

Nothing here knows Qt, torch or files. Import from the modules (`core.sprite`, `core.latent`, ...).
"""
