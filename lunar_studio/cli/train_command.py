"""`train`: a model from art, with a line of figures every second, or every event as a line of JSON."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lunar_studio.cli import forecast_text, options
from lunar_studio.cli.answer import Answer, WrongUsage, plain, to_json, warn
from lunar_studio.cli.progress import Progress
from lunar_studio.cli.stopping import StopWish, stoppable
from lunar_studio.core.presets import DEFAULT_PRESET
from lunar_studio.errors import ConfigError
from lunar_studio.paths import is_file

if TYPE_CHECKING:
    from lunar_studio.core.config import RunConfig
    from lunar_studio.core.events import Paused, RunStarted, StepDone, TrainEvent

_LINE_S = 1.0
_STOPPING = "Stopping: finishing the step and the model. Ctrl-C again to leave at once (the last checkpoint stays)."


def add_to(commands: options.Commands) -> None:
    """Add `train`."""
    parser = commands.add_parser(
        "train",
        help="train a model on your own art",
        description="Train until the steps or minutes are up, or until Ctrl-C; a usable model is left in either case.",
    )
    parser.add_argument("source", type=Path, metavar="DATASET", help="built data set, or art to build one from")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    add_settings(parser)
    parser.add_argument("--resume", action="store_true", help="go on with the run in RUN")
    options.add_json(parser, "each event as a line of JSON")
    parser.set_defaults(run=train)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what says how a run goes."""
    parser.add_argument("--preset", metavar="P", help=f"where to begin (default: {DEFAULT_PRESET})")
    parser.add_argument(
        "--from",
        type=Path,
        dest="start_from",
        metavar="MODEL",
        help="go on with a model's weights, gently, for 20 to 200 sprites (fine-tuning)",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="assignments",
        metavar="key=value",
        help="set a field of the configuration, e.g. batch_size=32; may be given several times",
    )
    parser.add_argument("--max-steps", type=options.whole_number(1, 100_000_000), metavar="N", help="steps to end at")
    parser.add_argument("--max-minutes", type=options.positive_number, metavar="M", help="minutes after which to end")
    parser.add_argument("--device", metavar="D", help="auto, cpu, cuda or cuda:1")
    parser.add_argument("--precision", metavar="P", help="auto, fp32, bf16 or fp16")
    options.add_extensions(parser)


def train(arguments: argparse.Namespace) -> Answer:
    """Build the data set if need be, train, and leave a model.

    Raises:
        WrongUsage: The preset, a field or its value does not exist, or contradicts `--resume`.
        LunarError: The run cannot start or go on.
    """
    options.load_extensions(arguments)
    dataset, config = prepared(arguments)
    from lunar_studio.training.loop import train as run

    with stoppable(_STOPPING) as wish:
        events = run(
            dataset, arguments.out, config, resume=arguments.resume, should_stop=wish, should_leave=wish.insists
        )
        report = _print_json if arguments.json else _print_lines
        report(events, wish)
    return Answer(document=None)


def prepared(arguments: argparse.Namespace) -> tuple[Path, RunConfig]:
    """The folder of a built data set and the configuration, as the arguments ask for them.

    Raises:
        WrongUsage: The configuration cannot be meant.
        LunarError: The art or the model to start from cannot be used.
    """
    if arguments.start_from is None:
        config = configured(arguments)
        return _dataset(arguments.source, config.vae.image_size), config
    from lunar_studio.core.fine_tuning import fine_tuned
    from lunar_studio.data.dataset import Dataset
    from lunar_studio.models.model_file import load_model

    if arguments.preset or arguments.resume:
        raise WrongUsage(
            "--from takes its networks from the model.", hint="Leave out --preset and --resume, or leave out --from."
        )
    base = load_model(arguments.start_from)[0].config
    dataset = _dataset(arguments.source, base.vae.image_size)
    sprites = len(Dataset.open(dataset).indices("train"))
    return dataset, configured(arguments, fine_tuned(base, arguments.start_from.resolve(), max(1, sprites)))


def configured(arguments: argparse.Namespace, base: RunConfig | None = None) -> RunConfig:
    """The configuration that the arguments ask for.

    Args:
        arguments: Of the command line.
        base: Where to begin; the preset for None.

    Raises:
        WrongUsage: It cannot be meant.
    """
    from lunar_studio.core.config_fields import validate, with_overrides
    from lunar_studio.models import extensions

    if arguments.resume and (arguments.preset or arguments.assignments or arguments.precision):
        raise WrongUsage(
            "A resumed run keeps its own configuration.",
            hint="Leave out --preset, --set and --precision; --max-steps, --max-minutes and --device may change.",
        )
    assignments: dict[str, object] = {}
    if arguments.max_minutes is not None:
        assignments["training.max_minutes"] = arguments.max_minutes
    if arguments.max_steps is not None:
        assignments["training.max_steps"] = arguments.max_steps
    elif arguments.resume or (arguments.max_minutes is not None and not _sets_steps(arguments.assignments)):
        # The run fits its steps to the minutes, so that its schedules end with it; a resumed one keeps its own.
        assignments["training.max_steps"] = 0
    for name in ("device", "precision"):
        if getattr(arguments, name) is not None:
            assignments[f"training.{name}"] = getattr(arguments, name)
    try:
        config = base or extensions.preset(arguments.preset or DEFAULT_PRESET)
        config = with_overrides(with_overrides(config, arguments.assignments), assignments)
        validate(config)
    except ConfigError as exc:
        raise WrongUsage(exc.message, hint=exc.hint) from exc
    return config


def _sets_steps(assignments: list[str]) -> bool:
    return any(text.partition("=")[0].strip() in ("max_steps", "training.max_steps") for text in assignments)


def _dataset(source: Path, size: int) -> Path:
    """The folder of a built data set; art is built into the user's folder of data sets first."""
    from lunar_studio import paths
    from lunar_studio.data.dataset import FACTS_FILE
    from lunar_studio.data.importing import build

    if is_file(source / FACTS_FILE):
        return source
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise WrongUsage(
            f"{source} is not a built data set.",
            hint="Several processes cannot build it at once: build it first with `lunar-studio dataset build`.",
        )
    name = source.resolve().stem or "art"
    with Progress("building the data set") as progress:
        dataset = build(source, paths.datasets_dir() / f"{name}-{size}px", size=size, progress=progress)
    facts = dataset.facts
    warn(f"Built a data set of {facts.sprites:,} sprites ({facts.refused:,} files refused) in {dataset.path}")
    return dataset.path


# ---- JSON lines ----------------------------------------------------------------------------------


def _print_json(events: Iterator[TrainEvent], wish: StopWish) -> None:
    for event in events:
        _print(to_json(_described(event)), wish)


def _described(event: TrainEvent) -> dict[str, Any]:
    """An event as a line of JSON; of pictures only how many there are."""
    from lunar_studio.core.events import PreviewReady

    name = type(event).__name__
    if isinstance(event, PreviewReady):
        count = len(event.originals_NHWC)
        return {"event": name, "step": event.step, "originals": count, "samples": len(event.samples_NHWC)}
    return {"event": name, **plain(event)}


def _print(text: str, wish: StopWish) -> None:
    """Print a line; when nobody reads any more, ask the run to stop well instead of tearing it down."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        if wish():
            return
        wish.wish()


# ---- lines for people ----------------------------------------------------------------------------


def _print_lines(events: Iterator[TrainEvent], wish: StopWish) -> None:
    from lunar_studio.core.events import END_WORDS, RunEnded, RunStarted, StepDone

    max_steps, next_s = 1, 0.0
    for event in events:
        match event:
            case RunStarted():
                max_steps = event.max_steps
                _print(_started(event), wish)
            case StepDone():
                if time.monotonic() >= next_s or event.step == max_steps:
                    next_s = time.monotonic() + _LINE_S
                    _print(_step(event, max_steps), wish)
            case RunEnded(model_path=None):
                _print("Stopped before its first step; nothing was written.", wish)
            case RunEnded():
                _print(
                    f"{END_WORDS[event.reason].capitalize()} at step {event.step:,}. The model is {event.model_path}",
                    wish,
                )
                if compared := forecast_text.compared(event):
                    _print(compared, wish)
            case _:
                if alarm := _alarm(event):
                    print(alarm, file=sys.stderr, flush=True)
                elif line := _line(event):
                    _print(line, wish)


def _alarm(event: TrainEvent) -> str:
    """What goes to stderr; empty for what does not."""
    from lunar_studio.core.events import Paused, Warned, WentOn

    match event:
        case Warned():
            return f"{event.message} {event.hint}"
        case Paused():
            tried = f"Try {event.attempt}; again in {event.retry_s:.0f} s."
            return f"Paused: {event.message} {event.hint} {_awaited(event)}{tried}"
        case WentOn():
            return f"Going on after {event.paused_s:.0f} s."
    return ""


def _awaited(event: Paused) -> str:
    """What a run that rests was asked to do, and waits for; empty where it only goes on."""
    if event.then != "end":
        return ""
    if not event.unsaved_steps:
        return "All it has learned is saved; then it ends by itself, or at once at another Ctrl-C. "
    steps = "1 step" if event.unsaved_steps == 1 else f"{event.unsaved_steps:,} steps"
    return (
        f"Ending now would lose {steps} ({forecast_text.duration(event.unsaved_s)} of work) since the last checkpoint: "
        "it saves them and ends by itself as soon as it can; Ctrl-C again ends without them. "
    )


def _line(event: TrainEvent) -> str:
    """A line for an event that comes now and then; empty where there is nothing to say."""
    from lunar_studio.core.events import END_WORDS, CheckpointSaved, Forecast, LearningEnded, PhaseStarted, Validated

    match event:
        case Forecast():
            return forecast_text.text_of(event)
        case Validated():
            figures = ", ".join(f"{key} {value:.4g}" for key, value in event.figures.items())
            return f"  held-out sprites after step {event.step:,}: {figures}"
        case CheckpointSaved():
            return f"  checkpoint at step {event.step:,}" + (", the best so far" * event.is_best)
        case PhaseStarted():
            return f"{event.title} ..."
        case LearningEnded():
            return f"{END_WORDS[event.reason].capitalize()} at step {event.step:,}; all it has learned is saved"
    return ""


def _started(event: RunStarted) -> str:
    parts = ", ".join(f"{part} {count:,}" for part, count in event.parameters.items())
    return (
        f"{event.preset} on {event.device} in {event.precision} ({event.precision_reason})\n"
        f"  parameters: {parts}; about {event.memory_bytes / 2**20:,.0f} MiB\n"
        f"  {event.train_count:,} sprites to train on, {event.validation_count:,} held out; "
        f"steps {event.first_step:,} to {event.max_steps:,}; Ctrl-C stops and keeps the model"
    )


def _step(event: StepDone, max_steps: int) -> str:
    losses = "  ".join(
        f"{name} {event.losses[name]:.4g}" for name in ("recon", "kl", "quality") if name in event.losses
    )
    # From the pace of now: a run that goes on has steps behind it that this leg did not take.
    left_s = (max_steps - event.step) * event.images / event.step / max(event.images_per_s, 1e-6)
    minutes, seconds = divmod(round(left_s), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"step {event.step:,}/{max_steps:,}  {losses}  {event.images_per_s:.0f} images/s  {left} left"
