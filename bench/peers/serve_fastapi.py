"""The model of `drr export model` of a PMF, served by FastAPI and numpy: a peer of `drr serve`.

    pip install fastapi uvicorn uvloop httptools numpy safetensors
    python3 bench/peers/serve_fastapi.py models/pmf --port 8091

Answers POST /v1/recommend {"user": ID, "top": K} for users of the data, by the same scores and with
what they have rated left out. It keeps no log and draws nothing.
"""

import argparse
import json

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from safetensors.numpy import load_file

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("model")
parser.add_argument("--port", type=int, default=8091)
given = parser.parse_args()

weights = load_file(given.model + "/weights.safetensors")
with open(given.model + "/items.json") as file:
    names = json.load(file)
with open(given.model + "/users.json") as file:
    users = {name: place for place, name in enumerate(json.load(file)["ids"])}
vectors, items = weights["pmf.users"], weights["pmf.items"]
biases = weights["pmf.item_biases"]
offsets, rated = weights["users.offsets"], weights["users.items"]
known = weights["items.known"].astype(bool)

app = FastAPI()


class Asked(BaseModel):
    user: str
    top: int = 10


@app.post("/v1/recommend")
def recommend(asked: Asked):
    user = users[asked.user]
    scores = items @ vectors[user] + biases
    scores[~known] = -np.inf
    scores[rated[offsets[user]:offsets[user + 1]]] = -np.inf
    best = np.argpartition(scores, -asked.top)[-asked.top:]
    best = best[np.argsort(-scores[best])]
    return {"items": [{"id": names["ids"][item], "title": names["titles"][item],
                       "score": float(scores[item])} for item in best]}


uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="error")
