# Types of the few parts of onnxruntime 1.32 that the studio uses; the package ships none.

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

class SessionOptions:
    intra_op_num_threads: int
    log_severity_level: int

class NodeArg:
    name: str
    shape: list[int | str | None]
    type: str

class ModelMetadata:
    custom_metadata_map: dict[str, str]
    description: str
    producer_name: str

class InferenceSession:
    def __init__(
        self,
        path_or_bytes: str | bytes,
        sess_options: SessionOptions | None = ...,
        providers: Sequence[str] | None = ...,
    ) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def get_modelmeta(self) -> ModelMetadata: ...
    def run(
        self, output_names: Sequence[str], input_feed: Mapping[str, npt.NDArray[np.generic]]
    ) -> list[npt.NDArray[np.uint8]]: ...
