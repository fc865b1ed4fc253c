"""The instrument's own files on a bare page: nothing but the instrument can be to blame."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parents[3] / "pages" / "_ui" / "components" / "threshold"

PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Threshold</title>
<style>
  body { margin: 16px; background: var(--st-background-color); font: 15px system-ui; }
  :root { --st-text-color: #D9DDE2; --st-background-color: #0F1113; --st-border-color: #2B3036;
          --st-primary-color: #2A7AA3; }
  :root.light { --st-text-color: #1A1D21; --st-background-color: #FFFFFF; --st-border-color: #D0D5DB; }
</style>
<link rel="stylesheet" href="threshold.css"><main id="place"></main>
<script type="module">
  import mount from "./threshold.js";
  window.sent = [];
  window.show = (data) => {
    window.end = mount({
      parentElement: document.getElementById("place"), data,
      setStateValue: (name, value) => window.sent.push([name, value]),
      setTriggerValue: (name, value) => window.sent.push([name, value]),
    });
  };
  window.loaded = true;
</script></html>"""


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.strip("/"):
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)
        return None

    def log_message(self, *_: Any) -> None:
        """Say nothing: a test's output is its own."""


@contextmanager
def static_server() -> Iterator[str]:
    """Serve the page and the instrument's files; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(ASSETS)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def component_data(table: Mapping[str, Any], threshold: float = 0.5, turn: int = 1) -> str:
    """What Python would send for this table, as JSON."""
    text = "inf" if threshold == float("inf") else repr(float(threshold))
    return json.dumps({**table, "key": "instrument", "goto": {"turn": turn, "threshold": text}})
