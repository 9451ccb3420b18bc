"""`info`: what a model is."""

from __future__ import annotations

import argparse
from pathlib import Path

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, plain, to_json


def add_to(commands: options.Commands) -> None:
    """Add `info`."""
    parser = commands.add_parser("info", help="what a model is: its parts, sizes and card")
    parser.add_argument("model", type=Path, nargs="?", metavar="MODEL", help="model file (default: the bundled one)")
    options.add_extensions(parser)
    options.add_json(parser)
    parser.set_defaults(run=info)


def info(arguments: argparse.Namespace) -> Answer:
    """Read a model file and tell its facts.

    Raises:
        ModelFileError: It is missing, damaged, hostile, not ours or too new.
    """
    engine = options.open_engine(arguments)
    facts = engine.info
    document = {
        "name": facts.name,
        "family": facts.family,
        "preset": facts.preset,
        "parameters": facts.parameters,
        "parts": facts.parts,
        "image_size": facts.image_size,
        "channels": facts.channels,
        "latent_dim": facts.latent_dim,
        "digest": facts.digest,
        "directions": [
            {"id": found.id, "name": found.name, "group": found.group, "sigma": found.sigma, "share": found.share}
            for found in engine.directions
        ],
        "experts": engine.bundle.experts,
        "words": len(engine.words),
        "estimates": facts.estimates,
        "card": facts.card,
    }
    groups = [found.group for found in engine.directions]
    lines = [
        f"{facts.name} ({facts.preset}, family {facts.family})",
        f"  draws       {facts.image_size} × {facts.image_size} px, {'RGBA' if facts.channels == 4 else 'RGB'}",
        f"  latent      {facts.latent_dim} numbers",
        f"  parameters  {facts.parameters:,} in the VAE; "
        + ", ".join(f"{part} {count:,}" for part, count in facts.parts.items() if part != "vae"),
        f"  sliders     {', '.join(f'{groups.count(name)} {name}' for name in dict.fromkeys(groups)) or 'raw only'}",
        f"  experts     {', '.join(engine.bundle.experts) or 'none: it was trained without a teacher'}",
        f"  words       {len(engine.words):,} known"
        + (f", such as {', '.join(engine.words[:8])}" * bool(engine.words)),
        f"  memory      about {facts.estimates.get('memory_bytes', 0.0) / 2**20:.0f} MiB to explore",
        f"  digest      {facts.digest}",
    ]
    lines += [f"  {key:<11} {_shown(value)}" for key, value in facts.card.items()]
    return Answer("\n".join(lines), document)


def _shown(value: object) -> str:
    """One line of a card, cut where it would fill the screen."""
    text = value if isinstance(value, str) else to_json(plain(value))
    first = text.partition("\n")[0]
    return first if len(first) <= 100 and first == text else f"{first[:99]}…"
