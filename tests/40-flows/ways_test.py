"""By which way: chosen by what somebody allows, prefers and what came back lately, and said in one
sentence; whoever has no other way gets a letter, which is printed, posted and counted once."""
import base64
import http.server
import json
import os
import re
import subprocess
import threading
import unicodedata

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from flows import FlowCase, main
from peers import ACCOUNT, TOKEN, SmsProvider

SYSTEM = "https://weft.health/fhir/"
CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-clients")
# A browser's side of Web Push, by Node's own curves and npm's http_ece: makes keys, reads notices.
BROWSER = """const crypto = require("crypto"), ece = require("http_ece");
const e = crypto.createECDH("prime256v1"), [what, key, auth, body] = JSON.parse(process.argv[1]);
if (what === "keys") { e.generateKeys(); console.log(JSON.stringify([e.getPrivateKey("base64url"),
  e.getPublicKey("base64url"), crypto.randomBytes(16).toString("base64url")])); }
else { e.setPrivateKey(key, "base64url"); process.stdout.write(ece.decrypt(Buffer.from(body, "base64"),
  {version: "aes128gcm", privateKey: e, authSecret: auth})); }"""


def browser(*args):
    done = subprocess.run(["node", "-e", BROWSER, json.dumps(args)], cwd=CLIENTS, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


class PushService(http.server.BaseHTTPRequestHandler):
    """A push service: `plan` says the status of each request, the last for all that follow."""
    plan, got = [201], []

    def do_POST(self):
        cls = PushService
        body = self.rfile.read(int(self.headers["Content-Length"]))
        cls.got.append((self.path, dict(self.headers), body))
        self.send_response(cls.plan.pop(0) if len(cls.plan) > 1 else cls.plan[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def consent(patient, channel, kind="permit", address=None):
    coding = [{"system": SYSTEM + "contact-channel", "code": channel}]
    c = {"resourceType": "Consent", "status": "active", "dateTime": "2020-03-01T10:00:00Z",
         "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                               "code": "patient-privacy"}]},
         "category": [{"coding": [{"system": SYSTEM + "consent-category", "code": "contact"}]}],
         "patient": {"reference": f"Patient/{patient}"}, "policyRule": {"text": "spoken"},
         "provision": {"type": kind, "code": [{"coding": coding}],
                       "purpose": [{"system": SYSTEM + "contact-purpose", "code": "care"}]}}
    if address:
        c["extension"] = [{"url": SYSTEM + "StructureDefinition/consent-contact-point",
                           "valueContactPoint": {"system": "phone" if address[0] == "+" else "email",
                                                 "value": address}}]
    return c


def readable(pdf):
    """What an independent reader finds in it, letter forms brought back to letters."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, timeout=60)
    text = unicodedata.normalize("NFKC", done.stdout.decode())
    return re.sub(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text)


class WithPeople:
    """Patients with numbers of their own that are known to be mobile, who agree to be written to."""
    street = ["12 Elm Street"]  # where letters arrive

    def person(self, id, phone="", mail="", language="en", consents=True):
        wireless = [{"url": SYSTEM + "StructureDefinition/line-type", "valueCode": "wireless"},
                    {"url": SYSTEM + "StructureDefinition/reassigned-check", "extension": [
                        {"url": "result", "valueCode": "no"},
                        {"url": "date", "valueDateTime": self.clock.stamp()[:10]}]}]
        telecom = [{"system": "phone", "value": phone, "extension": wireless}] if phone else []
        telecom += [{"system": "email", "value": mail}] if mail else []
        p = {"resourceType": "Patient", "id": id, "name": [{"given": ["Ana"], "family": "Sol"}],
             "birthDate": "1960-01-01",
             "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": language}]}}],
             "address": [{"city": "Peoria", "state": "IL", "country": "US", "postalCode": "61602"}]}
        if self.street:
            p["address"][0]["line"] = self.street
        if telecom:
            p["telecom"] = telecom
        self.expect(201, self.call("PUT", f"/fhir/Patient/{id}", p, "system"))
        for channel, address in (("sms", phone), ("email", mail)):
            if address and consents:
                self.expect(201, self.call("POST", "/fhir/Consent", consent(id, channel, address=address),
                                           "system"))


class Ways(WithPeople, FlowCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = SmsProvider()
        cls.push = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PushService)
        cls.endpoint = "http://127.0.0.1:%d" % cls.push.server_port
        threading.Thread(target=cls.push.serve_forever, daemon=True).start()
        super().setUpClass()
        cls.provider.webhook = f"http://127.0.0.1:{cls.house.port}/webhooks/sms"

    @classmethod
    def prepare(cls):
        token = f"{cls.house.folder}/sms.token"
        with open(token, "w", encoding="utf-8") as f:
            f.write(TOKEN + "\n")
        cls.house.tokens["system"] = cls.house.token("system")
        cls.house.configure(f"sms.channel = twilio\nsms.url = {cls.provider.url}\n"
                            f"sms.account = {ACCOUNT}\nsms.token_file = {token}\n"
                            "sms.route = us_10dlc\nsms.campaign_approved = true\n"
                            "letter.channel = print\noutreach.undo_seconds = 0\n"
                            "push.channel = webpush\npush.allow = 127.0.0.1\npush.allow_http = true\n"
                            "push.contact = mailto:care@example.org\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.provider.down()
        cls.push.shutdown()
        cls.push.server_close()

    def chosen(self, patient, **more):
        c = self.check(patient, channel="", **more)
        self.assertEqual("allow", c["verdict"]["decision"], c)
        self.assertTrue(all(c["because"].values()), c["because"])
        return c["channel"], c["because"]["en"]

    def letters(self, *ids):
        return [x for x in self.get("/letters")["letters"] if x["id"] in ids]

    def test_what_came_back_lately_is_not_tried_first(self):
        self.person("two", phone="+13125550190", mail="two@example.org")
        self.assertEqual(("sms", "text message: they prefer it"), self.chosen("two"))
        id = self.expect(201, self.send("two", channel="")).json["id"]
        self.message(id, "in-progress")
        sid = [m for m in self.provider.accepted if m["key"] == id][0]["sid"]
        self.assertEqual(200, self.provider.receipt(sid, "undelivered", ErrorCode="30003"))
        self.message(id, "stopped")
        self.expect(201, self.call("POST", "/fhir/Consent", consent("two", "letter"), "system"))
        self.assertEqual(("email", "e-mail: another one came back lately"), self.chosen("two"))
        self.assertEqual(("email", "e-mail: another one came back lately"), self.chosen("two", urgent=True))
        lines = self.found("/fhir/AuditEvent?entity=Communication/" + id + "&_count=50", "privacy")
        self.assertIn("they prefer it", str(lines))

    def test_a_letter_is_printed_posted_and_counted_once(self):
        self.person("amal", language="ar")
        self.person("rosa", language="es")
        self.assertEqual(("letter", "letter: it is the only one they allow"), self.chosen("amal"))
        ids = [self.expect(201, self.send(p, channel="")).json["id"] for p in ("amal", "rosa")]
        for id in ids:
            self.message(id, "in-progress")
        waiting = self.letters(*ids)
        self.assertEqual(["", ""], [x["run"] for x in waiting])
        self.assertEqual("12 Elm Street\nPeoria IL 61602", waiting[0]["to"])
        self.expect(403, self.call("GET", "/letters", user="privacy"))
        run = self.expect(201, self.call("POST", "/letters", {})).json
        self.assertEqual(2, run["letters"])
        self.expect(422, self.call("POST", "/letters", {}))  # nothing is in two runs
        pdf = self.expect(200, self.call("GET", f"/letters/{run['run']}/run.pdf"))
        text = readable(pdf.body)
        for words in ("Bright River Clinic", "12 Elm Street", "Llame hoy a su enfermera", "Hola Ana",
                      "اتصل اليوم بالممرضة", "لإيقاف هذه الرسائل اتصل"):
            self.assertIn(words, text)
        self.assertEqual(1, self.mark(ids[1], "unpostable"))
        self.assertEqual(1, self.mark(run["run"], "posted"))
        self.assertEqual(0, self.mark(run["run"], "posted"))
        self.assertEqual("completed", self.get(f"/fhir/Communication/{ids[0]}", "outreach")["status"])
        self.assertEqual("stopped", self.get(f"/fhir/Communication/{ids[1]}", "outreach")["status"])
        self.assertEqual(0, self.mark(ids[0], "unpostable"))  # it is in the post: never backwards
        self.assertEqual([], self.letters(*ids))
        self.expect(404, self.call("GET", f"/letters/{run['run']}/run.pdf"))
        self.assertEqual({"letter": 1}, self.get("/fhir/Patient/amal/$contact-budget")["channels"])
        trail = self.found("/fhir/AuditEvent?_count=200&_sort=-date", "privacy")
        self.assertEqual(2, len([e for e in trail if "letter-posted" in str(e)]))

    def mark(self, id, state):
        return self.expect(200, self.call("POST", f"/letters/{id}", {"state": state})).json["letters"]

    def test_nothing_is_posted_by_itself_to_somebody_who_said_stop(self):
        self.person("lou", phone="+13125550191", consents=False)
        self.expect(201, self.call("POST", "/fhir/Consent", consent("lou", "sms", "deny"), "system"))
        c = self.check("lou", channel="")
        self.assertEqual(("sms", "deny"), (c["channel"], c["verdict"]["decision"]))

    def notices(self, me, status=204, **what):
        return self.expect(status, self.call("POST", f"/fhir/Patient/{me}/$notices", what, "patient"))

    def devices(self, me):
        return self.get(f"/fhir/Patient/{me}/$notices", "patient")["devices"]

    def notice(self, me, status, *plan):
        """Sends one by this way; what the service got of it."""
        PushService.plan, before = list(plan), len(PushService.got)
        id = self.expect(201, self.send(me, channel="push")).json["id"]
        self.message(id, status, timeout=60)
        return id, PushService.got[before:]

    def check_identity(self, header, key):
        scheme, token, k = re.fullmatch(r"(vapid) t=(\S+), k=(\S+)", header).groups()
        head, claims, signature = token.split(".")
        self.assertEqual(key, k)
        self.assertEqual("ES256", json.loads(unpadded(head))["alg"])
        claims_of = json.loads(unpadded(claims))
        self.assertEqual((self.endpoint, "mailto:care@example.org"), (claims_of["aud"], claims_of["sub"]))
        self.assertTrue(0 < claims_of["exp"] - self.clock.now() <= 24 * 3600)
        raw = unpadded(signature)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(k)).verify(
            utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")),
            f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))

    def test_a_notice_says_only_that_there_is_a_message(self):
        if not os.path.isdir(os.path.join(CLIENTS, "node_modules", "http_ece")):
            self.skipTest("http_ece is not in tests/30-clients/node_modules (tools/setup test)")
        me = self.house.accounts["patient"]["patient"]
        private, public, auth = json.loads(browser("keys"))
        device = {"on": True, "endpoint": self.endpoint + "/push/a", "p256dh": public, "auth": auth}
        key = self.get(f"/fhir/Patient/{me}/$notices", "patient")["key"]
        self.expect(403, self.call("GET", f"/fhir/Patient/{me}/$notices"))
        self.expect(422, self.send(me, channel="push"))  # no device, so no such way
        for endpoint in ("http://10.0.0.9/x", "http://[::1]/x", "https://192.168.1.1/x", "ftp://a.example/x"):
            self.notices(me, 422, **{**device, "endpoint": endpoint})
        self.notices(me, 400, **{**device, "auth": public})
        self.notices(me, **device)
        self.notices(me, **device)
        self.assertEqual(1, self.devices(me))
        newest = self.found(f"/fhir/Consent?patient=Patient/{me}&_sort=-date&_count=1")[0]
        self.assertEqual(("permit", "push"), (newest["provision"]["type"],
                                              newest["provision"]["code"][0]["coding"][0]["code"]))

        id, got = self.notice(me, "completed", 503, 201)  # busy, then taken: one topic
        self.assertEqual(2, len(got))
        self.assertEqual(got[0][1]["Topic"], got[1][1]["Topic"])
        path, head, body = got[1]
        self.assertEqual(("/push/a", "aes128gcm", "high"),
                         (path, head["Content-Encoding"], head["Urgency"]))
        self.assertTrue(0 < int(head["TTL"]) <= 28 * 24 * 3600)
        self.check_identity(head["Authorization"], key)
        read = browser("read", private, auth, base64.b64encode(body).decode())
        words = self.get(f"/fhir/Communication/{id}", "outreach")["payload"][0]["contentString"]
        self.assertIn(read.decode(), ("You have a message from your clinic.", "Tiene un mensaje de su clínica.",
                                      "لديك رسالة من عيادتك."))
        self.assertIn("+1 503 555 0100", words)  # which waits in the portal
        self.assertIn(id, [c["id"] for c in self.found(f"/fhir/Communication?patient=Patient/{me}", "patient")])
        self.assertNotEqual(got[0][2][:16], body[:16])  # a salt and a key of its own each time

        self.notice(me, "not-done", 410)
        self.assertEqual(0, self.devices(me))
        self.expect(422, self.send(me, channel="push"))
        self.notices(me, **device)
        self.notices(me, on=False, endpoint=device["endpoint"])
        self.expect(422, self.send(me, channel="push"))
        newest = self.found(f"/fhir/Consent?patient=Patient/{me}&_sort=-date&_count=1")[0]
        self.assertEqual("deny", newest["provision"]["type"])


if __name__ == "__main__":
    main()
