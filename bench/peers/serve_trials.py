"""What is tried against `drr serve`: kills under load, and bodies changed by chance.

    python3 bench/peers/serve_trials.py kills models/million --times 100
    python3 bench/peers/serve_trials.py bodies models/million --times 100000

kills: three connections send feedback and ask for lists; the server is killed at a random moment,
again and again on one log. Whatever was answered 202 must be in the log. bodies: requests of
random changes; the server must go on, and no answer may be 500 or above. Ends with 1 where one of
them does not hold.
"""

import argparse
import collections
import glob
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HEADERS = {"Content-Type": "application/json"}


def start(given, *more):
    server = subprocess.Popen(
        [given.program, "serve", "--model", given.model, "--port", "0", *more],
        stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        if found:
            return server, int(found.group(1))
    sys.exit("the server does not start")


def post(connection, path, body):
    connection.request("POST", path, body, HEADERS)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def load(port, name, item, taken):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        for count in range(1 << 30):
            user = f"{name}-{count}"
            body = json.dumps({"user": user, "item": item, "click": True})
            if post(connection, "/v1/feedback", body) == 202:
                taken.add(user)
            post(connection, "/v1/recommend", json.dumps({"user": user}))
    except (http.client.HTTPException, OSError):
        pass


def kills(given, chance):
    with open(os.path.join(given.model, "items.json")) as file:
        item = json.load(file)["ids"][0]
    taken, logged = set(), set()
    with tempfile.TemporaryDirectory() as folder:
        for trial in range(given.times):
            server, port = start(given, "--log", folder + "/log", "--explore")
            threads = [threading.Thread(target=load, args=(port, f"{trial}-{place}", item, taken))
                       for place in range(3)]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.05, 0.5))
            server.kill()
            server.wait()
            for thread in threads:
                thread.join()
        # A line that the last kill cut is no line.
        for path in glob.glob(folder + "/log/*.jsonl"):
            with open(path) as file:
                for line in file:
                    if line.startswith('{"event":"feedback"') and line.endswith("\n"):
                        logged.add(json.loads(line)["user"])
    lost = len(taken - logged)
    print(f"{given.times} kills, {len(taken)} acknowledged, {lost} lost")
    return lost == 0


def bodies(given, chance):
    seeds = [b'{"user":"1","top":3,"exclude":["2"],"genre":["Drama"]}',
             b'{"ratings":[{"item":1,"rating":4.5}],"top":3}', b'{"session":["1"]}',
             b'{"user":"1","item":"2","rating":3}', b'{"request":"ab","item":"2","reward":-1e3}']
    signs = b'-[]{}0123456789eE.",:ntf\\u'
    server, port = start(given)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    found = collections.Counter()
    for _ in range(given.times):
        body = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(body)) if body else 0
            change = chance.randrange(5)
            if change == 0 and body:
                body[at] = chance.randrange(256)
            elif change == 1:
                body[at:at] = bytes(chance.choice(signs) for _ in range(chance.randint(1, 6)))
            elif change == 2:
                del body[at:at + 1]
            elif change == 3:
                body[at:] = body[:at] * chance.randint(1, 3)
            else:
                body[at:at] = body[at:at + 20] * chance.randint(1, 30)
        path = chance.choice(["/v1/recommend", "/v1/feedback"])
        found[post(connection, path, bytes(body))] += 1
    is_alive = server.poll() is None
    server.terminate()
    server.wait()
    print(", ".join(f"{status}: {count}" for status, count in sorted(found.items())))
    return is_alive and max(found) < 500


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kills", "bodies"])
    parser.add_argument("model", help="a model of ratings, by drr export model")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build", "release", "drr"))
    given = parser.parse_args()
    holds = {"kills": kills, "bodies": bodies}[given.what](given, random.Random(1))
    sys.exit(0 if holds else 1)


main()
