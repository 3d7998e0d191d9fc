"""Looks at the program's pages as a browser shows them.

    python3 Tests/Pages/check.py [--program .build/release/drr] [--keep FOLDER]

Trains small runs of several kinds on generated data, makes their reports, and has headless Chromium
draw each at 390 and 1280 pixels, in light and in dark. Fails where two texts of a picture cover each
other, where a page is wider than its window, where text and background can hardly be told apart,
where a picture is no XML, or where a page asks for anything beyond itself. --keep keeps pages and
screenshots.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

RUNS = {
    "residual": ["train residual --steps 400 --num-envs 8", "evaluate"],
    "drr": ["train drr --steps 400 --num-envs 8", "evaluate"],
    "q": ["train q --env cliff"],
    "bandits": ["bandit arms --rounds 2000 --seeds 3"],
    "slateq": ["train slateq --world long-term-satisfaction --steps 40000 --num-envs 32"
               " --episodes 0"],
    "irecgan": ["train irecgan --rounds 2"],
    "tables": ["train multi-q"],
    "seeds/a": ["train q --env chain --steps 400"],
    "seeds/b": ["train q --env chain --steps 400 --seed 1"],
}
# Results of off-policy evaluation: of a log whose policies are ranked, and of one that refuses some.
RESULTS = {
    "ope": "ope --data log/log.csv --policy uniform --policy log/target.csv --policy greedy:0"
           " --policy softmax:0.01 --minimum-ess 400 --bootstrap 100 --crossed",
    "refused": "ope --data log/log.csv --policy uniform --policy greedy --minimum-ess 1e6"
               " --bootstrap 100",
    "sessions": "ope sessions --data log/sessions.csv --policy log/session-target.csv"
                " --bootstrap 100",
}
PAGES = {
    "residual": ["residual"], "agents": ["residual", "drr"], "q": ["q"], "bandits": ["bandits"],
    "slateq": ["slateq"], "irecgan": ["irecgan"], "tables": ["tables"], "seeds": ["seeds"],
    "ope": ["ope"], "refused": ["refused", "sessions"],
}

# What a page looks like once it is laid out.
MEASURE = r"""
<script>
function seen(element) {
  const box = element.getBoundingClientRect();
  return {left: box.left, right: box.right, top: box.top, bottom: box.bottom,
          words: element.textContent};
}
function light(color) {
  const parts = color.match(/[\d.]+/g).slice(0, 3).map(Number).map(part => {
    part /= 255;
    return part <= .03928 ? part / 12.92 : Math.pow((part + .055) / 1.055, 2.4);
  });
  return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2];
}
const overlaps = [], faint = [];
const paper = light(getComputedStyle(document.body).backgroundColor);
let texts = 0;
for (const picture of document.querySelectorAll("svg")) {
  const found = [...picture.querySelectorAll("text")].map(seen);
  texts += found.length;
  for (let i = 0; i < found.length; i++)
    for (let j = i + 1; j < found.length; j++) {
      const a = found[i], b = found[j];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // Boxes are a little higher than their letters.
      if (wide > 1 && high > .3 * Math.min(a.bottom - a.top, b.bottom - b.top))
        overlaps.push(a.words + " | " + b.words);
    }
}
for (const element of document.querySelectorAll("h1, h2, p, td, svg text.ink, svg text.soft")) {
  const style = getComputedStyle(element);
  const ink = light(element.tagName === "text" ? style.fill : style.color);
  const contrast = (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
  if (contrast < 4.5) faint.push(element.textContent.slice(0, 40) + " " + contrast.toFixed(2));
}
document.body.setAttribute("data-found", JSON.stringify({
  overlaps, faint, texts, width: document.documentElement.scrollWidth, window: innerWidth,
  requests: performance.getEntriesByType("resource").map(entry => entry.name)}));
</script>
"""


def browser():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    sys.exit("no chromium: apt-get install chromium")


def chromium(program, page, width, dark, *more):
    # Without a window system, of the size and the scheme that are asked for.
    return subprocess.run(
        [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--window-size={width},2000", "--virtual-time-budget=2000"]
        + (["--blink-settings=preferredColorScheme=0"] if dark
           else ["--blink-settings=preferredColorScheme=1"])
        + [*more, f"file://{page}"], capture_output=True, text=True, timeout=120)


def look(program, page, width, dark, folder):
    """What the browser measured of a copy of the page that measures itself."""
    with open(page) as file:
        text = file.read()
    copy = os.path.join(folder, "measured.html")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    if width < 500:
        # A window has a least width of its own; a frame has not.
        inner = os.path.join(folder, "inner.html")
        with open(inner, "w") as file:
            file.write(text.replace("</body>", MEASURE + "</body>"))
        with open(copy, "w") as file:
            file.write(
                '<body style="margin:0"><iframe id="f" style="border:0;height:1990px" '
                f'width="{width}" src="inner.html"></iframe><script>f.onload=()=>'
                'document.body.setAttribute("data-found",'
                'f.contentDocument.body.getAttribute("data-found"))</script></body>')
    else:
        with open(copy, "w") as file:
            file.write(text.replace("</body>", MEASURE + "</body>"))
    result = chromium(program, copy, max(width, 500), dark, "--dump-dom",
                      "--allow-file-access-from-files")
    found = re.search(r'data-found="([^"]*)"', result.stdout)
    if not found:
        return None
    return json.loads(found.group(1).replace("&quot;", '"').replace("&lt;", "<")
                      .replace("&gt;", ">").replace("&amp;", "&"))


def drr(program, folder, *words):
    result = subprocess.run([program, *words], capture_output=True, text=True, cwd=folder)
    if result.returncode:
        sys.exit(f"drr {' '.join(words)}: {result.stderr}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=".build/release/drr")
    parser.add_argument("--keep")
    given = parser.parse_args()
    program, window = os.path.abspath(given.program), browser()
    folder = os.path.abspath(given.keep) if given.keep else tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    for name, commands in RUNS.items():
        for command in commands:
            words = command.split() + ["--run", f"runs/{name}"]
            if words[0] in ("train", "evaluate"):
                words += ["--device", "cpu"] if words[1] not in ("q", "multi-q") else []
            drr(program, folder, *words)
    drr(program, folder, "ope", "simulate", "--log-only", "--sizes", "1000", "--out", "log")
    for name, command in RESULTS.items():
        drr(program, folder, *command.split(), "--out", f"runs/{name}")
    failures, seen = [], 0
    for name, folders in PAGES.items():
        page = os.path.join(folder, name + ".html")
        drr(program, folder, "report", *[f"runs/{run}" for run in folders], "--out", page,
            "--episodes", "5")
        with open(page) as file:
            text = file.read()
        outward = re.findall(r'(?:src|href)="(?!#)[^"]*"|url\([^)]*\)|<script', text)
        if outward:
            failures.append(f"{name}: points beyond itself: {outward[:3]}")
        pictures = re.findall(r"<svg.*?</svg>", text, re.S)
        if not pictures:
            failures.append(f"{name}: no picture")
        for picture in pictures:
            try:
                xml.fromstring(picture)
            except xml.ParseError as error:
                failures.append(f"{name}: {error}: {picture[:120]}")
        for width in (390, 1280):
            for dark in (False, True):
                where = f"{name}, {width} px, {'dark' if dark else 'light'}"
                found = look(window, page, width, dark, folder)
                if found is None:
                    failures.append(f"{where}: the browser measured nothing")
                    continue
                seen += found["texts"]
                if not found["texts"]:
                    failures.append(f"{where}: no text")
                for overlap in found["overlaps"][:5]:
                    failures.append(f"{where}: texts cover each other: {overlap}")
                for faint in found["faint"][:5]:
                    failures.append(f"{where}: contrast is below 4.5: {faint}")
                if found["width"] > found["window"]:
                    failures.append(
                        f"{where}: {found['width']} px wide in {found['window']} px")
                if found["requests"]:
                    failures.append(f"{where}: asks for {found['requests']}")
                if given.keep:
                    shot = f"{folder}/{name}-{width}-{'dark' if dark else 'light'}.png"
                    chromium(window, page, width, dark, f"--screenshot={shot}",
                             f"--window-size={width},{2600 if width > 500 else 2000}")
    for failure in failures:
        print(failure)
    if not given.keep:
        shutil.rmtree(folder)
    print(f"{len(PAGES)} pages at 2 widths in 2 schemes, {seen} texts: "
          + (f"{len(failures)} failures" if failures else "all well"))
    sys.exit(1 if failures else 0)


main()
