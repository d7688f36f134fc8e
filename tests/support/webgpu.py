"""A browser with WebGPU for the tests: its graphics processor is software, so it is asked for numbers, never for speed."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .browser import FLAGS, find_chromium
from .waiting import PatientBrowser

SOFTWARE_GPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")


class EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href='data:,'><body></body>")

    def log_message(self, *_):
        pass


@contextmanager
def page_with_webgpu(browser):
    """A page in a second browser like this one, from 127.0.0.1: without an address there is no WebGPU in it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    flags = [flag for flag in FLAGS if flag != "--disable-gpu"]
    chromium = browser.chromium.browser_type.launch(executable_path=find_chromium(), args=[*flags, *SOFTWARE_GPU])
    try:
        page = PatientBrowser(chromium).new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
    finally:
        chromium.close()
        server.shutdown()
        server.server_close()
