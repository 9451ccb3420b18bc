"""Configurations of models and training: frozen, validated, self-describing.

Every field carries its range, unit and effect in `Meta`; the settings table of the Train page, the
command line's `--set` and the manual are made from it (`core.config_fields`). Defaults are those of
the founding document, i.e. of the preset `classic-128`; `core.presets` says why others differ.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Widths = Annotated[tuple[Annotated[int, Meta(ge=1, le=4096)], ...], Meta(min_length=1, max_length=8)]

# What an extension calls its parts; `models.extensions` looks them up. Empty where the studio's own are used.
ExtensionName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
OptionalName = Annotated[str, Meta(pattern=r"^([a-z][a-z0-9_-]{0,39})?$")]


class ClassicVaeConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="family", tag="classic"
):
    """`LunarCoreVAE`: strided convolutions down, transposed convolutions up, one flat latent."""

    image_size: Annotated[
        int, Meta(ge=8, le=512, description="Width and height it works at.", extra={"unit": "px"})
    ] = 128
    image_channels: Annotated[
        Literal[3, 4], Meta(description="3 draws opaque RGB, 4 draws RGBA with transparency.")
    ] = 3
    latent_dim: Annotated[
        int, Meta(ge=1, le=4096, description="Numbers in a latent: more keeps more detail and needs more art.")
    ] = 256
    encoder_channels: Annotated[Widths, Meta(description="Channels after each halving; the decoder mirrors them.")] = (
        64,
        128,
        256,
        512,
    )
    kernel_size: Annotated[int, Meta(ge=2, le=9, description="Convolution kernel.", extra={"unit": "px"})] = 4
    stride: Annotated[int, Meta(ge=1, le=4, description="Size step of each stage.")] = 2
    padding: Annotated[int, Meta(ge=0, le=4, description="Zero padding of each convolution.", extra={"unit": "px"})] = 1
    activation: Annotated[
        Literal["relu", "silu", "gelu", "leaky_relu"], Meta(description="Non-linearity between convolutions.")
    ] = "relu"
    encoder: Annotated[
        OptionalName, Meta(description="Encoder of an extension in place of the convolutions; empty for none.")
    ] = ""


class SpriteVaeConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="family", tag="sprite"
):
    """`SpriteVAE`: an indexed decoder (K colours and transparent) on a latent of palette and cells."""

    image_size: Annotated[
        int,
        Meta(
            ge=8, le=256, description="Width and height of a sprite; divisible by the cell size.", extra={"unit": "px"}
        ),
    ] = 32
    colours: Annotated[
        int, Meta(ge=2, le=64, description="Most colours a drawn sprite can have.", extra={"unit": "colours"})
    ] = 24
    cell_channels: Annotated[
        int, Meta(ge=1, le=128, description="Numbers of the latent for each cell of the picture.")
    ] = 6
    detail_channels: Annotated[
        int, Meta(ge=0, le=64, description="Numbers of the latent for each position of the finer detail; 0 is none.")
    ] = 2
    detail_stage: Annotated[
        int, Meta(ge=0, le=7, description="Stage at which the detail enters; 0 is the finest, at half size.")
    ] = 0
    detail_shades: Annotated[
        bool,
        Meta(description="Let the detail also say, pixel by pixel, how much lighter or darker than the cells' idea."),
    ] = False
    detail_price: Annotated[
        float,
        Meta(
            gt=0.0,
            le=1.0,
            description="KL weight of palette and detail as a share of the cells': less moves more into the detail.",
        ),
    ] = 0.1
    widths: Annotated[
        Widths, Meta(description="Channels of each stage, finest (half size) first; each next halves.")
    ] = (
        48,
        96,
        192,
    )
    encoder_blocks: Annotated[int, Meta(ge=1, le=8, description="Residual blocks in each stage that reads.")] = 1
    decoder_blocks: Annotated[int, Meta(ge=1, le=8, description="Residual blocks in each stage that draws.")] = 2
    likelihood_sigma: Annotated[
        float, Meta(gt=0.0, le=1.0, description="Colour tolerance of the likelihood, in units of full scale.")
    ] = 0.06

    @property
    def cells(self) -> int:
        """Cells along each side of the picture."""
        return self.image_size >> len(self.widths)

    @property
    def palette_dim(self) -> int:
        """Leading numbers of a latent that are the palette: red, green and blue of each colour."""
        return 3 * self.colours

    @property
    def detail_side(self) -> int:
        """Positions of the detail along each side of the picture."""
        return self.image_size >> (self.detail_stage + 1)

    @property
    def latent_parts(self) -> tuple[int, int, int]:
        """Numbers of palette, cells and detail, in the order they stand in a latent."""
        return self.palette_dim, self.cells**2 * self.cell_channels, self.detail_side**2 * self.detail_channels

    @property
    def latent_dim(self) -> int:
        """Numbers in a latent."""
        return sum(self.latent_parts)

    @property
    def invented_dim(self) -> int:
        """Leading numbers of a latent that a prior invents: palette and cells."""
        return sum(self.latent_parts[:2])


class CustomVaeConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="family", tag="custom"
):
    """A VAE that an extension registered under `name` (docs/extending.md)."""

    name: Annotated[ExtensionName, Meta(description="What the extension calls it.")] = "unnamed"
    image_size: Annotated[
        int, Meta(ge=8, le=512, description="Width and height it works at.", extra={"unit": "px"})
    ] = 32
    image_channels: Annotated[
        Literal[3, 4], Meta(description="3 draws opaque RGB, 4 draws RGBA with transparency.")
    ] = 4
    latent_dim: Annotated[int, Meta(ge=1, le=4096, description="Numbers in a latent.")] = 256
    options: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}=[^,=]{1,80}$")], ...],
        Meta(max_length=32, description="What else the extension takes, each as name=value."),
    ] = ()


VaeConfig = ClassicVaeConfig | SpriteVaeConfig | CustomVaeConfig


class TeacherConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`LunarMoETeacher`: residual backbone, soft gate, experts, quality and semantic heads."""

    image_channels: Annotated[Literal[3, 4], Meta(description="3 for RGB, 4 for RGBA with transparency.")] = 3
    channels: Annotated[Widths, Meta(description="Channels of each residual block.")] = (64, 128, 256, 512)
    first_stride: Annotated[Literal[1, 2], Meta(description="1 keeps single pixels visible to the first block.")] = 2
    num_experts: Annotated[int, Meta(ge=1, le=16, description="Experts among which the gate divides each sprite.")] = 4
    feature_dim: Annotated[int, Meta(ge=8, le=2048, description="Numbers each expert hands to the heads.")] = 256
    embedding_dim: Annotated[int, Meta(ge=8, le=512, description="Numbers of the semantic embedding.")] = 64
    hidden_dim: Annotated[int, Meta(ge=8, le=4096, description="Width of an expert.")] = 512
    craft_maps: Annotated[
        bool,
        Meta(description="Show it, beside the colours, which pixels are equal and how often each colour occurs."),
    ] = False
    craft_blocks: Annotated[
        int, Meta(ge=0, le=8, description="Residual blocks after which craft is judged; 0 is after the last.")
    ] = 0
    gate_listens: Annotated[
        bool, Meta(description="The gate also weighs what the experts find: who objects most is asked most.")
    ] = False
    forget: Annotated[
        float, Meta(ge=0.0, le=0.9, description="Share of what an expert sees that it must do without in training.")
    ] = 0.0
    peaks: Annotated[
        bool, Meta(description="Pool feature maps by their means and their peaks, so that one stray pixel counts.")
    ] = False
    steady: Annotated[
        bool,
        Meta(
            description="Judge what is visible in the middle of the picture, and its mirror image too: a score that "
            "neither a shift nor a flip changes, at twice the cost."
        ),
    ] = False
    words_from: Annotated[
        Literal["experts", "backbone"],
        Meta(description="Where the semantic head looks: at what the experts found, or at the picture for itself."),
    ] = "experts"
    recolour: Annotated[
        float,
        Meta(
            ge=0.0, le=1.0, description="Share of sprites whose red, green and blue change places before it sees them."
        ),
    ] = 0.0
    layer: Annotated[
        float, Meta(ge=0.0, le=1.0, description="Share of sprites that it is shown laid over another one.")
    ] = 0.0
    turn: Annotated[
        float,
        Meta(ge=0.0, le=1.0, description="Share of sprites that it is shown turned, so that it knows none by heart."),
    ] = 0.0
    tint: Annotated[
        float, Meta(ge=0.0, le=1.0, description="Share of sprites that it is shown with all colours moved alike.")
    ] = 0.0
    finish_share: Annotated[
        float,
        Meta(
            ge=0.0,
            le=10.0,
            description="Steps in which it learns alone when it comes `after` the VAE, as a share of the run's.",
        ),
    ] = 1.0
    custom: Annotated[
        OptionalName, Meta(description="Teacher of an extension in place of the studio's; empty for none.")
    ] = ""


class PriorConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`LatentPrior`: a rectified flow from noise to latents, conditional on words."""

    hidden_dim: Annotated[int, Meta(ge=32, le=4096, description="Width of the flow network.")] = 512
    blocks: Annotated[int, Meta(ge=1, le=32, description="Residual blocks of the flow network.")] = 3
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0, description="Step size of its optimizer.")] = 1e-3
    finish_share: Annotated[
        float,
        Meta(
            ge=0.0, le=10.0, description="Steps in which it learns alone when the VAE is done, as a share of the run's."
        ),
    ] = 0.4
    words_dropout: Annotated[
        float, Meta(ge=0.0, le=1.0, description="Share of sprites trained without their words, for guidance.")
    ] = 0.2
    sample_steps: Annotated[int, Meta(ge=1, le=100, description="Euler steps from noise to a latent.")] = 12
    sample_temperature: Annotated[
        float, Meta(gt=0.0, le=4.0, description="Spread of the noise that sprites grow from; below 1 is tidier.")
    ] = 1.0
    guidance: Annotated[float, Meta(ge=0.0, le=20.0, description="How strictly words are followed; 1 is plain.")] = 2.0
    topics: Annotated[
        int, Meta(ge=1, le=4096, description="Captions kept: subjects for sprites asked for without words, or by few.")
    ] = 2048
    topic_guidance: Annotated[
        float,
        Meta(ge=0.0, le=20.0, description="How strictly such a subject is followed; 1 is plain and twice as fast."),
    ] = 1.5


class TrainingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run goes: rates, weights, schedules, precision, pace of reports."""

    batch_size: Annotated[int, Meta(ge=1, le=65536, description="Sprites in one step.", extra={"unit": "sprites"})] = 32
    max_steps: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000_000,
            description="Steps after which the run is finished; 0: as many as `max_minutes` allows.",
        ),
    ] = 20_000
    max_minutes: Annotated[
        float,
        Meta(ge=0.0, description="Minutes after which this leg ends, done or not; 0: no limit.", extra={"unit": "min"}),
    ] = 0.0
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1, description="Fixes order, augmentation and noise.")] = 0
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0, description="Step size of the VAE's optimizer.")] = 1e-4
    teacher_learning_rate: Annotated[
        float, Meta(gt=0.0, le=1.0, description="Step size of the teacher's optimizer.")
    ] = 2e-4
    weight_decay: Annotated[float, Meta(ge=0.0, le=1.0, description="Decoupled weight decay (AdamW).")] = 1e-6
    learning_rate_schedule: Annotated[
        Literal["constant", "cosine"], Meta(description="Cosine falls to a hundredth at the last step.")
    ] = "constant"
    warmup_steps: Annotated[
        int, Meta(ge=0, description="Steps over which the rate rises from 0.", extra={"unit": "steps"})
    ] = 0
    gradient_clip: Annotated[float, Meta(ge=0.0, description="Largest gradient norm; 0 is no limit.")] = 0.0
    accumulate: Annotated[
        int, Meta(ge=1, le=1024, description="Micro-batches a batch is cut into, to save memory.")
    ] = 1
    kl_weight: Annotated[float, Meta(ge=0.0, description="Weight of the KL divergence (form: `kl_form`).")] = 0.01
    kl_form: Annotated[
        Literal["mean", "sum"],
        Meta(
            description="`mean` over batch and numbers, as in the document; `sum` over numbers, mean over batch (nats)."
        ),
    ] = "mean"
    kl_warmup_share: Annotated[
        float, Meta(ge=0.0, le=1.0, description="Share of the run over which it rises from 0.")
    ] = 0.1
    teacher_mode: Annotated[
        Literal["off", "joint", "alternating", "after"],
        Meta(description="`joint` trains VAE and teacher in each step, `alternating` in turns, `after` one by one."),
    ] = "joint"
    teacher_every: Annotated[int, Meta(ge=1, le=1000, description="The teacher learns in every n-th step.")] = 1
    quality_weight: Annotated[float, Meta(ge=0.0, description="Weight of the teacher's reward in the VAE's loss.")] = (
        1.0
    )
    quality_start_share: Annotated[
        float,
        Meta(ge=0.0, le=1.0, description="Share of the run before the reward begins; it then rises as long again."),
    ] = 0.1
    quality_loss: Annotated[
        Literal["target", "mean_score"],
        Meta(description="`target`: cross-entropy to `quality_target`; `mean_score`: minus the mean score."),
    ] = "target"
    quality_target: Annotated[float, Meta(gt=0.0, lt=1.0, description="Score the VAE is rewarded towards.")] = 0.8
    adversarial_weight: Annotated[
        float,
        Meta(
            ge=0.0,
            description="Weight of telling real art from the VAE's drawings; a reward needs it.",
        ),
    ] = 1.0
    semantic_weight: Annotated[float, Meta(ge=0.0, description="Weight of the semantic loss in the teacher's.")] = 1.0
    caption_weight: Annotated[
        float,
        Meta(ge=0.0, description="Weight of finding a sprite's caption among all others, beside the semantic loss."),
    ] = 0.0
    expert_weight: Annotated[
        float,
        Meta(
            ge=0.0,
            description="How strongly each expert is taught kinds of damage of its own; 0 leaves it to what they find.",
        ),
    ] = 1.0
    balance_weight: Annotated[
        float, Meta(ge=0.0, description="Weight of the load balance between experts (Switch Transformer, eq. 4).")
    ] = 0.01
    extra_losses: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}(:[0-9][0-9.e-]{0,19})?$")], ...],
        Meta(max_length=16, description="Losses of extensions that the VAE learns too, each as name or name:weight."),
    ] = ()
    extra_metrics: Annotated[
        tuple[ExtensionName, ...],
        Meta(max_length=16, description="Quality metrics of extensions that validation reports."),
    ] = ()
    ema_decay: Annotated[
        float,
        Meta(ge=0.0, lt=1.0, description="Averaging of weights over steps; the average is what is kept. 0 is off."),
    ] = 0.0
    flip: Annotated[bool, Meta(description="Mirror sprites left to right at random.")] = True
    shift_px: Annotated[
        int, Meta(ge=0, le=32, description="Move sprites at random by up to this.", extra={"unit": "px"})
    ] = 0
    recolour: Annotated[
        float, Meta(ge=0.0, le=1.0, description="Share of sprites whose colour channels are permuted.")
    ] = 0.0
    balance_families: Annotated[
        bool,
        Meta(description="Draw a family as often as its square root, so that recolours and wall sets do not swamp."),
    ] = True
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"], Meta(description="`auto` measures and takes the fastest sound one.")
    ] = "auto"
    device: Annotated[
        str, Meta(pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="`auto` takes CUDA where there is one.")
    ] = "auto"
    threads: Annotated[
        int,
        Meta(
            ge=0, le=1024, description="Processor threads; 0 leaves one core to the window.", extra={"unit": "threads"}
        ),
    ] = 0
    gradient_checkpointing: Annotated[bool, Meta(description="Less memory for about a third more time.")] = False
    validate_every: Annotated[int, Meta(ge=1, description="Steps between validations.", extra={"unit": "steps"})] = 500
    preview_every: Annotated[int, Meta(ge=1, description="Steps between previews.", extra={"unit": "steps"})] = 100
    checkpoint_s: Annotated[
        float, Meta(ge=0.0, description="Most seconds of work that a power cut can cost.", extra={"unit": "s"})
    ] = 60.0
    keep_checkpoints: Annotated[int, Meta(ge=1, le=100, description="Rolling checkpoints kept, besides the best.")] = 3
    milestones: Annotated[
        int, Meta(ge=0, le=200, description="Small models kept over the run, to look back at how it learned; 0: none.")
    ] = 24
    start_from: Annotated[
        str,
        Meta(
            max_length=1000,
            pattern=r"^[^\x00]*$",
            description="Model file whose weights the run starts from (fine-tuning); empty: from nothing.",
        ),
    ] = ""


class RunConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what a run does; stored in the run's folder as `config.json`.

    Attributes:
        preset: Name of the preset it started from.
        vae: The network that draws.
        teacher: The network that judges.
        prior: The network that invents random latents.
        training: How it goes.
    """

    preset: str
    vae: VaeConfig = ClassicVaeConfig()
    teacher: TeacherConfig = TeacherConfig()
    prior: PriorConfig = PriorConfig()
    training: TrainingConfig = TrainingConfig()
