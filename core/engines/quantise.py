"""A network's graph with 8-bit steps put into it: ranges measured on real inputs, weights left in the checkpoint.

Owns the calibration by NNCF, a tool for making and none for running. The result is a graph like any other: it holds
scales and rounding steps, and is filled from the checkpoint's own tensors, which are rounded when it is opened.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from core.engines.engine import Batch
from core.engines.graph import Graph, strip
from core.errors import NotInstalled
from core.models.exporting import INPUT, quiet
from core.models.loading import read_weights
from core.models.model import Model


def quantised_graph(model: Model, graph: Graph, batches: Sequence[Batch]) -> bytes:
    """The stripped 8-bit graph of a model. batches : what the network is fed, of cases that taught it.

    Raises
    ------
    NotInstalled : NNCF is not there.
    """
    import onnx

    os.environ.setdefault("NNCF_CI", "1")  # else it tells its makers that it was used
    try:
        with quiet():
            import nncf
            from nncf.quantization.range_estimator import RangeEstimatorParametersSet
    except ImportError as fault:
        raise NotInstalled(
            found="This needs nncf, which is not installed.",
            why="It measures the ranges that 8 bits are to cover. Running the result needs none of it.",
            do="Install it: pip install -r requirements-dev.txt.",
        ) from fault
    weights = read_weights(model)
    with quiet():
        quantised = nncf.quantize(
            onnx.load_from_string(graph.filled(weights)),
            nncf.Dataset(batches, lambda batch: {INPUT: batch}),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(batches),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                # A corrected bias would be a weight of the graph's own, and this way of it cannot do without biases.
                disable_bias_correction=True,
                # The whole range, not its mean over cases: a peak that is cut off is what a heat map would show.
                activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
            ),
        )
    for tensor in quantised.graph.initializer:
        if tensor.name not in weights:  # the way a graph writes its constants down; else one would pass for a weight
            tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor), tensor.name))
    return strip(quantised, weights, model.weights_sha256)
