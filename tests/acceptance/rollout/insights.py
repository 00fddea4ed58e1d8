"""Stands in for Application Insights: takes what Azure's own exporter sends, and keeps it."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "00000000-0000-4000-8000-0000000000a1"


@dataclass
class Insights:
    """What has arrived, as text and as envelopes."""

    port: int
    texts: list[str] = field(default_factory=list)

    @property
    def connection_string(self) -> str:
        """Leads exporter and live metrics here."""
        here = f"http://127.0.0.1:{self.port}/"
        return f"InstrumentationKey={KEY};IngestionEndpoint={here};LiveEndpoint={here}"

    def envelopes(self, kind: str) -> list[dict[str, Any]]:
        """Envelopes of a kind, e.g. `MetricData`: what becomes rows of one table."""
        found = []
        for text in self.texts:
            for line in text.splitlines() if not text.startswith("[") else [text]:
                parsed = json.loads(line)
                found += parsed if isinstance(parsed, list) else [parsed]
        return [e for e in found if e.get("data", {}).get("baseType") == kind]


@contextmanager
def insights() -> Iterator[Insights]:
    """Listens on a port of its own until the end."""
    kept = Insights(port=0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            if "track" in self.path:
                kept.texts.append(body.decode())
            answer = b'{"itemsReceived": 1, "itemsAccepted": 1, "errors": []}'
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *_args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
