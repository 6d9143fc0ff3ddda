"""What a document is asked, and with which model, is nobody else's business."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import ctxpipe
import numpy, onnxruntime
from onnx import TensorProto, helper

value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
assert session.run(None, {"x": numpy.ones(1, numpy.float32)})[0] == 1
"""


def test_onnx_runtime_keeps_no_device_number_and_no_queue_of_reports(tmp_path: Path) -> None:
    """It makes both on disk before it sends anything; in CI it would not, so these variables are taken away."""
    silencing = {"CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"}
    environ = {name: text for name, text in os.environ.items() if name not in silencing}
    environ |= {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", CODE], env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert list(tmp_path.iterdir()) == []
