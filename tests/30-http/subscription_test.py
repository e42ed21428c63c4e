"""Subscriptions against real endpoints: R4's own and the R5 back-port, over HTTP and HTTPS, signed,
in order, tried again after failures, a kill and days of refusal; the live channel; what a subscriber
may not see; addresses that must not be reached."""
import base64
import http.client
import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

PYTHON = "/usr/bin/python3"
try:
    from aiosmtpd.controller import Controller
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # Debian's module belongs to Debian's Python
    if sys.executable != PYTHON and os.path.exists(PYTHON):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    print("skipped: python3-cryptography or python3-aiosmtpd is not installed")
    sys.exit(77)

from weft_http import Case, Events, Server, main, observation  # noqa: E402

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
TOPIC = "https://weft.health/fhir/SubscriptionTopic/"
CODE = "http://loinc.org|8867-4"


class Endpoint:
    """A receiver. plan: statuses to answer with, the last for all that follow; "hang" never answers."""

    def __init__(self, tls=None):
        self.got, self.plan, self.changed = [], [200], threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with outer.changed:
                    status = outer.plan.pop(0) if len(outer.plan) > 1 else outer.plan[0]
                    outer.got.append({"method": self.command, "path": self.path, "body": body,
                                      "headers": dict(self.headers.items()), "status": status,
                                      "at": time.monotonic()})
                    outer.changed.notify_all()
                if status == "hang":
                    time.sleep(30)
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme = "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        name = "localhost" if tls else "127.0.0.1"
        self.url = f"{scheme}://{name}:{self.server.server_address[1]}/in"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, wanted, what, timeout=40):
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                found = wanted(self.got)
                if found:
                    return found
                if not self.changed.wait(max(0, end - time.monotonic())):
                    raise AssertionError(f"{what} did not come; {len(self.got)} requests came")

    def bundles(self, kind="event-notification"):
        out = []
        for g in self.got:
            if g["status"] == 200 and g["body"]:
                b = json.loads(g["body"])
                if b["resourceType"] == "Bundle" and status(b)["type"] == kind:
                    out.append(b)
        return out

    def numbers(self):
        return [n for b in self.bundles() for n in status(b)["numbers"]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def status(bundle):
    """The SubscriptionStatus in front of a notification."""
    p = bundle["entry"][0]["resource"]["parameter"]
    out = {"numbers": [], "focus": []}
    for x in p:
        if x["name"] == "notification-event":
            parts = {y["name"]: y for y in x["part"]}
            out["numbers"].append(int(parts["event-number"]["valueString"]))
            out["focus"].append(parts.get("focus", {}).get("valueReference", {}).get("reference"))
        else:
            out[x["name"]] = next(v for k, v in x.items() if k.startswith("value"))
    return out


def plain(endpoint, criteria=f"Observation?code={CODE}", payload="application/fhir+json", **more):
    channel = {"type": "rest-hook", "endpoint": endpoint, "header": ["X-Probe: yes"]}
    if payload:
        channel["payload"] = payload
    return {"resourceType": "Subscription", "status": "requested", "reason": "test",
            "criteria": criteria, "channel": channel, **more}


def backport(endpoint, topic="result-available", content="full-resource", filters=(), **extensions):
    ext = [{"url": BACKPORT + "backport-" + k.replace("_", "-"), **v} for k, v in extensions.items()]
    s = {"resourceType": "Subscription", "status": "requested", "reason": "test",
         "meta": {"profile": [BACKPORT + "backport-subscription"]},
         "criteria": TOPIC + topic if "/" not in topic else topic,
         "channel": {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json",
                     "_payload": {"extension": [{"url": BACKPORT + "backport-payload-content",
                                                 "valueCode": content}]}}}
    if ext:
        s["channel"]["extension"] = ext
    if filters:
        s["_criteria"] = {"extension": [{"url": BACKPORT + "backport-filter-criteria",
                                         "valueString": f} for f in filters]}
    return s


class Base(Case):
    config = "subscriptions.allow = 127.0.0.0/8, ::1\nsubscriptions.allow_http = true\n"
    roles = ("nurse", "system", "admin", "agent")

    def endpoint(self, **more):
        e = Endpoint(**more)
        self.addCleanup(e.close)
        return e

    def status_of(self, sid, wanted, timeout=40):
        end = time.monotonic() + timeout
        while True:
            s = self.call("GET", f"/fhir/Subscription/{sid}", token="system").json
            if s["status"] == wanted:
                return s
            self.assertLess(time.monotonic(), end, f"never {wanted}: {s}")
            time.sleep(0.05)

    def subscribe(self, resource, token="system", wanted="active"):
        sid = self.create(resource, token).json["id"]
        self.addCleanup(self.call, "DELETE", f"/fhir/Subscription/{sid}", token="system")
        return sid if not wanted else self.status_of(sid, wanted)["id"]

    def verify(self, got):
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(
            self.call("GET", "/.well-known/weft-webhooks", token=None).json["key"]))
        h = {k.lower(): v for k, v in got["headers"].items()}
        text = f"{h['webhook-id']}.{h['webhook-timestamp']}.".encode() + got["body"]
        version, signature = h["webhook-signature"].split(",")
        self.assertEqual("v1a", version)
        key.verify(base64.b64decode(signature), text)
        with self.assertRaises(InvalidSignature):
            key.verify(base64.b64decode(signature), text + b"x")
        self.assertLess(abs(time.time() - int(h["webhook-timestamp"])), 60)


class Plain(Base):
    def test_resource_is_put(self):
        e = self.endpoint()
        self.subscribe(plain(e.url))
        pid = self.patient()
        oid = self.create(observation(pid)).json["id"]
        self.create(observation(pid, code={"coding": [{"system": "http://loinc.org", "code": "1-8"}]}))
        other = self.create(observation(pid, 80)).json["id"]
        got = e.wait(lambda g: len(g) >= 2 and g[:2], "two notifications")
        self.assertEqual(["PUT", "PUT"], [g["method"] for g in got])
        self.assertEqual([f"/in/Observation/{oid}", f"/in/Observation/{other}"],
                         [g["path"] for g in got])
        self.assertEqual(oid, json.loads(got[0]["body"])["id"])
        self.assertEqual("yes", got[0]["headers"]["X-Probe"])
        self.assertIn("application/fhir+json", got[0]["headers"]["Content-Type"])
        self.verify(got[0])

    def test_resource_in_xml(self):
        e = self.endpoint()
        self.subscribe(plain(e.url, payload="application/fhir+xml"))
        oid = self.create(observation(self.patient(), 61.50)).json["id"]
        got = e.wait(lambda g: g[:1], "a notification")[0]
        self.assertEqual(("PUT", f"/in/Observation/{oid}"), (got["method"], got["path"]))
        self.assertEqual("application/fhir+xml", got["headers"]["Content-Type"])
        xml = {"Accept": "application/fhir+xml"}
        same = self.call("GET", f"/fhir/Observation/{oid}", token="system", headers=xml).body
        self.assertEqual(same.strip(), got["body"].strip())
        self.verify(got)

    def test_without_payload_it_only_knocks(self):
        e = self.endpoint()
        self.subscribe(plain(e.url, payload=None))
        self.create(observation(self.patient()))
        got = e.wait(lambda g: g[:1], "a knock")[0]
        self.assertEqual(("POST", "/in", b""), (got["method"], got["path"], got["body"]))
        self.verify(got)

    def test_wrong_ones_are_refused_at_once(self):
        ok = "https://example.org/in"
        for resource, words in (
                (plain(ok, "Observation?colour=red"), ("colour",)),
                (plain(ok, "Nothing?x=1"), ("Subscription.criteria",)),
                (plain("http://10.0.0.1/in"), ("private",)),
                (plain("https://169.254.169.254/latest"), ("private",)),
                (plain("https://[fd00::1]/"), ("private",)),
                (plain("https://[::ffff:10.1.2.3]/"), ("private",)),
                (plain("ftp://example.org/"), ("https",)),
                (plain("mailto:a@example.org", payload=None), ("https://",)),
                (plain("https://user:pw@example.org/"), ("https",)),
                (plain(ok, payload="text/csv"), ("Subscription.channel.payload",)),
                ({**plain(ok), "channel": {"type": "websocket", "payload": "application/fhir+xml"}},
                 ("Subscription.channel.payload",)),
                (backport(ok, "no-such-topic"), ("topic",)),
                (backport(ok, filters=["Observation?colour=1"]), ("colour",)),
                (backport(ok, content="everything"), ("payload",))):
            with self.subTest(words=words):
                self.expect(422, self.call("POST", "/fhir/Subscription", resource, "system"), *words)
        bad = plain(ok)
        bad["channel"]["header"] = ["X-A: b\r\nHost: evil"]
        self.assertIn(self.call("POST", "/fhir/Subscription", bad, "system").status, (400, 422))

    def test_names_of_private_addresses_are_not_reached(self):
        """A name that resolves to a private address passes the write and is stopped at the socket."""
        other = Server("subscriptions.allow_http = true\n")
        self.addCleanup(other.close)
        token = other.token("system")
        other.start()
        e = self.endpoint()
        port = e.url.split(":")[2].split("/")[0]
        s = plain(f"http://localhost:{port}/in", "Patient?")
        self.assertEqual(201, other.call("POST", "/fhir/Subscription", s, token).status)
        other.call("POST", "/fhir/Patient", {"resourceType": "Patient"}, token)
        end = time.monotonic() + 40
        while "sub" in other.call("GET", "/metrics").body.decode():
            text = other.call("GET", "/metrics").body.decode()
            failed = [x for x in text.splitlines() if x.startswith("weft_notifications_failed_total ")]
            if int(failed[0].split()[1]) >= 1:
                break
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        self.assertEqual([], e.got)


class Backport(Base):
    def test_handshake_events_and_payloads(self):
        for content in ("empty", "id-only", "full-resource"):
            with self.subTest(content=content):
                e = self.endpoint()
                sid = self.subscribe(backport(e.url, content=content))
                hand = e.bundles("handshake")[0]
                self.assertEqual(f"Subscription/{sid}", status(hand)["subscription"]["reference"])
                oid = self.create(observation(self.patient())).json["id"]
                b = e.wait(lambda g: e.bundles(), "an event")[0]
                st = status(b)
                self.assertEqual("history", b["type"])
                self.assertEqual([1], st["numbers"])
                self.assertEqual("1", st["events-since-subscription-start"])
                self.assertEqual([None if content == "empty" else f"Observation/{oid}"], st["focus"])
                ids = [x["resource"]["id"] for x in b["entry"][1:]]
                self.assertEqual([oid] if content == "full-resource" else [], ids)
                self.verify(e.got[-1])

    def test_in_xml(self):
        """The same Bundle as in JSON: read back by the server, it holds status and resource."""
        e = self.endpoint()
        s = backport(e.url)
        s["channel"]["payload"] = "application/fhir+xml"
        sid = self.subscribe(s)
        oid = self.create(observation(self.patient())).json["id"]
        got = e.wait(lambda g: g[1:2], "an event")
        for g, kind in zip(e.got, ("handshake", "event-notification")):
            self.assertEqual("application/fhir+xml", g["headers"]["Content-Type"])
            self.verify(g)
            a = self.call("POST", "/fhir/Bundle", g["body"], "system", headers={
                "Content-Type": "application/fhir+xml", "Accept": "application/fhir+json"})
            b = self.expect(201, a).json
            self.assertEqual((kind, f"Subscription/{sid}"),
                             (status(b)["type"], status(b)["subscription"]["reference"]))
        self.assertEqual([oid], [x["resource"]["id"] for x in b["entry"][1:]])
        self.assertEqual(1, len(got))

    def test_filters_previous_and_current(self):
        e = self.endpoint()
        p1, p2 = self.patient(), self.patient()
        self.subscribe(backport(e.url, "encounter-start", "id-only",
                                [f"Encounter?patient=Patient/{p1}"]))
        def visit(p, state):
            return {"resourceType": "Encounter", "status": state, "class": {"code": "AMB"},
                    "subject": {"reference": "Patient/" + p}}
        a = self.create(visit(p1, "planned")).json
        self.create(visit(p2, "in-progress"))
        for state in ("in-progress", "in-progress", "finished"):
            self.call("PUT", f"/fhir/Encounter/{a['id']}", {**visit(p1, state), "id": a["id"]})
        last = self.create(visit(p1, "in-progress")).json["id"]
        e.wait(lambda g: 2 in e.numbers(), "the second event")
        focus = [f for b in e.bundles() for f in status(b)["focus"]]
        self.assertEqual([f"Encounter/{a['id']}", f"Encounter/{last}"], focus)

    def test_own_topic_with_fhirpath_and_delete(self):
        ext = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
        url = "https://example.org/topics/high"
        topic = {"resourceType": "Basic",
                 "code": {"coding": [{"system": "http://hl7.org/fhir/fhir-types",
                                      "code": "SubscriptionTopic"}]},
                 "extension": [
                     {"url": ext + "url", "valueUri": url},
                     {"url": ext + "resourceTrigger", "extension": [
                         {"url": "resource", "valueUri": "Observation"},
                         {"url": "supportedInteraction", "valueCode": "create"},
                         {"url": "supportedInteraction", "valueCode": "delete"},
                         {"url": "fhirPathCriteria", "valueString":
                          "(%current | %previous).value.value > 100"}]}]}
        wrong = json.loads(json.dumps(topic))
        wrong["extension"][1]["extension"][3]["valueString"] = "((("
        self.expect(422, self.call("POST", "/fhir/Basic", wrong, "system"), "FHIRPath")
        self.create(topic, "system")
        e = self.endpoint()
        self.subscribe(backport(e.url, url, "id-only"))
        p = self.patient()
        self.create(observation(p, 90))
        high = self.create(observation(p, 130)).json["id"]
        self.call("DELETE", f"/fhir/Observation/{high}", token="system")
        e.wait(lambda g: 2 in e.numbers(), "the deletion")
        self.assertEqual([1, 2], e.numbers())

    def test_status_and_events_again(self):
        e = self.endpoint()
        sid = self.subscribe(backport(e.url, content="id-only"))
        p = self.patient()
        for i in range(5):
            self.create(observation(p, 60 + i))
        e.wait(lambda g: 5 in e.numbers(), "five events")
        a = self.call("GET", f"/fhir/Subscription/{sid}/$events?eventsSinceNumber=2"
                             "&eventsUntilNumber=4&content=full-resource", token="system")
        b = self.expect(200, a).json
        self.assertEqual([2, 3, 4], status(b)["numbers"])
        self.assertEqual([61, 62, 63], [x["resource"]["valueQuantity"]["value"]
                                        for x in b["entry"][1:]])
        s = self.expect(200, self.call("GET", f"/fhir/Subscription/{sid}/$status", token="system"))
        st = status({"entry": s.json["entry"]})
        self.assertEqual(("5", "active"), (st["events-since-subscription-start"], st["status"]))
        everything = self.expect(200, self.call("GET", "/fhir/Subscription/$status", token="system"))
        self.assertGreaterEqual(everything.json["total"], 1)
        self.expect(400, self.call("GET", f"/fhir/Subscription/{sid}/$events?eventsSinceNumber=x",
                                   token="system"), "eventsSinceNumber")

    def test_heartbeat(self):
        e = self.endpoint()
        self.subscribe(backport(e.url, heartbeat_period={"valueUnsignedInt": 10}))
        beat = e.wait(lambda g: e.bundles("heartbeat"), "a heartbeat", 60)[0]
        self.assertEqual([], status(beat)["numbers"])

    def test_over_tls(self):
        folder = self.server.folder
        key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                        "-out", cert, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        other = Server(f"subscriptions.allow = 127.0.0.0/8, ::1\nsubscriptions.ca_file = {cert}\n")
        self.addCleanup(other.close)
        token = other.token("system")
        other.start()
        good, unknown = self.endpoint(tls=(cert, key)), self.endpoint()
        self.assertEqual(422, other.call("POST", "/fhir/Subscription", plain(unknown.url), token).status)
        self.assertEqual(201, other.call("POST", "/fhir/Subscription",
                                         plain(good.url, "Patient?"), token).status)
        other.call("POST", "/fhir/Patient", {"resourceType": "Patient"}, token)
        good.wait(lambda g: g, "a notification over TLS")


class Trouble(Base):
    def test_in_order_after_failures_and_a_kill(self):
        e = self.endpoint()
        sid = self.subscribe(backport(e.url, content="id-only"))
        e.plan = [500, 503, 302, 200]
        p = self.patient()
        for i in range(30):
            self.create(observation(p, 60 + i))
            if i == 15:
                self.server.stop(signal.SIGKILL)
                self.server.start()
        e.wait(lambda g: 30 in e.numbers(), "the thirtieth event", 90)
        seen = []
        for n in e.numbers():
            if n not in seen:
                seen.append(n)
        self.assertEqual(list(range(1, 31)), seen)
        tries = [g["headers"]["webhook-id"] for g in e.got if g["status"] != 200]
        self.assertEqual(1, len(set(tries)), "every try of one notification has one id")
        self.assertEqual("active", self.status_of(sid, "active")["status"])

    def test_hanging_endpoints_slow_nobody(self):
        slow = [self.endpoint() for _ in range(12)]
        for s in slow:
            s.plan = ["hang"]
            self.subscribe(plain(s.url, payload=None))
        quick = self.endpoint()
        self.subscribe(plain(quick.url, payload=None))
        self.create(observation(self.patient()))
        quick.wait(lambda g: g, "the quick one's notification")
        self.assertTrue(all(g["status"] == "hang" for s in slow for g in s.got))

    def test_gone_ends_it_and_requested_goes_on(self):
        e = self.endpoint()
        sid = self.subscribe(backport(e.url, content="id-only"))
        e.plan = [410, 200]
        p = self.patient()
        self.create(observation(p, 61))
        s = self.status_of(sid, "off")
        self.assertIn("410", s["error"])
        s["status"] = "requested"
        self.call("PUT", f"/fhir/Subscription/{sid}", s, "system")
        self.status_of(sid, "active")
        self.create(observation(p, 62))
        e.wait(lambda g: 2 in e.numbers() or len(e.numbers()) > 1, "what was kept, then the new one")
        self.assertEqual(sorted(e.numbers()), e.numbers())
        self.assertEqual(1, e.numbers()[0])

    def test_a_dead_handshake_is_an_error_with_a_reason(self):
        e = self.endpoint()
        e.plan = [500]
        sid = self.subscribe(backport(e.url), wanted=None)
        e.wait(lambda g: len(g) >= 2, "a second try")
        st = self.call("GET", f"/fhir/Subscription/{sid}/$status", token="system").json
        self.assertEqual("requested", status({"entry": st["entry"]})["status"])


class Rights(Base):
    def test_who_may_not_see_is_not_told(self):
        e = self.endpoint()
        self.expect(403, self.call("POST", "/fhir/Subscription", plain(e.url), "agent"))
        self.expect(403, self.call("GET", "/fhir/Subscription", token="nurse"))  # R109: headers
        sid = self.subscribe(backport(e.url, content="id-only"), "admin")
        self.create(observation(self.patient()))
        check = self.endpoint()
        self.subscribe(plain(check.url, payload=None))
        self.create(observation(self.patient()))
        check.wait(lambda g: g, "the system's own notification")
        self.assertEqual([], e.numbers(), "an administrator sees no patient data")
        self.expect(403, self.call("GET", f"/fhir/Subscription/{sid}/$events", token="agent"))

    def test_every_notification_is_in_the_trail(self):
        e = self.endpoint()
        self.subscribe(backport(e.url))
        pid = self.patient()
        oid = self.create(observation(pid)).json["id"]
        e.wait(lambda g: e.numbers(), "an event")
        end = time.monotonic() + 20
        while True:
            found = self.call("GET", f"/fhir/AuditEvent?entity=Observation/{oid}",
                              token="system").text()
            if "notification" in found:
                break
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.05)


class Mailbox:
    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


class Mail(Case):
    """The e-mail channel, through a real SMTP server: that something is new, never what."""
    roles = ("nurse", "system")

    @classmethod
    def before_start(cls):
        cls.box = Mailbox()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        cls.smtp = Controller(cls.box, hostname="127.0.0.1", port=port)
        cls.smtp.start()
        with open(cls.server.config, "w", encoding="utf-8") as f:
            f.write(f"smtp.url = smtp://127.0.0.1:{port}\nsmtp.from = weft@example.org\n"
                    "smtp.allow_plain = true\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.smtp.stop()

    def test_mail_says_that_not_what(self):
        s = plain("mailto:desk@example.org", payload=None)
        s["channel"] = {"type": "email", "endpoint": "mailto:desk@example.org"}
        self.expect(422, self.call("POST", "/fhir/Subscription", {
            **s, "channel": {**s["channel"], "payload": "application/fhir+json"}}, "system"),
            "Plain mail")
        sid = self.create(s, "system").json["id"]
        end = time.monotonic() + 30
        while self.call("GET", f"/fhir/Subscription/{sid}", token="system").json["status"] != "active":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        pid = self.patient("Unmistakable")
        oid = self.create(observation(pid)).json["id"]
        while not self.box.mails:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        to, text = self.box.mails[0]
        self.assertEqual(["desk@example.org"], to)
        self.assertIn(f"Subscription/{sid}/$events", text)
        for secret in (pid, oid, "Unmistakable", "8867-4", "Observation"):
            self.assertNotIn(secret, text)


class Live(Base):
    def listen(self, sid, last=None, token="system"):
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        h = {"Authorization": "Bearer " + getattr(self, token)}
        if last is not None:
            h["Last-Event-ID"] = str(last)
        c.request("GET", f"/fhir/Subscription/{sid}/$live", headers=h)
        e = Events.__new__(Events)
        e.connection, e.response = c, c.getresponse()
        e.events, e.ended, e.changed = [], threading.Event(), threading.Condition()
        self.addCleanup(e.close)
        threading.Thread(target=e.run, daemon=True).start()
        return e

    def test_live_channel_resumes(self):
        s = backport("", content="full-resource")
        s["channel"] = {**s["channel"], "type": "websocket"}
        del s["channel"]["endpoint"]
        sid = self.subscribe(s)
        e = self.listen(sid)
        self.assertEqual(200, e.response.status)
        e.wait(lambda x: x["event"] == "hello")
        p = self.patient()
        first = self.create(observation(p, 61)).json["id"]
        one = e.wait(lambda x: x["event"] == "notification")
        self.assertEqual("1", one["id"])
        self.assertEqual(first, json.loads(one["data"])["entry"][1]["resource"]["id"])
        e.close()
        for i in range(3):
            self.create(observation(p, 70 + i))
        again = self.listen(sid, last=1)
        again.wait(lambda x: x["event"] == "notification" and x["id"] == "4")
        seen = [n for x in again.events if x["event"] == "notification"
                for n in status(json.loads(x["data"]))["numbers"]]
        self.assertEqual([2, 3, 4], seen)
        self.assertEqual(403, self.listen(sid, token="agent").response.status)

    def test_r110_many_listen_and_leave_while_events_come(self):
        s = backport("", content="full-resource")
        s["channel"] = {**s["channel"], "type": "websocket"}
        del s["channel"]["endpoint"]
        sid, p = self.subscribe(s), self.patient()
        stay = [self.listen(sid) for _ in range(150)]
        for e in stay:
            e.wait(lambda x: x["event"] == "hello")
        done = threading.Event()

        def come_and_go():
            while not done.is_set():
                for e in [self.listen(sid) for _ in range(5)]:
                    e.close()

        goers = [threading.Thread(target=come_and_go) for _ in range(3)]
        for t in goers:
            t.start()
        ids = [self.create(observation(p, 60 + i)).json["id"] for i in range(20)]
        for e in stay:
            e.wait(lambda x: x["event"] == "notification" and x["id"] == "20")
        done.set()
        for t in goers:
            t.join()
        for e in stay:
            told = [x["resource"]["id"] for n in e.events if n["event"] == "notification"
                    for x in json.loads(n["data"])["entry"] if "resource" in x
                    and x["resource"]["resourceType"] == "Observation"]
            self.assertEqual(ids, told)


if __name__ == "__main__":
    main()
