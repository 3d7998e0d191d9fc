"""What differs from machine to machine: ratings in the layout of MovieLens 100K for those that do
not have them, and the arithmetic."""

import csv
import json
import os
import struct
import subprocess
import zipfile

# Titles that pages name, at the ids that they have in MovieLens 100K.
KNOWN = {"1": "Toy Story (1995)", "50": "Star Wars (1977)", "100": "Fargo (1996)"}


def write_substitute(program, path):
    """Generated ratings of as many users and items, as a zip of that layout at `path`."""
    folder = path + ".csv"
    subprocess.run([program, "data", "generate", "small", "--out", folder], check=True,
                   capture_output=True)

    def rows(name):
        with open(os.path.join(folder, name), newline="") as file:
            return list(csv.DictReader(file))
    movies = rows("movies.csv")
    genres = sorted({genre for movie in movies for genre in movie["genres"].split("|")})
    ratings = "".join(
        f"{row['userId']}\t{row['movieId']}\t{float(row['rating']):.0f}\t{row['timestamp']}\n"
        for row in rows("ratings.csv"))
    items = "".join(
        "|".join([movie["movieId"], KNOWN.get(movie["movieId"], movie["title"]), "", "", ""]
                 + [str(int(genre in movie["genres"].split("|"))) for genre in genres]) + "\n"
        for movie in movies)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ml-100k/u.data", ratings)
        archive.writestr("ml-100k/u.item", items)
        archive.writestr(
            "ml-100k/u.genre", "".join(f"{genre}|{i}\n" for i, genre in enumerate(genres)))


def arithmetic(program, folder):
    """What decides the bits of trainings on this machine's CPU, as a checkpoint names it."""
    subprocess.run([program, "train", "pmf", "--data", "generated:tiny", "--device", "cpu", "--run",
                    folder], check=True, capture_output=True)
    with open(os.path.join(folder, "pmf.safetensors"), "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(size))["__metadata__"]["arithmetic"]
