"""Figures of a model: how near its reconstructions come to art, and how like real art its samples are."""
