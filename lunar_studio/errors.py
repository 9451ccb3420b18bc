"""Names of failures: every mistake of the world that a user can do something about.

The tree::

    LunarError(message, *, hint)     what happened, and what the user can do about it
      SettingsError                  a settings file or value is unusable
      DatasetError                   art, a folder of art, or a built data set is unusable
      ConfigError                    a model or training configuration is invalid
      ModelFileError                 a model file is damaged, hostile or not ours
        ModelVersionError            ... or was written by a newer version
      TrainingError                  a training run cannot start or go on
        TrainingDiverged             ... because losses or gradients stay non-finite
        CheckpointError              ... because a checkpoint cannot be written or read
      ExportError                    a file cannot be written, or read back differently
      ProjectError                   a project file is unusable

Our own mistakes raise builtins and crash loudly.
"""


class LunarError(Exception):
    """A failure with a sentence for the user and a hint on what to do.

    Args:
        message: What happened, naming the file or value concerned.
        hint: What the user can do about it.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}"


class SettingsError(LunarError):
    """A settings file or value is unusable."""


class DatasetError(LunarError):
    """Art, a folder of art or a built data set is unusable."""


class ConfigError(LunarError):
    """A model or training configuration is invalid."""


class ModelFileError(LunarError):
    """A model file is damaged, hostile or not a Lunar Studio model."""


class ModelVersionError(ModelFileError):
    """A model file was written by a newer version of Lunar Studio."""


class TrainingError(LunarError):
    """A training run cannot start or cannot go on."""


class TrainingDiverged(TrainingError):
    """Losses or gradients stayed non-finite after every countermeasure."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be written or read."""


class ExportError(LunarError):
    """A file cannot be written, or reads back differently from what was meant."""


class ProjectError(LunarError):
    """A project file is unusable."""
