"""`Engine`: one trained model, ready to play with at slider speed.

It runs on the CPU in float32. Weights are laid out channels-last, which on our machines made one sprite of
32 px about 1.3 times faster to draw and 1.5 times faster to judge; BatchNorm is folded into the kernels, those that
draw one sprite are laid out for it (`models.packing`), and what is asked of one sprite at a time is traced
(`models.straight`), so that no step of it waits for the interpreter. bfloat16 only helps pictures of 64 px and more,
at the price of exact colours. Few small sprites are also faster on one thread than on two, because waking the other
costs more than it brings; batches and large pictures use every thread there is.
`python -m tests.bench.bundled` tells what each answer takes.

What holds: the same call gives the same bytes on the same machine, whatever was called before. Row i of a
batch never depends on the other rows, only (by rounding, far below what changes a pixel but for exact ties)
on i and on whether it came in a batch or alone.

Shapes: B batch, N sprites, L latent numbers, E experts.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lunar_studio import paths
from lunar_studio.core.arrays import F32
from lunar_studio.core.latent import Direction, Latent, raw_directions
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.core.neighbours import UNKNOWN_ART, Neighbour, Neighbours
from lunar_studio.core.score import ExpertScore, Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.drawing import Drawing
from lunar_studio.models.folding import folded, is_plain, without_words
from lunar_studio.models.meaning import Meaning
from lunar_studio.models.model_file import load_model
from lunar_studio.models.packing import packed
from lunar_studio.models.straight import Answer, straight
from lunar_studio.models.teacher import Judgement
from lunar_studio.models.views import Views, views_for
from lunar_studio.pixels.fit import Fitted, fit
from lunar_studio.pixels.grid import enlarged
from lunar_studio.pixels.likeness.families import nearest_families
from lunar_studio.pixels.likeness.fingerprints import FingerprintScan, fingerprints

BATCH = 16
"""Rows that go through a network at once; a shorter batch is filled up, so that its size is always this one."""

_SMALL_PX = 48
"""Up to this size less than a batch is fastest on one thread (measured at 16, 32, 64 and 128 px)."""

NO_SCORE = Score(math.nan)
"""The score of a model that was trained without a teacher."""


def load(path: Path | None) -> Engine:
    """Open a model file, or the one that ships with the studio for None.

    Raises:
        ModelFileError: It is missing, damaged, hostile or not ours.
        ModelVersionError: A newer version wrote it.
    """
    return Engine(*load_model(path if path is not None else paths.bundled_model()))


class Engine:
    """A model's abilities in the terms of the window; implements `session.ports.Explorer`.

    Use it from one thread. Its networks are its own: nothing trains them.

    Args:
        bundle: The trained model; its prior becomes the engine's, the other networks are folded copies.
        info: Facts about it.
    """

    def __init__(self, bundle: ModelBundle, info: ModelInfo) -> None:
        teacher = None if bundle.teacher is None else folded(bundle.teacher)
        bundle = dataclasses.replace(bundle, vae=folded(bundle.vae), teacher=teacher)
        self.bundle = bundle
        self._info = info
        self._threads = torch.get_num_threads()
        for network in bundle.modules().values():
            network.eval().requires_grad_(False)
        for swift in (bundle.vae, teacher):
            if swift is not None:
                swift.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.judge = None if teacher is None else without_words(teacher)
        """The teacher for judging alone, which is faster."""

    @cached_property
    def _draw(self) -> Drawing:
        """Draws one latent."""
        return Drawing(self.bundle.vae)

    @cached_property
    def _quality(self) -> Callable[[Tensor], Answer]:
        """Judges one sprite: its logit, its experts' and their shares."""
        assert self.judge is not None
        example = self._seen(self.judge, self.decode(Latent(np.zeros(self._info.latent_dim, np.float32))))
        judge = packed(self.judge, lambda network: _judged(network, example))
        return straight(judge, lambda seen_VCHW: _judged(judge, seen_VCHW)[:3], example)

    @cached_property
    def _views(self) -> Views | None:
        return views_for(self.judge, self._info.image_size)

    @property
    def info(self) -> ModelInfo:
        """Facts about the model."""
        return self._info

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Found directions, shape before colour, each group ordered by share, largest first."""
        return self.bundle.directions

    @cached_property
    def raw_directions(self) -> tuple[Direction, ...]:
        """One direction for each number of the latent."""
        return raw_directions(self._info.latent_dim)

    # ---- drawing ---------------------------------------------------------------------------------

    def decode(self, latent: Latent) -> Sprite:
        """The exact pixels of a latent.

        Raises:
            ValueError: The latent is of another length than the model's.
        """
        with self.computing(1):
            return Sprite(self._draw(self._rows([latent]))[0].numpy())

    def decode_many(self, latents: Sequence[Latent]) -> tuple[Sprite, ...]:
        """The exact pixels of many latents, in order; several times faster than one by one.

        Raises:
            ValueError: A latent is of another length than the model's.
        """
        with self.computing(BATCH):
            batches = [self.bundle.vae.render(z_BL) for z_BL in _batches(self._rows(latents))]
            return tuple(Sprite(rgba) for batch in batches for rgba in batch.numpy())[: len(latents)]

    # ---- judging ---------------------------------------------------------------------------------

    def score(self, sprite: Sprite) -> Score:
        """The teacher's judgement; a sprite of another size than the model's is fitted first.

        Without a teacher the value is NaN and there are no experts.
        """
        if self.judge is None:
            return NO_SCORE
        with self.computing(1):
            return self._scores(*self._quality(self._seen(self.judge, sprite)))[0]

    def score_many(self, sprites: Sequence[Sprite]) -> tuple[Score, ...]:
        """The teacher's judgement of many sprites, in order."""
        teacher = self.judge
        if teacher is None:
            return (NO_SCORE,) * len(sprites)
        with self.computing(BATCH):
            scores: list[Score] = []
            for start in range(0, len(sprites), BATCH):
                part = sprites[start : start + BATCH]
                scores += self._scores(*teacher(_filled(self._pictures(part)))[:3])[: len(part)]
            return tuple(scores)

    def _scores(self, logit_B: Tensor, expert_logits_BE: Tensor, gate_BE: Tensor) -> list[Score]:
        scale, names = self.bundle.calibration, self.bundle.experts
        rows = zip(logit_B.tolist(), gate_BE.tolist(), expert_logits_BE.tolist(), strict=True)
        return [
            Score(
                scale.percentile(0, logit),
                tuple(
                    ExpertScore(name, gate, scale.percentile(1 + index, value))
                    for index, (name, gate, value) in enumerate(zip(names, gates, values, strict=True))
                ),
            )
            for logit, gates, values in rows
        ]

    # ---- likeness --------------------------------------------------------------------------------

    def likeness(self, sprite: Sprite, count: int = 3) -> Neighbours:
        """The training sprites whose drawings are nearest, wherever they stand and in whatever colours.

        One of each family: its frames and recolourings would only say the same again. By fingerprints, because the
        model carries no pictures: a blurred comparison, some 0.1 ms for a thousand sprites. A sprite of another size
        than the model's art is fitted first; one without a drawing, empty or of one flat colour, has no neighbours.
        """
        prints = self.bundle.prints
        if prints is None or self._scan is None:
            return UNKNOWN_ART
        code_D = fingerprints(self.fitted(sprite).sprite.rgba_HWC[None])[0]
        if not code_D.any():
            return Neighbours(limit=prints.limit)
        apart_N = self._scan.distances(code_D)
        nearest = tuple(
            Neighbour(prints.names[index], int(prints.families_N[index]), float(apart_N[index]))
            for index in nearest_families(apart_N, prints.families_N, count).tolist()
        )
        return Neighbours(nearest, prints.limit)

    @cached_property
    def _scan(self) -> FingerprintScan | None:
        prints = self.bundle.prints
        return None if prints is None else FingerprintScan.of(prints.codes_ND)

    # ---- inventing -------------------------------------------------------------------------------

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        """Random latents from the prior.

        Args:
            count: How many; the i-th grows from `seed` and i alone, so asking for more keeps the first ones
                (to within rounding: about 1e-6 of a latent number).
            seed: Non-negative.
            prompt: Words to follow; those the model does not know are passed over (see `unknown_words`).
            temperature: Spread of the noise, > 0; below 1 is safer, above 1 wilder.

        Raises:
            ValueError: `count` or `seed` is negative, or the temperature is not a positive number.
        """
        if count < 0 or seed < 0 or not 0.0 < temperature < math.inf:
            raise ValueError(f"cannot sample {count} sprites from seed {seed} at temperature {temperature}")
        words = self.bundle.vocabulary.embed(prompt) if prompt else None
        with self.computing(count):
            z_BL = self.bundle.prior.sample(count, seed=seed, words_D=words, temperature=temperature)
        return tuple(Latent(row) for row in z_BL.numpy())

    # ---- encoding --------------------------------------------------------------------------------

    def encode(self, sprite: Sprite) -> Latent:
        """The latent whose decoding comes near the sprite, without refinement (see `explore.refine`)."""
        with self.computing(1):
            return Latent(self.bundle.vae.encode(self._pictures([sprite]))[0][0].numpy())

    def encode_many(self, sprites: Sequence[Sprite]) -> tuple[Latent, ...]:
        """The latents of many sprites, in order."""
        latents: list[Latent] = []
        with self.computing(BATCH):
            for start in range(0, len(sprites), BATCH):
                part = sprites[start : start + BATCH]
                mu_BL = self.bundle.vae.encode(_filled(self._pictures(part)))[0]
                latents += [Latent(row) for row in mu_BL[: len(part)].numpy()]
        return tuple(latents)

    def fitted(self, sprite: Sprite) -> Fitted:
        """The sprite as the model sees it, with a note of what was done to make it fit.

        Art of the size the model learned from is enlarged pixel by pixel to the size it draws at, as in
        training; anything else is first brought to that size by `pixels.fit`.
        """
        size = self._info.image_size
        if sprite.width == sprite.height == size:
            return Fitted(sprite, "")
        art_px = self.art_px or (sprite.width if sprite.width == sprite.height and size % sprite.width == 0 else size)
        fitted = fit(sprite, art_px)
        if art_px == size:
            return fitted
        note = f"enlarged {size // art_px} times to {size} × {size}"
        return Fitted(enlarged(fitted.sprite, size // art_px), ", ".join(filter(None, (fitted.note, note))))

    @property
    def art_px(self) -> int:
        """Width and height of the art it learned from, in pixels; 0 for art of any size that divides its own.

        The document's family draws 128 px and learns small art enlarged; the sprite family draws art as it is.
        """
        size, told = self._info.image_size, self._info.card.get("art_px")
        if isinstance(told, int) and 0 < told <= size and size % told == 0:
            return told
        return 0 if self._info.family == "classic" else size

    # ---- words -----------------------------------------------------------------------------------

    @property
    def words(self) -> tuple[str, ...]:
        """The words it knows, most frequent first."""
        return self.bundle.vocabulary.words

    def unknown_words(self, prompt: str) -> tuple[str, ...]:
        """The words of a prompt that the model has never seen, in order."""
        return self.bundle.vocabulary.unknown(prompt)

    def fits(self, sprites: Sequence[Sprite], prompt: str) -> tuple[float, ...]:
        """How near the teacher finds sprites to words, as `Meaning.likeness` tells it.

        NaN for each without a teacher, or where none of the words is known.
        """
        return tuple(self.fits_all(sprites, [prompt])[:, 0].tolist())

    def fits_all(self, sprites: Sequence[Sprite], texts: Sequence[str]) -> F32:
        """As `fits`, for every sprite (rows) and every text (columns)."""
        words_MD = self.bundle.vocabulary.embed_all(texts)
        found = np.full((len(sprites), len(texts)), np.nan, np.float32)
        if self._meaning is None or not bool(words_MD.any()):
            return found
        with self.computing(BATCH):
            for start in range(0, len(sprites), BATCH):
                part = sprites[start : start + BATCH]
                seen_BD = self._meaning.see(_filled(self._pictures(part)))[: len(part)]
                found[start : start + len(part)] = self._meaning.likeness(seen_BD, words_MD).numpy()
        found[:, ~words_MD.any(dim=1).numpy()] = np.nan
        return found

    def nearest_words(self, sprite: Sprite, count: int = 5) -> tuple[tuple[str, float], ...]:
        """The known words that the teacher finds nearest to a sprite, with how near they are, as of `fits`."""
        vocabulary = self.bundle.vocabulary
        if self._meaning is None or not vocabulary.words:
            return ()
        with self.computing(1):
            words_VD = torch.nn.functional.normalize(vocabulary.vectors_VD, dim=1)
            likeness_V = self._meaning.likeness(self._meaning.see(self._pictures([sprite])), words_VD)[0]
            best = likeness_V.topk(min(count, len(vocabulary.words)))
        return tuple(
            (vocabulary.words[index], value)
            for index, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        )

    @cached_property
    def _meaning(self) -> Meaning | None:
        teacher = self.bundle.teacher
        return None if teacher is None else Meaning(teacher, self.bundle.prior.topics_TD)

    @contextmanager
    def computing(self, rows: int, *, gradients: bool = False) -> Iterator[None]:
        """As many threads as pay off for `rows` sprites, and no gradients unless asked for.

        Torch counts threads per thread, so nobody else's work is touched; before is as after.
        """
        threads = 1 if rows < BATCH and self._info.image_size <= _SMALL_PX else self._threads
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            with torch.enable_grad() if gradients else torch.inference_mode():
                yield
        finally:
            torch.set_num_threads(before)

    # ---- inside ----------------------------------------------------------------------------------

    def _rows(self, latents: Sequence[Latent]) -> Tensor:
        """float32 (N, L)."""
        length = self._info.latent_dim
        for latent in latents:
            if len(latent) != length:
                raise ValueError(f"a latent of {len(latent)} numbers does not fit a model of {length}")
        if not latents:
            return torch.zeros(0, length)
        return torch.from_numpy(np.stack([latent.values_L for latent in latents]))

    def _seen(self, judge: nn.Module, sprite: Sprite) -> Tensor:
        """What the judge looks at of one sprite."""
        if self._views is not None:
            found = self._views.of(self.fitted(sprite).sprite.rgba_HWC)
            if found is not None:
                return torch.from_numpy(found)
        pictures = self._pictures([sprite])
        return judge.see(pictures) if is_plain(judge) else pictures

    def _pictures(self, sprites: Sequence[Sprite]) -> Tensor:
        """Sprites in the networks' form, channels last."""
        rgba_NHWC = np.stack([self.fitted(sprite).sprite.rgba_HWC for sprite in sprites])
        prepared = self.bundle.vae.prepare(torch.from_numpy(rgba_NHWC))
        return prepared.contiguous(memory_format=torch.channels_last)


def _judged(judge: nn.Module, seen_BCHW: Tensor) -> Judgement:
    said: Judgement = judge.judge(seen_BCHW) if is_plain(judge) else judge(seen_BCHW)
    return said


def _batches(rows: Tensor) -> Iterator[Tensor]:
    """Parts of exactly `BATCH` rows, the last filled up."""
    for start in range(0, rows.shape[0], BATCH):
        yield _filled(rows[start : start + BATCH])


def _filled(rows: Tensor) -> Tensor:
    """`rows` with copies of the last one behind, `BATCH` in all: kernels chosen by size are then always the same."""
    missing = BATCH - rows.shape[0]
    if missing == 0:
        return rows
    format_ = torch.channels_last if rows.ndim == 4 else torch.contiguous_format
    return torch.cat([rows, rows[-1:].expand(missing, *rows.shape[1:])]).contiguous(memory_format=format_)
