"""The model of `drr export model` of a PMF, served by FastAPI and onnxruntime: a peer of `drr serve`.

    pip install fastapi uvicorn uvloop httptools numpy safetensors onnx onnxruntime
    python3 bench/peers/serve_fastapi.py models/pmf --port 8091 --workers 2

Answers POST /v1/recommend {"user": ID, "top": K} for users of the data, by the same scores and with
what they have rated left out: one ONNX graph of MatMul, Add and TopK, on one thread a worker. It
keeps no log and draws nothing.
"""

import argparse
import json
import os

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from onnx import TensorProto, helper, numpy_helper
from pydantic import BaseModel
from safetensors.numpy import load_file


class Asked(BaseModel):
    user: str
    top: int = 10


def graph(items):
    """user [1, k], bias [1, N] and top [1] to the scores and places of the best, in bytes."""
    vectors = numpy_helper.from_array(np.ascontiguousarray(items.T), "items")
    nodes = [
        helper.make_node("MatMul", ["user", "items"], ["products"]),
        helper.make_node("Add", ["products", "bias"], ["sums"]),
        helper.make_node("TopK", ["sums", "top"], ["scores", "places"], axis=1),
    ]
    inputs = [
        helper.make_tensor_value_info("user", TensorProto.FLOAT, [1, items.shape[1]]),
        helper.make_tensor_value_info("bias", TensorProto.FLOAT, [1, items.shape[0]]),
        helper.make_tensor_value_info("top", TensorProto.INT64, [1]),
    ]
    outputs = [
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, None]),
        helper.make_tensor_value_info("places", TensorProto.INT64, [1, None]),
    ]
    model = helper.make_model(
        helper.make_graph(nodes, "pmf", inputs, outputs, [vectors]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


def application(model):
    weights = load_file(model + "/weights.safetensors")
    with open(model + "/items.json") as file:
        names = json.load(file)
    with open(model + "/users.json") as file:
        users = {name: place for place, name in enumerate(json.load(file)["ids"])}
    vectors = weights["pmf.users"]
    offsets, rated = weights["users.offsets"], weights["users.items"]
    biases = weights["pmf.item_biases"].copy()
    biases[~weights["items.known"].astype(bool)] = -np.inf
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        graph(weights["pmf.items"]), options, providers=["CPUExecutionProvider"])
    app = FastAPI()

    @app.post("/v1/recommend")
    def recommend(asked: Asked):
        user = users[asked.user]
        bias = biases.copy()
        bias[rated[offsets[user]:offsets[user + 1]]] = -np.inf
        scores, places = session.run(None, {
            "user": vectors[user:user + 1], "bias": bias[None],
            "top": np.array([asked.top], np.int64)})
        return {"items": [{"id": names["ids"][item], "title": names["titles"][item],
                           "score": float(score)} for score, item in zip(scores[0], places[0])]}

    return app


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    os.environ["PEER_MODEL"] = given.model
    uvicorn.run(
        "serve_fastapi:served", factory=True, app_dir=os.path.dirname(os.path.abspath(__file__)),
        workers=given.workers, host="127.0.0.1", port=given.port, log_level="error",
        access_log=False)


def served():
    return application(os.environ["PEER_MODEL"])


if __name__ == "__main__":
    main()
