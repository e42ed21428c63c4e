"""What the HTTP suites share: a real server on a fresh data folder, and a small client.

Standard library only. WEFT names the binary under test."""
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

WEFT = os.environ.get("WEFT", "build/weft")
FHIR = "application/fhir+json"


def weft(*args, text=None, check=True):
    done = subprocess.run([WEFT, *args], input=text, capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"weft {' '.join(args)}: {done.returncode}\n{done.stderr}")
    return done


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return self.headers.get(name, "")

    def issues(self):
        return self.json.get("issue", [])

    def text(self):
        """All that the outcome says."""
        return json.dumps(self.json, ensure_ascii=False)


class Server:
    """A data folder, and a process serving it."""

    listen_at = "127.0.0.1:0"

    def __init__(self, config="", accounts=()):
        self.folder = tempfile.mkdtemp(prefix="weft-http-")
        self.data = os.path.join(self.folder, "data")
        self.config = os.path.join(self.folder, "weft.conf")
        self.log_path = os.path.join(self.folder, "log")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(config)
        self.process = None
        self.port = 0
        self.tokens = {}
        weft("init", "--data", self.data, *self.database())
        for args, password in accounts:
            done = () if "--untrained" in args else ("--trained",)
            weft("user", "add", "--data", self.data, *(a for a in args if a != "--untrained"), *done,
                 text=password + "\n")

    @staticmethod
    def database():
        """With WEFT_TEST_DATABASE (tests/postgres.py) the store is in a database of its own there."""
        at = os.environ.get("WEFT_TEST_DATABASE")
        if not at:
            return []
        name = "s" + secrets.token_hex(6)
        subprocess.run(["psql", "-X", "-q", at, "-c", f"CREATE DATABASE {name}"], check=True)
        return ["--database", at.replace("/postgres?", f"/{name}?")]

    def token(self, role, *more):
        """Made while the server is down."""
        return weft("token", "--data", self.data, "--role", role, *more).stdout.strip()

    def start(self):
        self.log = open(self.log_path, "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [WEFT, "serve", "--data", self.data, "--listen", self.listen_at, "--config", self.config],
            stdout=subprocess.DEVNULL, stderr=self.log)
        try:
            return self.served()
        except BaseException:  # nobody has it to stop: it would stay
            self.process.kill()
            self.process.wait()
            self.process = None
            self.log.close()
            raise

    patience = 60  # seconds

    def served(self):
        """Waits until it says where it listens."""
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            found = re.findall(r"^weft serves https?://127\.0\.0\.1:(\d+)", self.read_log(), re.M)
            if len(found) > self.starts:
                self.port = int(found[-1])
                if not 0 < self.port < 65536:
                    raise AssertionError("the server says a port that is none:\n" + self.read_log())
                self.starts += 1
                return self
            if self.process.poll() is not None:
                raise AssertionError("the server did not start:\n" + self.read_log())
            time.sleep(0.02)
        raise AssertionError(f"the server is not ready after {self.patience} s:\n" + self.read_log())

    starts = 0

    def read_log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def stop(self, how=signal.SIGTERM):
        if not self.process:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.process = None
        self.log.close()
        return code

    def close(self):
        """A server that fell over is told with its last words."""
        died = self.process and self.process.poll() is not None
        code = self.stop()
        words = self.read_log()[-6000:] if died else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        if died:
            raise AssertionError(f"the server ended by itself, {code}:\n{words}")

    def call(self, method, path, body=None, token=None, headers=None, timeout=60):
        h = dict(headers or {})
        if token:
            h.setdefault("Authorization", "Bearer " + token)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            h.setdefault("Content-Type", FHIR)
        if isinstance(body, str):
            body = body.encode()
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request(method, path, body=body, headers=h)
            return Answer(c.getresponse())
        finally:
            c.close()

    def raw(self, data, timeout=30):
        """Sends bytes as they are, returns all that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as s:
            s.sendall(data)
            got = b""
            try:
                while part := s.recv(65536):
                    got += part
            except (TimeoutError, ConnectionResetError):
                pass
            return got


class Case(unittest.TestCase):
    """One server for the class; `nurse` and `system` tokens."""
    config = ""
    accounts = ()
    roles = ("nurse", "system")

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.config, cls.accounts)
        for role in cls.roles:
            setattr(cls, role, cls.server.token(role))
        cls.before_start()
        cls.server.start()

    @classmethod
    def before_start(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        log = cls.server.read_log()
        cls.server.close()
        if code != 0 or "Sanitizer" in log or "runtime error" in log:
            raise AssertionError(f"the server ended with {code}:\n{log[-4000:]}")

    def call(self, method, path, body=None, token="nurse", **more):
        return self.server.call(method, path, body, getattr(self, token) if token else None, **more)

    def ask(self, method, path, token=None, body=None):
        """By a token itself, where call() takes the name of one."""
        return self.server.call(method, path, body, token)

    def put(self, kind, rid, body):
        a = self.call("PUT", f"/fhir/{kind}/{rid}", {"resourceType": kind, "id": rid, **body}, "system")
        self.assertIn(a.status, (200, 201), a.body)

    def expect(self, status, answer, *words):
        """The status; an error is an outcome that says the words and leaks nothing."""
        self.assertEqual(status, answer.status, answer.body[:2000])
        self.assertTrue(answer.header("X-Request-Id"))
        if status < 400:
            return answer
        self.assertEqual("OperationOutcome", answer.json["resourceType"])
        self.assertTrue(answer.issues())
        said = answer.text()
        for word in words:
            self.assertIn(word, said)
        for leak in ("/root", "/tmp", "/work", "src/", ".c:", "sqlite", "SQLITE"):
            self.assertNotIn(leak, said)
        return answer

    def create(self, resource, token="nurse", **more):
        a = self.call("POST", "/fhir/" + resource["resourceType"], resource, token, **more)
        self.assertIn(a.status, (200, 201), a.body)
        return a

    def patient(self, family="Probe", **more):
        p = {"resourceType": "Patient", "name": [{"family": family, "given": ["Ann"]}],
             "gender": "female", "birthDate": "1970-05-04"}
        return self.create({**p, **more}).json["id"]


def observation(patient, value=72, **more):
    o = {"resourceType": "Observation", "status": "final",
         "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
         "subject": {"reference": "Patient/" + patient},
         "effectiveDateTime": "2026-11-20T08:00:00Z",
         "valueQuantity": {"value": value, "unit": "/min",
                           "system": "http://unitsofmeasure.org", "code": "/min"}}
    return {**o, **more}


class Events:
    """Reads a live stream in the background."""

    def __init__(self, server, token, query="", last_id=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Authorization": "Bearer " + token, "Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = str(last_id)
        self.connection.request("GET", "/events" + query, headers=headers)
        self.response = self.connection.getresponse()
        self.events, self.ended = [], threading.Event()
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        frame = {}
        try:
            for line in self.response:
                line = line.decode().rstrip("\n")
                if not line:
                    if "data" in frame:
                        with self.changed:
                            self.events.append(frame)
                            self.changed.notify_all()
                    frame = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(":")
                    frame[name] = value.strip()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        self.ended.set()

    def wait(self, wanted, timeout=30):
        """The first event for which wanted(event) holds."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                for e in self.events:
                    if wanted(e):
                        return e
                if not self.changed.wait(max(0, end - time.monotonic())):
                    raise AssertionError(f"no such event; there were {self.events}")

    def close(self):
        if self.connection.sock:
            try:
                self.connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connection.close()


def main():
    unittest.main(verbosity=2)
