"""Whose art a model learned from, as a text that goes with what it draws."""

from __future__ import annotations

from collections.abc import Mapping

from lunar_studio.core.model_info import ModelInfo

HEADING = "Credits of sprites made with Lunar Studio"
"""The first line of every such text: by it the studio knows its own file."""

_MOST = 100_000


def credits_text(info: ModelInfo, *, others: int = 0) -> str:
    """Art, authors and licences, from the model's card, as plain text that ends with a newline.

    A card is a stranger's: what is not text is told as such, control characters are left out, and it is cut at
    100,000 characters.

    Args:
        info: What is known of the model.
        others: How many of the sprites another model drew, of which nothing is known.
    """
    card = info.card
    art, licence = _art_and_licence(card)
    lines = [
        HEADING,
        "=" * len(HEADING),
        "",
        f"The sprites beside this file were drawn with the model “{_clean(info.name)}”",
        f"(SHA-256 {info.digest}).",
        "",
    ]
    if art:
        count = card.get("sprites")
        many = f", {count:,} sprites" if isinstance(count, int) and not isinstance(count, bool) else ""
        lines.append(f"It was trained on: {art}{many}.")
        if digest := _clean(card.get("art_digest", "")):
            lines.append(f"Digest of that set of art: {digest}.")
    else:
        lines.append("The model does not say what art it was trained on. Ask whoever made it before you publish.")
    if others:
        were = "1 of the sprites was" if others == 1 else f"{others:,} of the sprites were"
        lines.append(f"{were} drawn with another model, whose credits are not known here.")
    lines.append("")
    if licence:
        lines += ["Licences and authors of that art, as they came with it:", "", licence]
    elif art:
        lines.append("No licence came with that art. Ask whoever owns it before you publish.")
    return "\n".join(lines)[:_MOST].rstrip() + "\n"


def _art_and_licence(card: Mapping[str, object]) -> tuple[str, str]:
    """The name of the art, and the text of its licences; empty where the card is silent."""
    art, licence = card.get("art", ""), card.get("art_licence", "")
    if isinstance(art, Mapping):
        art, licence = art.get("name", ""), licence or art.get("licence", "")
    return _clean(art), _clean(licence, lines=True)


def _clean(value: object, *, lines: bool = False) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable() or (lines and letter == "\n")).strip()
