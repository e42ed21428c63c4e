"""Starting and stopping: every way it can fail says what to do and exits 1 (2 for wrong usage);
SIGTERM finishes what is under way and exits 0."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from unittest import mock

from weft_http import FHIR, Events, Server, WEFT, main, weft


def serve(*args, timeout=30):
    return subprocess.run([WEFT, "serve", *args], capture_output=True, text=True, timeout=timeout)


class Start(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="weft-start-")
        self.data = os.path.join(self.folder, "data")
        weft("init", "--data", self.data)

    def tearDown(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def refused(self, code, words, *args):
        done = serve(*args)
        self.assertEqual(code, done.returncode, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_usage(self):
        self.refused(2, ["--data"])
        self.refused(2, ["--frobnicate"], "--data", self.data, "--frobnicate")
        done = serve("--help")
        self.assertEqual(0, done.returncode)
        self.assertIn("example:", done.stdout)

    def test_missing_folder(self):
        self.refused(1, ["weft init"], "--data", os.path.join(self.folder, "nothing"))

    def test_port_in_use(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            at = "127.0.0.1:%d" % s.getsockname()[1]
            self.refused(1, [at, "in use", "--listen"], "--data", self.data, "--listen", at)

    def test_addresses(self):
        self.refused(1, ["tls.cert", "http.allow_plain"], "--data", self.data, "--listen", "0.0.0.0:0")
        self.refused(1, ["127.0.0.1:8080"], "--data", self.data, "--listen", "nonsense")
        self.refused(1, ["127.0.0.1:8080"], "--data", self.data, "--listen", "127.0.0.1:99999")

    def test_settings(self):
        conf = os.path.join(self.folder, "weft.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write("http.frobnicate = 1\n")
        self.refused(1, ["http.frobnicate", ":1:"], "--data", self.data, "--config", conf)
        with open(conf, "w", encoding="utf-8") as f:
            f.write("connections = many\n")
        self.refused(1, ["connections"], "--data", self.data, "--config", conf)
        self.refused(1, ["none.conf"], "--data", self.data, "--config", conf + "none.conf")

    def test_read_only_folder(self):
        """root may write anywhere, so as root the folder is mounted read-only in a namespace."""
        at = ["--data", self.data, "--listen", "127.0.0.1:0"]
        if os.geteuid() != 0:
            subprocess.run(["chmod", "-R", "a-w", self.data], check=True)
            done = serve(*at)
        else:
            script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
            try:
                done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.data, WEFT,
                                       "serve", *at], capture_output=True, text=True, timeout=20)
            except subprocess.TimeoutExpired:
                self.fail("a read-only folder was served")
            if "unshare" in done.stderr or "mount" in done.stderr:
                self.skipTest("no mount namespace here: " + done.stderr.strip())
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertRegex(done.stderr, "(?i)read-only|writ")

    def test_one_server_a_folder(self):
        first = Server()
        try:
            first.start()
            self.refused(1, [str(first.process.pid)], "--data", first.data, "--listen",
                         "127.0.0.1:0")
        finally:
            first.close()


class GivenUp(unittest.TestCase):
    """The client of these tests: a server that it does not get ready is ended, not left behind."""

    def given_up(self, words, said="", patience=60):
        server = Server()
        self.addCleanup(server.close)
        server.patience = patience
        fake = os.path.join(server.folder, "fake")
        with open(fake, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\necho '{said}' >&2\nexec sleep 600\n")
        os.chmod(fake, 0o700)
        made = []
        real = subprocess.Popen
        with mock.patch("weft_http.WEFT", fake), \
             mock.patch("weft_http.subprocess.Popen", lambda *a, **k: made.append(real(*a, **k)) or made[-1]), \
             self.assertRaisesRegex(AssertionError, words):
            server.start()
        self.assertEqual([-signal.SIGKILL], [p.returncode for p in made])
        self.assertTrue(server.log.closed)
        self.assertEqual(0, server.stop())  # nothing more to stop

    def test_silent(self):
        self.given_up("not ready", patience=0)

    def test_a_port_that_is_none(self):
        self.given_up("a port that is none", "weft serves http://127.0.0.1:99999")
        self.given_up("a port that is none", "weft serves http://127.0.0.1:0")


class Stop(unittest.TestCase):
    def test_clients_that_never_finish(self):
        """Half a head, half a body, an answer nobody reads, a stream nobody reads, a silent one."""
        server = Server("http.drain_s = 1\n")
        token = server.token("system")
        server.start()
        big = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": {"resourceType": "Patient", "name": [{"text": "n" * 5000}]},
             "request": {"method": "POST", "url": "Patient"}}] * 400}
        self.assertEqual(200, server.call("POST", "/fhir", big, token).status)
        head = f"Host: t\r\nAuthorization: Bearer {token}\r\n"
        open_ends = []
        for text in ("", "GET /fhir/Pat", f"GET /fhir/Patient?_count=400 HTTP/1.1\r\n{head}\r\n",
                     f"GET /events HTTP/1.1\r\n{head}\r\n",
                     f"POST /fhir/Patient HTTP/1.1\r\n{head}Content-Length: 99\r\n\r\n{{",
                     f"POST /fhir/Patient HTTP/1.1\r\n{head}Content-Length: 9999999999\r\n\r\n{{") * 4:
            s = socket.create_connection(("127.0.0.1", server.port))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            s.sendall(text.encode())
            open_ends.append(s)
        for _ in range(3):  # the streams have something to say
            self.assertEqual(200, server.call("POST", "/fhir", big, token).status)
        self.assertEqual(0, server.stop(signal.SIGTERM), server.read_log()[-2000:])
        for s in open_ends:
            s.close()
        server.close()

    def test_drain(self):
        """Writes under way are answered, live streams end, new connections find nobody."""
        server = Server("http.drain_s = 20\n")
        token = server.token("nurse")
        server.start()
        stream = Events(server, token)
        stream.wait(lambda e: e.get("event") == "hello")
        statuses, stop = [], threading.Event()

        def write():
            while not stop.is_set():
                try:
                    statuses.append(server.call("POST", "/fhir/Patient",
                                                {"resourceType": "Patient"}, token).status)
                except OSError:
                    return
        threads = [threading.Thread(target=write) for _ in range(8)]
        for t in threads:
            t.start()
        time.sleep(0.5)
        code = server.stop(signal.SIGTERM)
        stop.set()
        for t in threads:
            t.join()
        self.assertEqual(0, code, server.read_log()[-2000:])
        self.assertTrue(stream.ended.wait(5))
        stream.close()
        self.assertTrue(statuses)
        self.assertEqual({201}, set(statuses))
        server.start()  # what was acknowledged is there
        total = server.call("GET", "/fhir/Patient?_summary=count", token=token).json["total"]
        self.assertGreaterEqual(total, len(statuses))
        self.assertEqual(0, server.stop(signal.SIGINT))
        server.close()


if __name__ == "__main__":
    main()
