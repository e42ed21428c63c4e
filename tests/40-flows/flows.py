"""What the flow suites share: the demonstration's data folder behind a real server whose clock stands
in the patients' daytime (libfaketime), a broker with a credential a device, a small MQTT client, and
people who sign in with their second step.

Standard library only; mosquitto and faketime from Debian."""
import atexit
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from calendar import timegm

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
import weft_http  # noqa: E402
from weft_http import WEFT, Events, main  # noqa: E402,F401

PATIENTS = 24
NOON = "2026-11-24T17:30:00Z"  # a Tuesday: 09:30 in Los Angeles, 12:30 in New York
NIGHT = "2026-11-25T09:00:00Z"  # 01:00 and 04:00
REAL = time.time()


def epoch(text):
    return timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def faketime():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        print("skipped: faketime is not installed, the hour cannot be chosen")
        sys.exit(77)
    return found[0]


class Clock:
    """The server's clock: real time moved by a fixed offset, so that it goes on over restarts."""

    def __init__(self, start=NOON):
        self.offset = epoch(start) - REAL

    def now(self):
        return time.time() + self.offset

    def stamp(self, ago=0):
        t = self.now() - ago
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t * 1000) % 1000:03d}Z"

    def env(self):
        e = dict(os.environ, LD_PRELOAD=faketime(), FAKETIME=f"{self.offset:+.3f}",
                 DONT_FAKE_MONOTONIC="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
                 FAKETIME_FORCE_MONOTONIC_FIX="0")  # else every wait of the server returns at once: it spins
        e["ASAN_OPTIONS"] = e.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        return e


_made = {}
atexit.register(lambda: forget_demos())


def demo_folder(clock, patients=PATIENTS):
    """The demonstration's data, made once a process."""
    key = (round(clock.offset), patients)
    if key not in _made:
        folder = tempfile.mkdtemp(prefix="weft-demo-")
        data = os.path.join(folder, "data")
        done = subprocess.run([WEFT, "demo", "--data", data, "--patients", str(patients)],
                              capture_output=True, text=True, timeout=300, env=clock.env())
        if done.returncode:
            raise AssertionError(f"weft demo: {done.returncode}\n{done.stderr}")
        _made[key] = folder
    return os.path.join(_made[key], "data")


def forget_demos():
    for folder in _made.values():
        shutil.rmtree(folder, ignore_errors=True)
    _made.clear()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """A mosquitto of our own; the access list is the one that weft demo writes."""

    def __init__(self, folder, devices, password):
        self.folder = os.path.join(folder, "broker")
        os.mkdir(self.folder)
        self.port = free_port()
        self.process = None
        self.password = password
        self.write("passwords", f"weft-server:{password}\n" + "".join(
            f"{d['user']}:{d['password']}\n" for d in devices))
        self.write("server.password", password)
        subprocess.run(["mosquitto_passwd", "-U", os.path.join(self.folder, "passwords")],
                       check=True, timeout=60, capture_output=True)
        self.write("acl", "user weft-server\ntopic read weft/v1/+/observation\ntopic read weft/v1/+/status\n"
                          "topic read weft/v1/+/ack\ntopic write weft/v1/+/refused\n"
                          "topic write weft/v1/+/command/#\npattern write weft/v1/%u/observation\n"
                          "pattern write weft/v1/%u/status\npattern write weft/v1/%u/ack\n"
                          "pattern read weft/v1/%u/refused\npattern read weft/v1/%u/command/+\n")
        self.write("conf", f"listener {self.port} 127.0.0.1\nallow_anonymous false\n"
                           f"password_file {self.folder}/passwords\nacl_file {self.folder}/acl\n"
                           f"persistence true\npersistence_location {self.folder}/\n"
                           "max_queued_messages 100000\nlog_dest none\n"
                   + ("user root\n" if os.geteuid() == 0 else ""))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", os.path.join(self.folder, "conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, "the broker")
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


class Mqtt:
    """MQTT 3.1.1 over a socket: what a device needs of it."""

    def __init__(self, port, user, password, clean=True, client=None):
        self.lock, self.writing = threading.Condition(), threading.Lock()
        self.acked, self.messages, self.granted = set(), [], None
        self.packet = 0
        self.closed = False
        self.s = socket.create_connection(("127.0.0.1", port), timeout=20)
        name = (client or f"{user}-{os.getpid()}-{time.monotonic_ns()}").encode()
        body = struct.pack("!H4sBBH", 4, b"MQTT", 4, 0xC0 | (2 if clean else 0), 60)
        for part in (name, user.encode(), password.encode()):
            body += struct.pack("!H", len(part)) + part
        self.send(0x10, body)
        kind, answer = self.read()
        if kind != 0x20 or answer[1] != 0:
            self.s.close()
            raise PermissionError(f"the broker refuses: {answer[1]}")
        self.s.settimeout(None)
        threading.Thread(target=self.listen, daemon=True).start()

    def send(self, kind, body):
        head, n = bytes([kind]), len(body)
        while True:
            head += bytes([n % 128 | (128 if n > 127 else 0)])
            n //= 128
            if not n:
                break
        with self.writing:
            self.s.sendall(head + body)

    def exactly(self, n):
        got = b""
        while len(got) < n:
            part = self.s.recv(n - len(got))
            if not part:
                raise ConnectionError("the broker closed")
            got += part
        return got

    def read(self):
        kind, n, shift = self.exactly(1)[0], 0, 0
        while True:
            b = self.exactly(1)[0]
            n |= (b & 127) << shift
            shift += 7
            if b < 128:
                return kind, self.exactly(n)

    def listen(self):
        try:
            while True:
                kind, body = self.read()
                with self.lock:
                    if kind & 0xF0 == 0x40:
                        self.acked.add(struct.unpack("!H", body[:2])[0])
                    elif kind & 0xF0 == 0x90:
                        self.granted = body[2]
                    elif kind & 0xF0 == 0x30:
                        n = struct.unpack("!H", body[:2])[0]
                        named = 2 + n + (2 if kind & 6 else 0)
                        self.messages.append((body[2:2 + n].decode(), body[named:]))
                    self.lock.notify_all()
                if kind & 0xF6 == 0x32:
                    self.send(0x40, body[named - 2:named])
        except (OSError, ConnectionError):
            self.s.close()
            with self.lock:
                self.closed = True
                self.lock.notify_all()

    def until(self, wanted, what, timeout=30):
        with self.lock:
            if not self.lock.wait_for(lambda: wanted() or self.closed, timeout) or not wanted():
                raise AssertionError(f"MQTT: no {what}")

    def publish(self, topic, payload, wait=True):
        """QoS 1; returns when the broker has it."""
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        if isinstance(payload, str):
            payload = payload.encode()
        self.packet = self.packet % 65535 + 1
        mine, t = self.packet, topic.encode()
        self.send(0x32, struct.pack("!H", len(t)) + t + struct.pack("!H", mine) + payload)
        if wait:
            self.until(lambda: mine in self.acked, "PUBACK")
        return mine

    def subscribe(self, topic):
        t = topic.encode()
        self.send(0x82, struct.pack("!HH", 1, len(t)) + t + b"\1")
        self.until(lambda: self.granted is not None, "SUBACK")

    def close(self):
        try:
            self.send(0xE0, b"")
            self.s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.s.close()


def wait_for(wanted, what, timeout=90, pause=0.05):
    """The first truthy answer of wanted()."""
    end = time.monotonic() + timeout
    while True:
        got = wanted()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s in vain for {what}; last: {got}")
        time.sleep(pause)


class House(weft_http.Server):
    """The demonstration's data behind a server, with or without a broker."""

    def __init__(self, config="", clock=None, broker=False, patients=PATIENTS):
        self.clock = clock or Clock()
        self.folder = tempfile.mkdtemp(prefix="weft-flow-")
        self.data = os.path.join(self.folder, "data")
        shutil.copytree(demo_folder(self.clock, patients), self.data)
        with open(os.path.join(self.data, "demo.json"), encoding="utf-8") as f:
            self.demo = json.load(f)
        with open(os.path.join(self.data, "truth.json"), encoding="utf-8") as f:
            self.truth = {p["patient"]: p for p in json.load(f)["patients"]}
        self.accounts = {a["user"]: a for a in self.demo["accounts"]}
        self.devices = {d["user"]: d for d in self.demo["devices"]}
        self.config = os.path.join(self.folder, "weft.conf")
        self.log_path = os.path.join(self.folder, "log")
        self.process, self.port, self.tokens, self.extra_env = None, 0, {}, {}
        self.broker = Broker(self.folder, self.demo["devices"], self.demo["broker"]) \
            if broker else None
        self.configure(config)

    def configure(self, more=""):
        base = {"sms.channel": "screen", "smtp.channel": "screen", "sms.route": "screen",
                "sms.from": "+15035550100", "smtp.from": "care@example.org",
                "outreach.clinic": "Bright River Clinic", "outreach.phone": "+1 503 555 0100",
                "outreach.undo_seconds": "2", "demo.codes": "true"}
        if self.broker:
            base.update({"mqtt.url": f"mqtt://127.0.0.1:{self.broker.port}",
                         "mqtt.user": "weft-server",
                         "mqtt.password_file": f"{self.broker.folder}/server.password"})
        for line in more.splitlines():
            name, _, value = line.partition("=")
            if name.strip():
                base[name.strip()] = value.strip()
        with open(self.config, "w", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in base.items())

    def start(self):
        if self.broker and not self.broker.process:
            self.broker.start()
        env = self.clock.env()
        env.update(self.extra_env)
        real = subprocess.Popen
        weft_http.subprocess.Popen = lambda *a, **k: real(*a, **{**k, "env": env})
        try:
            return super().start()
        finally:
            weft_http.subprocess.Popen = real

    def close(self):
        try:
            self.stop(signal.SIGKILL)
        finally:
            if self.broker:
                self.broker.stop()
            shutil.rmtree(self.folder, ignore_errors=True)

    def sign_in(self, user):
        """A token of the person; staff with their second step. One a run: a code works once."""
        if user not in self.tokens:
            body = {"user": user, "password": self.accounts[user]["password"]}
            if self.accounts[user]["role"] != "patient":
                body["code"] = self.call("GET", f"/demo/code?user={user}").json["code"]
            a = self.call("POST", "/auth/sign-in", body)
            assert a.status == 200, a.body
            self.tokens[user] = a.json["token"]
        return self.tokens[user]

    def token(self, role, *more):
        """Made while the server is down, by the same clock."""
        done = subprocess.run([WEFT, "token", "--data", self.data, "--role", role, *more],
                              capture_output=True, text=True, timeout=60, env=self.clock.env())
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def device(self, patient):
        return self.devices["hub-" + patient]

    def mqtt(self, patient, **more):
        d = self.device(patient)
        return Mqtt(self.broker.port, d["user"], d["password"], **more)

    def audit_verify(self):
        return subprocess.run([WEFT, "audit", "verify", "--data", self.data], capture_output=True,
                              text=True, timeout=120)

    def trail_holds(self):
        verified = self.audit_verify()
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def ends_well(self):
        """Stopped in order, without a word of a sanitizer, and the trail holds."""
        code, log = self.stop(), self.read_log()
        assert code == 0 and "Sanitizer" not in log and "runtime error" not in log, f"ended with {code}: {log[-4000:]}"
        self.trail_holds()

    def killed_under(self, load, kills, within):
        """The threads of load run; some time within so many seconds the server is killed, and started again."""
        for t in load:
            t.start()
        time.sleep(random.random() * within)
        self.stop(signal.SIGKILL)
        if kills % 10 == 0:
            self.trail_holds()
        self.start()
        for t in load:
            t.join(60)
            assert not t.is_alive(), "the load does not end"

    def beside(self, log):
        """One more server process on the data of this object."""
        self.log = open(self.log_path, log, encoding="utf-8")
        self.process = subprocess.Popen([WEFT, "serve", "--data", self.data, "--listen", self.listen_at, "--config",
                                         self.config], stdout=subprocess.DEVNULL, stderr=self.log,
                                        env=self.clock.env())

    def serves(self):
        """The port, once it has one."""
        found = re.findall(r"^weft serves http://127\.0\.0\.1:(\d+)", self.read_log(), re.M)
        self.port = int(found[-1]) if found else 0
        assert self.process.poll() is None, self.read_log()[-2000:]
        return self.port


def in_houses(run, *given):
    """run(houses, nodes, …): the houses and nodes that it makes are ended with it."""
    houses, nodes = [], []
    try:
        run(houses, nodes, *given)
    finally:
        for node in nodes:
            node.stop(signal.SIGKILL)
        for house in houses:
            house.close()
        forget_demos()


UNITS = "http://unitsofmeasure.org"
LOINC = {"spo2": ("59408-5", "%"), "pulse": ("8867-4", "/min"), "weight": ("29463-7", "kg"),
         "temperature": ("8310-5", "Cel"), "glucose": ("2339-0", "mg/dL")}


def reading(kind, value, at, patient=None, unit=None, **more):
    code, usual = LOINC[kind]
    unit = unit or usual
    o = {"resourceType": "Observation", "status": "final",
         "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
         "effectiveDateTime": at,
         "valueQuantity": {"value": value, "unit": unit, "system": UNITS, "code": unit}}
    if patient:
        o["subject"] = {"reference": f"Patient/{patient}"}
    return {**o, **more}


class FlowCase(unittest.TestCase):
    """One house for the class."""
    config, broker, start_at = "", False, NOON

    @classmethod
    def setUpClass(cls):
        cls.house = House(cls.config, Clock(cls.start_at), cls.broker)
        cls.clock = cls.house.clock
        try:
            cls.prepare()
            cls.house.start()
        except BaseException:
            cls.house.close()
            raise

    @classmethod
    def prepare(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        try:
            cls.house.ends_well()
        finally:
            cls.house.close()

    def call(self, method, path, body=None, user="nurse", **more):
        return self.house.call(method, path, body, self.house.sign_in(user) if user else None,
                               **more)

    def expect(self, status, answer, *words):
        self.assertEqual(status, answer.status, answer.body[:3000])
        for word in words:
            self.assertIn(word, answer.text())
        return answer

    def get(self, path, user="nurse"):
        return self.expect(200, self.call("GET", path, user=user)).json

    def found(self, path, user="nurse"):
        return [e["resource"] for e in self.get(path, user).get("entry", [])
                if e.get("search", {}).get("mode", "match") == "match"]

    def cases(self, patient, status="requested,in-progress,on-hold"):
        return self.found(f"/fhir/Task?patient=Patient/{patient}&status={status}&_count=50")

    def case(self, patient, wanted=lambda t: True, timeout=90):
        def look():
            return [t for t in self.cases(patient) if wanted(t)]
        return wait_for(look, f"a case of {patient}", timeout)[0]

    def draft(self, patient, **more):
        return {"patient": patient, "channel": "sms", "template": "please-call", **more}

    def check(self, patient, user="nurse", **more):
        return self.expect(200, self.call("POST", "/fhir/Communication/$check",
                                          self.draft(patient, **more), user)).json

    def send(self, patient, key=None, user="nurse", **more):
        key = key or f"key-{time.monotonic_ns()}"
        return self.call("POST", "/fhir/Communication/$send",
                         self.draft(patient, key=key, **more), user)

    def message(self, id, *statuses, timeout=90):
        """The Communication, once it has one of the statuses."""
        def look():
            c = self.get(f"/fhir/Communication/{id}", "outreach")
            return c if c["status"] in statuses else None
        return wait_for(look, f"{id} to be {statuses}", timeout, 0.1)

    def phone(self, patient):
        telecom = self.get(f"/fhir/Patient/{patient}")["telecom"]
        return [t["value"] for t in telecom if t["system"] == "phone"][0]

    def reply(self, patient, text):
        return self.expect(200, self.call("POST", "/demo/outbox/reply", {
            "channel": "sms", "from": self.phone(patient), "to": "+15035550100",
            "text": text})).json
