"""Clicks through the page of `drr serve` in a browser, and goes through it without a script.

    python3 Tests/Pages/click.py [--program .build/release/drr] [--shots FOLDER]

Serves a factorization of generated ratings. Finds an item, rates it and sees the list move, by mouse
and by keyboard, at phone and desk width; the page must not be loaded anew, nothing must be wider than
the window, every field and button must have a name, and no request may go elsewhere. The same
without a script, by forms alone.
"""

import argparse
import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
WIDTHS = (390, 1280)


class Failed(Exception):
    pass


def need(holds, words):
    if not holds:
        raise Failed(words)


class Browser:
    """Chromium, told what to do over a pipe."""

    def __init__(self, profile):
        name = next((n for n in ("chromium", "chromium-browser", "google-chrome")
                     if shutil.which(n)), None)
        if name is None:
            sys.exit("no chromium: apt-get install chromium")
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()

        def place():
            # Chromium reads from 3 and writes to 4.
            first, second = os.dup(to_browser), os.dup(from_browser)
            os.dup2(first, 3)
            os.dup2(second, 4)
        self.process = subprocess.Popen(
            [name, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=place, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.rest, self.count, self.session, self.requests = b"", 0, None, []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.tell(domain + ".enable")

    def tell(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.count:
                need("error" not in answer, f"{method}: {answer.get('error')}")
                return answer["result"]

    def read(self):
        while b"\0" not in self.rest:
            part = os.read(self.read_end, 1 << 20)
            need(part, "the browser has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        found = json.loads(message)
        if found.get("method") == "Network.requestWillBeSent":
            self.requests.append(found["params"]["request"]["url"])
        return found

    def ask(self, script):
        found = self.tell("Runtime.evaluate", expression=script, returnByValue=True)
        need("exceptionDetails" not in found, f"{script}: {found.get('exceptionDetails')}")
        return found["result"].get("value")

    def until(self, script, what):
        deadline = time.monotonic() + 20
        while not self.ask(script):
            need(time.monotonic() < deadline, f"not within 20 s: {what}")
            time.sleep(0.05)

    def click(self, selector):
        """By a mouse, where the element is."""
        x, y = self.ask(f"""(() => {{
          const e = document.querySelector({json.dumps(selector)});
          e.scrollIntoView({{block: "center"}});
          const r = e.getBoundingClientRect();
          return [r.x + r.width / 2, r.y + r.height / 2]; }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, key):
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        self.tell("Input.dispatchKeyEvent", type="keyDown", key=key, code=key,
                  windowsVirtualKeyCode=code, **text)
        self.tell("Input.dispatchKeyEvent", type="keyUp", key=key, code=key,
                  windowsVirtualKeyCode=code)

    def end(self):
        self.process.kill()
        self.process.wait()


TITLES = "[...document.querySelectorAll('ol.items .title')].map(e => e.textContent)"
NAMELESS = """[...document.querySelectorAll('button, input:not([type=hidden])')].filter(e =>
  !(e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length))).length"""


def through(browser, address, width, shots):
    """Find, rate by mouse, rate by keyboard."""
    browser.tell("Emulation.setDeviceMetricsOverride", width=width, height=900,
                 deviceScaleFactor=1, mobile=width < 500)
    browser.requests.clear()
    browser.tell("Page.navigate", url=f"{address}/?user=click-{width}")
    browser.until("document.readyState === 'complete' && !!document.querySelector('ol.items')",
                  "a list")
    browser.ask("window.sameness = 1")
    title = browser.ask(TITLES)[-1]
    browser.click("#q")
    browser.tell("Input.insertText", text=title)
    browser.key("Enter")
    browser.until("!!document.querySelector('ul.items .rate')", "what was searched for")
    found = browser.ask("document.querySelector('ul.items .title').textContent")
    need(found == title, f"found {found} for {title}")
    before = browser.ask(TITLES)
    browser.click("ul.items .rate button:last-of-type")
    browser.until("document.getElementById('note').textContent.startsWith('Taken')", "a rating taken")
    after = browser.ask(TITLES)
    need(title not in after and after != before, f"the list did not move: {before}")
    need(browser.ask("document.activeElement.id") == "list", "the focus is not at the list")
    need("You rated" in browser.ask("document.body.textContent"), "nothing says what changed")
    # From the list on, a key reaches the first item's buttons.
    browser.ask("document.getElementById('note').textContent = ''")
    browser.key("Tab")
    label = browser.ask("document.activeElement.getAttribute('aria-label')")
    need(label and label.startswith(f"Rate {after[0]}"), f"Tab leads to {label}")
    browser.key("Enter")
    browser.until("document.getElementById('note').textContent.startsWith('Taken')",
                  "a rating by the keyboard")
    need(after[0] not in browser.ask(TITLES), "what was rated by the keyboard is still listed")
    need(browser.ask("window.sameness") == 1, "the page was loaded anew")
    need(browser.ask(NAMELESS) == 0, "a field or button has no name")
    need(browser.ask("document.documentElement.scrollWidth <= window.innerWidth"),
         f"wider than {width} pixels")
    elsewhere = [url for url in browser.requests if not url.startswith(address)]
    need(not elsewhere, f"a request went to {elsewhere}")
    if shots:
        picture = browser.tell("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(os.path.join(shots, f"serve-{width}.png"), "wb") as file:
            file.write(base64.b64decode(picture))


def without_script(address):
    """The same by forms alone."""
    def page(path, form=None):
        body = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(address + path, body) as answer:
            policy = answer.headers.get("Content-Security-Policy", "")
            return answer.read().decode(), policy
    text, policy = page("/?user=plain")
    need("default-src 'none'" in policy and "unsafe" not in policy, f"the policy is {policy}")
    need("<script>" not in text and " style=" not in text and "http" not in re.sub(
        r"http://www\.w3\.org/2000/svg", "", text), "the page brings script, style or links along")
    items = re.search(r'<ol class="items">.*?</ol>', text, re.S).group(0)
    first = re.search(r"<li>.*?</li>", items, re.S).group(0)
    form = {name: html.unescape(value) for name, value in
            re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', first)}
    moved, _ = page("/rate", {**form, "rating": "5"})
    need("Taken. The list is new." in moved, "no word of a rating without a script")
    now = re.search(r'<ol class="items">.*?</ol>', moved, re.S).group(0)
    title, *rest = re.findall(r'class="title">(.*?)<', items)
    need(rest and title not in re.findall(r'class="title">(.*?)<', now),
         f"{title} is still listed")
    wrong, _ = page("/rate", {**form, "rating": "99"})
    need("it must be 1.0 ... 5.0" in wrong, "nothing says that 99 is no rating")
    with urllib.request.urlopen(address + "/script.js") as script:
        need(len(script.read()) <= 15 << 10, "the script has more than 15 KiB")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, ".build", "release", "drr"))
    parser.add_argument("--shots")
    given = parser.parse_args()
    program = os.path.abspath(given.program)
    if given.shots:
        os.makedirs(given.shots, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for words in (["train", "pmf", "--device", "cpu", "--run", "run"],
                      ["export", "model", "run", "model"]):
            subprocess.run([program, *words], cwd=folder, check=True, capture_output=True)
        server = subprocess.Popen(
            [program, "serve", "--model", "model", "--log", "log", "--port", "0"], cwd=folder,
            stderr=subprocess.PIPE, text=True)
        browser = None
        try:
            address = None
            for line in server.stderr:
                found = re.search(r"http://[0-9.:]+", line)
                if found:
                    address = found.group(0)
                    break
            need(address, "the server does not start")
            without_script(address)
            browser = Browser(os.path.join(folder, "profile"))
            for width in WIDTHS:
                through(browser, address, width, given.shots)
            print(f"the page of drr serve: without a script and at {len(WIDTHS)} widths: all well")
        except Failed as failure:
            print(f"the page of drr serve: {failure}")
            sys.exit(1)
        finally:
            if browser:
                browser.end()
            server.terminate()
            server.wait()


main()
