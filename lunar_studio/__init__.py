"""Lunar Studio: explore a model's latent space, judge, train and export pixel art."""

__version__ = "0.1.0"
