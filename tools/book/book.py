"""./learn book [--open | --serve [PORT]]: the chapters, each step with its difference, and all files, as pages in build/book."""

import http.server
import sys
import threading
import time
import webbrowser
from functools import partial
from pathlib import Path

from pages import Book
from pictures import draw
from prose import Wrong
from source import ROOT, Mistake

FOLDER = ROOT / "build" / "book"


def main(arguments: list[str]) -> int:
    match arguments:
        case [] | ["--open"]:
            build(FOLDER)
            if arguments:
                webbrowser.open((FOLDER / "index.html").as_uri())
        case ["--serve", *port] if len(port) < 2 and all(one.isdigit() and int(one) < 65536 for one in port):
            serve(int(port[0]) if port else 8000)
        case _:
            raise Mistake("./learn book [--open | --serve [PORT]]")
    return 0


def build(folder: Path) -> None:
    begin = time.monotonic()
    book = Book(folder)
    draw(book.documents.values())
    book.write()
    size = sum(file.stat().st_size for file in book.written) / 1e6
    print(f"{folder / 'index.html'}: {len(book.written)} files, {size:.1f} MB, in {time.monotonic() - begin:.1f} s", flush=True)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(port: int) -> None:
    """On loopback; what has changed is built again, and a mistake is told and waits for the next change."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=FOLDER)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_port}/ until Ctrl-C", flush=True)
        seen = None
        while True:
            now = newest()
            if now != seen:
                try:
                    build(FOLDER)
                except (Wrong, OSError) as wrong:
                    print(f"book: {wrong}", file=sys.stderr, flush=True)
                seen = now
            time.sleep(0.5)


def newest() -> list[int]:
    """What tells a change: when each file of the course was written."""
    parts = ["*.md", "stage*/**/*", "common/unit/**/*", "docs/**/*", "tests/*", "tools/book/*"]
    return [path.stat().st_mtime_ns for part in parts for path in ROOT.glob(part) if path.exists()]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Mistake, Wrong, OSError) as wrong:
        sys.exit(f"book: {wrong}")
    except KeyboardInterrupt:
        pass
