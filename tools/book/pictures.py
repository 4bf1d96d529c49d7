"""Diagrams as pictures, where mermaid (npm install --prefix build mermaid) and Chromium are there; build/pictures keeps them."""

import json
import re
import shutil
import subprocess
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Iterable

from prose import Document, picture_of
from source import ROOT

MERMAID = ROOT / "build/node_modules/mermaid/dist/mermaid.min.js"
PAGE = """<meta charset=utf-8><script src="%s"></script><body><script>
const out = document.body.appendChild(document.createElement("main"));
mermaid.initialize({startOnLoad: false, theme: "neutral", fontFamily: "sans-serif", flowchart: {wrappingWidth: 260},
                    themeVariables: {noteBkgColor: "#f4ecd8", noteTextColor: "#333", noteBorderColor: "#c9bfa5"}});
(async () => {
  for (const text of %s) {
    const {svg} = await mermaid.render("m" + out.children.length, text);
    const picture = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
    const item = out.appendChild(document.createElement("p"));
    item.textContent = btoa(unescape(encodeURIComponent(new XMLSerializer().serializeToString(picture))));
  }
})();
</script>"""


def draw(documents: Iterable[Document]) -> None:
    texts = [text for document in documents for text in document.diagrams() if not picture_of(text).exists()]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not texts or not chromium or not MERMAID.exists():
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "diagrams.html"
        page.write_text(PAGE % (MERMAID.as_uri(), json.dumps(texts).replace("</", "<\\/")))
        run = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
               "--virtual-time-budget=60000", "--dump-dom", page.as_uri()]
        out = subprocess.run(run, text=True, capture_output=True).stdout
    pictures = re.findall(r"<p>([\w+/=]+)</p>", out)
    if len(pictures) == len(texts):  # else their text stands
        for text, picture in zip(texts, pictures):
            picture_of(text).parent.mkdir(parents=True, exist_ok=True)
            picture_of(text).write_bytes(b64decode(picture))
