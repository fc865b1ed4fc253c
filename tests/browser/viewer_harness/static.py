"""The viewer's own files on a bare page: fast, and nothing but the viewer can be to blame."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parents[3] / "pages" / "_ui" / "components" / "viewer"
TYPES = {".js": "text/javascript", ".css": "text/css"}

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Viewer</title>
<style>
  body { margin: 16px; background: var(--st-background-color); font: 15px system-ui; }
  :root { --st-text-color: #D9DDE2; --st-background-color: #0F1113; --st-border-color: #2B3036;
          --st-primary-color: #2A7AA3; }
  :root.light { --st-text-color: #1A1D21; --st-background-color: #FFFFFF; --st-border-color: #D0D5DB; }
</style>
<link rel="stylesheet" href="viewer/viewer.css"><main id="place"></main>
<script type="module">
  import mount from "./viewer/viewer.js";
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


@contextmanager
def static_server(files: Mapping[tuple[str, str], bytes], encoded: bool = False) -> Iterator[str]:
    """Serve the page, the viewer's files and `files` by (case, kind); yields the address.

    `encoded` names gzip as the content's encoding, as a server may: the browser then unpacks by itself.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = self.path.split("?")[0].strip("/").split("/")
            if parts == [""]:
                return self._send(PAGE.encode(), "text/html")
            if parts[0] == "viewer":
                file = ASSETS / parts[1]
                return self._send(file.read_bytes(), TYPES[file.suffix])
            data = files.get((parts[1], parts[2])) if parts[0] == "pictures" else b""
            if data is None:
                return self._send(b"", "text/plain", 410)
            return self._send(data, "application/octet-stream")

        def _send(self, body: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if encoded and kind == "application/octet-stream":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def component_data(picture: Mapping[str, Any]) -> str:
    """What Python would send for this picture, as JSON."""
    return json.dumps({"key": "viewer", "overlay": "contour", **picture})
