"""Serves a folder on this machine alone: ``python serve.py FOLDER [PORT]``; another port where that one is taken."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def end_headers(self):
        # A page that was built again is what the reader sees, not the copy that the browser kept.
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


def server(folder, port=0):
    """A server of ``folder`` on 127.0.0.1, not yet running."""
    handler = partial(QuietHandler, directory=str(folder))
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), handler)


if __name__ == "__main__":
    running = server(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(f"The book is at http://127.0.0.1:{running.server_address[1]}/ (Ctrl-C ends it)", flush=True)
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        print()
