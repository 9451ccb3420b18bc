"""What is written down of a sprite when it is kept on the shelf."""

from __future__ import annotations

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.document import Bookmark, Document


def bookmark_of(
    document: Document, latent: Latent, sprite: Sprite, score: float | None, *, seed: int = 0, edits: Overlay = NOTHING
) -> Bookmark:
    """A sprite of the document's model as a bookmark that is not on the shelf yet, called by the words it followed.

    Args:
        document: Whose shelf.
        latent: Where it is.
        sprite: Its pixels.
        score: The teacher's judgement, 0 to 100.
        seed: What it grew from.
        edits: Which of its pixels were painted.
    """
    number = len(document.bookmarks) + 1
    taken = {kept.id for kept in document.bookmarks}
    while f"kept-{number}" in taken:
        number += 1
    name = document.prompt.strip() or f"Sprite {number}"
    return Bookmark(
        f"kept-{number}", name, latent, sprite, score, seed, document.prompt, model=document.model, edits=edits
    )
