"""Mail through a real SMTP server (aiosmtpd) with STARTTLS and sign-in: arrives once, in every language, signed, with
its headers right; a server that is away, refuses, or breaks off gets what is promised. What comes back through the
intake (bounces, complaints, answers) does what is promised once, and only when it is ours. A real Postfix returns what
it cannot deliver."""
import base64
import email
import email.policy
import logging
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest.mock
import warnings

PYTHON = "/usr/bin/python3"
try:
    import aiosmtpd  # noqa: F401
    import dkim  # noqa: F401
except ImportError:  # Debian's module belongs to Debian's Python
    if sys.executable != PYTHON and os.path.exists(PYTHON):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    print("skipped: python3-aiosmtpd or python3-dkim is not installed")
    sys.exit(77)

import ssl  # noqa: E402
import urllib.error  # noqa: E402
import urllib.parse  # noqa: E402
import urllib.request  # noqa: E402

from aiosmtpd.controller import Controller  # noqa: E402
from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402

from flows import FlowCase, free_port, main, wait_for  # noqa: E402

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore", DeprecationWarning)
USER, PASSWORD, INTAKE = "weft", "the-mail-password", "the-key-of-the-intake"


class Mailbox:
    """`plan`: one word a message, the last for all that follow: ok | 550 | 451 | 554-data | cut-rcpt | 550-5.1.1 |
    cut-data (the text taken, the line broken before the answer)."""

    def __init__(self):
        self.plan, self.mails, self.tries, self.recipients, self.senders = ["ok"], [], [], [], []

    def word(self):
        return self.plan[0]

    def next(self):
        self.tries.append(self.plan[0])
        if len(self.plan) > 1:
            self.plan.pop(0)

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.recipients.append(address)
        w = self.word()
        if w == "cut-rcpt":
            self.next()
            server.transport.abort()
            return "250 OK"
        if w in ("550", "451", "550-5.1.1"):
            self.next()
            return f"{w.replace('-', ' ')} no {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        w = self.word()
        self.next()
        if w == "554-data":
            return "554 no"
        self.senders.append(envelope.mail_from)
        self.mails.append((list(envelope.rcpt_tos), envelope.content))
        if w == "cut-data":
            server.transport.abort()
        return "250 OK"


class Tls(Controller):
    def __init__(self, *a, context, **k):
        self.context = context
        super().__init__(*a, **k)

    def factory(self):
        return SMTP(self.handler, tls_context=self.context, require_starttls=True,
                    auth_required=True, authenticator=sign_in, enable_SMTPUTF8=False)


def public_key(path):
    """The TXT record under the selector, made of the private key."""
    der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    kind, raw = ("ed25519", der[-32:]) if len(der) < 64 else ("rsa", der)
    return f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode()}".encode()


def bounce(to, status, original=None, action="failed"):
    """RFC 3464, as a mail server writes it."""
    return textwrap.dedent(f"""\
        Return-Path: <>
        From: MAILER-DAEMON@mx.example.net
        To: {to}
        Subject: Undelivered Mail Returned to Sender
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b/1"

        --b/1
        Content-Type: text/plain

        Sorry. STOP
        --b/1
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.net

        Final-Recipient: rfc822; somebody@example.net
        Action: {action}
        Status: {status}

        --b/1
        Content-Type: text/rfc822-headers

        Message-ID: {original or '<none@example.net>'}
        --b/1--
        """)


def complaint(original):
    """RFC 5965."""
    return textwrap.dedent(f"""\
        From: <abuse@isp.example>
        Content-Type: multipart/report; report-type=feedback-report; boundary=b

        --b
        Content-Type: message/feedback-report

        Feedback-Type: abuse
        User-Agent: isp/1
        Version: 1

        --b
        Content-Type: message/rfc822

        Message-ID: {original}
        Subject: x

        x
        --b--
        """)


def sign_in(server, session, envelope, mechanism, data):
    good = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good)


def written(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Postfix:
    """Debian's Postfix with folders of its own: takes what we send (STARTTLS), knows nobody at example.org, and hands
    what returns to mail.example.org to `script` (pipe), as a house would."""

    def __init__(self, key, crt, script):
        self.folder = tempfile.mkdtemp(prefix="weft-postfix-")
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        owner = pwd.getpwnam("postfix")
        for name in ("queue", "data"):
            os.mkdir(os.path.join(self.folder, name), 0o755)
        os.chown(os.path.join(self.folder, "data"), owner.pw_uid, owner.pw_gid)
        for name, path in (("key.pem", key), ("crt.pem", crt)):
            shutil.copy(path, os.path.join(self.folder, name))
        written(self.folder, "transport", "mail.example.org weft:\n")
        written(self.folder, "main.cf", textwrap.dedent(f"""\
            compatibility_level = 3.6
            queue_directory = {self.folder}/queue
            data_directory = {self.folder}/data
            maillog_file = {self.folder}/log
            maillog_file_prefixes = {self.folder}
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = mx.example.org
            mydestination = example.org
            local_recipient_maps =
            alias_maps =
            relay_domains = mail.example.org
            transport_maps = texthash:{self.folder}/transport
            mynetworks = 127.0.0.0/8
            smtpd_tls_security_level = encrypt
            smtpd_tls_cert_file = {self.folder}/crt.pem
            smtpd_tls_key_file = {self.folder}/key.pem
            disable_dns_lookups = yes
            smtpd_peername_lookup = no
            weft_destination_recipient_limit = 1
            queue_run_delay = 1s
            minimal_backoff_time = 1s
            maximal_backoff_time = 2s
            """))
        services = ["pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr",
                    "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce",
                    "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "flush unix n - n 1000 0 flush",
                    "local unix - n n - - local", "error unix - - n - - error", "retry unix - - n - - error", "tlsmgr unix - - n 1000 1 tlsmgr",
                    "proxymap unix - - n - - proxymap", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache",
                    "postlog unix-dgram n - n - 1 postlogd", "smtp unix - - n - - smtp",
                    f"127.0.0.1:{self.port} inet n - n - - smtpd",
                    f"weft unix - n n - 4 pipe flags=R user=nobody argv={script} ${{recipient}}"]
        written(self.folder, "master.cf", "\n".join(services) + "\n")
        self.command("start")

    def command(self, word):
        subprocess.run(["/usr/sbin/postfix", "-c", self.folder, word], check=True, capture_output=True, timeout=60)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def close(self):
        self.command("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Mail(FlowCase):
    dkim_kind, dkim_more = "ed25519", []

    @classmethod
    def prepare(cls):
        f = cls.house.folder
        cls.key, cls.crt = os.path.join(f, "key.pem"), os.path.join(f, "crt.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", cls.key, "-out", cls.crt,
                        "-days", "30", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
                       env=cls.clock.env())
        password = written(f, "mail.password", PASSWORD + "\n")
        cls.dkim_key = os.path.join(f, "dkim.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", cls.dkim_kind, *cls.dkim_more, "-out", cls.dkim_key],
                       check=True, capture_output=True)
        cls.password, cls.port, cls.box = password, free_port(), Mailbox()
        cls.house.configure(f"smtp.channel = smtp\nsmtp.url = smtp://127.0.0.1:{cls.port}\n"
                            f"smtp.user = {USER}\nsmtp.password_file = {password}\n"
                            f"smtp.ca_file = {cls.crt}\noutreach.undo_seconds = 0\n"
                            f"smtp.dkim_key_file = {cls.dkim_key}\nsmtp.dkim_selector = weft1\n"
                            f"smtp.intake_key_file = {written(f, 'intake.key', INTAKE)}\n"
                            "smtp.bounce = bounce@mail.example.org\n"
                            "outreach.clinic = Bright River – Zürich Clinic\n")
        cls.up()

    @classmethod
    def up(cls):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.crt, cls.key)
        cls.controller = Tls(cls.box, hostname="127.0.0.1", port=cls.port, context=context)
        cls.controller.start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.controller.stop()

    def setUp(self):
        self.box.plan = ["ok"]

    def mail(self, patient, *plan, **more):
        if plan:
            self.box.plan = list(plan)
        a = self.send(patient, channel="email", **more)
        return self.expect(201, a).json["id"]

    def arrived(self, id):
        found = []
        for to, raw in self.box.mails:
            m = email.message_from_bytes(raw, policy=email.policy.default)
            if m["Message-ID"].startswith(f"<{id}-"):
                found.append((to, m))
        return found

    def one(self, id):
        found = self.arrived(id)
        self.assertEqual(1, len(found))
        return found[0]

    def test_arrives_once_with_its_headers(self):
        subject = "Una nota de su clínica: por favor llámenos cuando pueda, mañana o el lunes — gracias"
        id = self.mail("p0009", template="", subject=subject, text="Por favor llámenos. ¡Gracias!")
        c = self.message(id, "completed")
        to, m = self.one(id)
        self.assertEqual(["p0009@example.org"], to)
        self.assertEqual("p0009@example.org", m["To"])
        self.assertEqual(subject, m["Subject"])
        self.assertEqual("care@example.org", m["From"].addresses[0].addr_spec)
        self.assertEqual("Bright River – Zürich Clinic", m["From"].addresses[0].display_name)
        self.assertRegex(m["Message-ID"], f"^<{id}-0[0-9a-f]{{24}}@example.org>$")
        self.assertIsNone(m["Auto-Submitted"])  # a nurse wrote it
        self.assertEqual("single:weft:example.org", m["Feedback-ID"])
        self.assertIsNone(m["List-Unsubscribe"])
        self.assertTrue(m["Date"].datetime.tzinfo)
        self.assertIsNone(m["Cc"])
        self.assertIsNone(m["Bcc"])
        self.assertEqual(c["payload"][0]["contentString"], m.get_content().rstrip("\r\n"))
        raw = [r for t, r in self.box.mails if id.encode() in r][0]
        self.assertTrue(all(len(x) <= 998 for x in raw.split(b"\r\n")))
        self.assertTrue(all(len(x) <= 78 for x in raw.split(b"\r\n\r\n")[0].split(b"\r\n")))
        sender = self.box.senders[[r for t, r in self.box.mails].index(raw)]
        self.assertRegex(sender, f"^bounce\\+{id}-0[0-9a-f]{{24}}@mail.example.org$")
        self.signed(raw)

    def signed(self, raw):
        """By a verifier that is not ours; and nothing of it can be changed."""
        asked = []

        def look(name, timeout=5):
            asked.append(name)
            return public_key(self.dkim_key)
        with unittest.mock.patch("dkim.time.time", lambda now=self.clock.now(): now):  # the house's day: t= is not ahead
            self.verify(raw, look)
        self.assertEqual({b"weft1._domainkey.example.org."}, set(asked))

    def verify(self, raw, look):
        self.assertTrue(dkim.verify(raw, dnsfunc=look))
        head, body = raw.split(b"\r\n\r\n", 1)
        for other in (raw.replace(b"Feedback-ID: ", b"Feedback-ID: x"), raw[:-6] + b"AAAA\r\n",
                      b"Subject: free money\r\n" + raw, head + b"\r\nTo: <x@example.net>\r\n\r\n" + body):
            self.assertFalse(dkim.verify(other, dnsfunc=look), other[:60])

    def test_arabic_comes_through(self):
        self.assertEqual("ar", self.house.truth["p0012"]["language"])
        id = self.mail("p0012")
        c = self.message(id, "completed")
        _, m = self.one(id)
        words = m.get_content()
        self.assertEqual(c["payload"][0]["contentString"], words.rstrip("\r\n"))
        self.assertTrue(any("\u0600" <= x <= "\u06ff" for x in words))
        self.assertTrue(any("\u0600" <= x <= "\u06ff" for x in m["Subject"]))

    def test_a_subject_cannot_add_headers(self):
        id = self.mail("p0010", template="", text="Please call us.",
                       subject="Hello\r\nBcc: spy@example.net\r\n\r\nBody")
        self.message(id, "completed")
        to, m = self.one(id)
        self.assertEqual(["p0010@example.org"], to)
        self.assertIsNone(m["Bcc"])

    def test_server_down_and_back(self):
        self.controller.stop()
        id = self.mail("p0002")
        time.sleep(3)
        self.assertEqual("preparation", self.get(f"/fhir/Communication/{id}")["status"])
        self.up()
        self.message(id, "completed", timeout=60)
        self.one(id)

    def test_not_now_is_later_never_is_never(self):
        id = self.mail("p0008", "451", "cut-rcpt", "ok")
        self.message(id, "completed", timeout=60)
        self.one(id)
        for patient, word in (("p0013", "550"), ("p0014", "554-data")):
            id = self.mail(patient, word, "ok")
            c = self.message(id, "not-done", "completed")
            self.assertEqual("not-done", c["status"], word)
            self.assertIn("refused", c["statusReason"]["text"])
            self.assertEqual([], self.arrived(id))

    def test_broken_off_in_the_text_is_not_repeated(self):
        """The server took it and the line broke before its word: a person looks, nothing goes twice."""
        id = self.mail("p0016", "cut-data", "ok")
        c = self.message(id, "unknown", "completed")
        self.assertEqual("unknown", c["status"])
        time.sleep(3)
        self.one(id)

    # what comes back

    def hand_in(self, to, text, key=INTAKE, status=200):
        """As the house's mail server does; the answer's word."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.house.port}/webhooks/mail?r={urllib.parse.quote(to)}",
            text.encode() if isinstance(text, str) else text, {"X-Mail-Key": key, "Content-Type": "message/rfc822"})
        try:
            with urllib.request.urlopen(request, timeout=60) as a:
                word, got = a.read().decode().strip(), a.status
        except urllib.error.HTTPError as e:
            word, got = e.read().decode(), e.code
            e.close()
        self.assertEqual(status, got, word)
        return word

    def sent(self, patient, **more):
        """A mail that left: its id, its return address and the mail."""
        id = self.mail(patient, **more)
        self.message(id, "completed")
        _, m = self.one(id)
        return id, [x for x in self.box.senders if f"+{id}-" in x][-1], m

    def mark(self, patient):
        for t in self.get(f"/fhir/Patient/{patient}")["telecom"]:
            for e in t.get("extension", []):
                if e["url"].endswith("/contact-suppressed"):
                    return {x["url"]: next(v for k, v in x.items() if k.startswith("value")) for x in e["extension"]}
        return None

    def refused(self, patient):
        return self.expect(422, self.send(patient, channel="email"), "CAP-06")

    def test_a_mailbox_that_is_gone(self):
        id, back, m = self.sent("p0003")
        for to, text in ((back.replace("-0", "-1"), bounce(back, "5.1.1")), ("bounce+x@mail.example.org", bounce(back, "5.1.1")),
                         ("care@example.org", bounce(back, "5.1.1", f"<{id}-0{'0' * 24}@example.org>"))):
            self.assertEqual("nothing", self.hand_in(to, text))  # forged
        self.hand_in(back, bounce(back, "5.1.1"), key="wrong", status=403)
        self.assertEqual("nothing", self.hand_in(back, bounce(back, "4.4.1", action="delayed")))
        self.assertIsNone(self.mark("p0003"))
        self.assertEqual("completed", self.get(f"/fhir/Communication/{id}")["status"])
        for _ in range(2):
            self.assertEqual("bounce", self.hand_in(back, bounce(back, "5.1.1")))
        c = self.get(f"/fhir/Communication/{id}")
        self.assertEqual(("stopped", "not delivered (provider code 5.1.1)"), (c["status"], c["statusReason"]["text"]))
        self.assertEqual(("bounce", "5.1.1"), (self.mark("p0003")["reason"], self.mark("p0003")["code"]))
        self.refused("p0003")
        # found by the Message-ID too, where a server returns it to another address
        id, back, m = self.sent("p0015")
        self.assertEqual("bounce", self.hand_in("care@example.org", bounce("care@example.org", "5.1.1", m["Message-ID"])))
        self.assertEqual("bounce", self.mark("p0015")["reason"])

    def test_an_incident_s_notice_goes_by_itself(self):
        """With the rulebook asked; what comes back or is refused is the office's again, who may post it."""
        p = self.get("/fhir/Patient/p0018")
        for t in p["telecom"]:
            t["rank"] = 1 if t["system"] == "email" else 2
        self.expect(200, self.call("PUT", "/fhir/Patient/p0018", p))
        say = {k: "We train our people." for k in ("happened", "steps", "doing", "contact")}

        def incident():
            at = "/incidents/" + self.expect(201, self.call("POST", "/incidents", {
                "what": "A list was lost.", "patients": ["p0018"]}, "privacy")).json["id"]
            self.expect(200, self.call("POST", at + "/assess", {"notice": say, **{k: "Known." for k in (
                "nature", "recipient", "acquired", "mitigation", "reason")}}, "privacy"))
            return at

        def row(at, *statuses):
            def look():
                r, = self.get(at + "/letters", "privacy")["letters"]
                return r if r["status"] in statuses else None
            return wait_for(look, f"the notice to be {statuses}")

        def returned(at):
            return self.get(at + "/letters", "privacy")["returned"]

        def ask(at):
            self.assertEqual({"queued": 1}, self.expect(200, self.call("POST", at + "/send", {}, "privacy")).json)

        first, second, third = incident(), incident(), incident()
        self.r300_not_to_a_helper(third, ask, row)
        ask(first)
        self.assertEqual("email", row(first, "sent")["channel"], row(first, "sent"))
        c, = self.found(f"/fhir/Communication?part-of=Task/{first[11:]}", "privacy")
        to, m = self.one(c["id"])
        self.assertEqual((["p0018@example.org"], c["topic"]["text"]), (to, m["Subject"]))
        self.assertIn("We train our people.", m.get_content())
        self.assertEqual(404, self.call("GET", "/fhir/Communication/" + c["id"], user="agent").status)
        back = [x for x in self.box.senders if f"+{c['id']}-" in x][-1]
        self.assertEqual("bounce", self.hand_in(back, bounce(back, "5.1.1")))
        r = row(first, "returned")
        self.assertEqual(("letter", "not delivered (provider code 5.1.1)"), (r["channel"], r["why"]))
        self.assertEqual(1, returned(first))
        ask(first)  # by post now
        self.assertEqual(0, returned(first))  # R305: a letter follows
        self.assertEqual("letter", row(first, "queued")["channel"])
        self.assertTrue(self.call("GET", first + "/letters.pdf", user="privacy").body.startswith(b"%PDF"))
        self.expect(200, self.call("POST", first + "/letters", {"patient": "p0018", "state": "sent"}, "privacy"))
        ask(second)  # the address is known to be dead: the rulebook says no, and nothing leaves
        self.assertIn("letter", row(second, "returned")["channel"])
        self.assertEqual(1, len([t for t in self.box.recipients if t == "p0018@example.org"]))
        self.expect(200, self.call("PUT", "/fhir/Patient/p0018", p))  # with no mark: others write to them, too

    def r300_not_to_a_helper(self, at, ask, row):
        """Whom the patient named for other messages is told of no incident (45 CFR 164.404(d)(1))."""
        of = "https://weft.health/fhir/"

        def put(kind, resource):
            a = self.call("PUT", f"/fhir/{kind}/mia18", {
                "resourceType": kind, "id": "mia18", "patient": {"reference": "Patient/p0018"}, **resource})
            self.assertIn(a.status, (200, 201), a.body[:1000])

        def says(status):
            put("Consent", {"status": status, "dateTime": self.clock.stamp(60), "policyRule": {"text": "spoken"}, "scope": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
                "category": [{"coding": [{"system": of + "consent-category", "code": "contact"}]}],
                "provision": {"type": "permit", "code": [{"coding": [{"system": of + "contact-channel", "code": "email"}]}],
                              "purpose": [{"system": of + "contact-purpose", "code": "care"}],
                              "actor": [{"role": {"coding": [{"code": "PRCP"}]},
                                         "reference": {"reference": "RelatedPerson/mia18"}}]}})
        put("RelatedPerson", {"name": [{"text": "Mia"}], "telecom": [{"system": "email", "value": "mia18@example.org"}]})
        says("active")
        ask(at)
        self.assertEqual(("returned", "letter"), tuple(row(at, "returned", "sent")[k] for k in ("status", "channel")))
        self.assertNotIn("mia18@example.org", self.box.recipients)
        says("inactive")

    def test_full_today(self):
        """A mailbox that takes nothing now gets it once more, a quarter of an hour later."""
        id, back, m = self.sent("p0010")
        for _ in range(2):
            self.assertEqual("bounce", self.hand_in(back, bounce(back, "4.2.2")))
        c = self.get(f"/fhir/Communication/{id}")
        self.assertEqual(("preparation", "not delivered yet; it is sent again (provider code 4.2.2)"),
                         (c["status"], c["statusReason"]["text"]))
        self.assertIsNone(self.mark("p0010"))
        self.house.stop()
        self.clock.offset += 16 * 60
        self.house.tokens.clear()  # their sessions rested too long
        self.house.start()
        self.message(id, "completed", timeout=60)
        first, second = self.arrived(id)
        self.assertEqual(first[1]["Message-ID"], second[1]["Message-ID"])
        again = [x for x in self.box.senders if f"+{id}-" in x][-1]
        self.assertNotEqual(back, again)
        self.assertEqual("bounce", self.hand_in(back, bounce(back, "4.2.2")))  # the first one's, late
        self.assertEqual("completed", self.get(f"/fhir/Communication/{id}")["status"])

    def test_what_is_wrong_with_the_message_leaves_the_address(self):
        id, back, _ = self.sent("p0017")
        self.assertEqual("bounce", self.hand_in(back, bounce(back, "5.7.1")))
        self.assertEqual("stopped", self.get(f"/fhir/Communication/{id}")["status"])
        self.assertIsNone(self.mark("p0017"))

    def test_no_such_address_said_at_once(self):
        id = self.mail("p0019", "550-5.1.1", "ok")
        c = self.message(id, "not-done", "completed")
        self.assertEqual("there is no such address", c["statusReason"]["text"])
        self.assertEqual("bounce", self.mark("p0019")["reason"])
        self.assertNotIn("p0019@example.org", self.house.read_log())

    def test_unwanted(self):
        id, back, m = self.sent("p0024")
        self.assertEqual("nothing", self.hand_in("fbl@example.org", complaint(f"<{id}-0{'a' * 24}@example.org>")))
        for _ in range(2):
            self.assertEqual("complaint", self.hand_in("fbl@example.org", complaint(m["Message-ID"])))
        self.assertEqual("complaint", self.mark("p0024")["reason"])
        self.refused("p0024")
        consents = self.found("/fhir/Consent?patient=Patient/p0024&_count=50", "outreach")
        self.assertEqual(1, len([c for c in consents if "unwanted" in c.get("policyRule", {}).get("text", "")]))
        tasks = self.found("/fhir/Task?patient=Patient/p0024&group-identifier=complaint")  # as campaigns count harm
        self.assertEqual(1, len(tasks))
        self.assertIn({"reference": f"Communication/{id}"}, [tasks[0]["focus"]])

    def answer_to(self, m, text, frm, **fields):
        head = {"From": frm, "Subject": f"Re: {m['Subject']}", "Message-ID": f"<{time.monotonic_ns()}@example.net>",
                "In-Reply-To": m["Message-ID"], "Content-Type": "text/plain; charset=utf-8", **fields}
        quoted = "".join(f"> {x}\r\n" for x in m.get_content().splitlines())
        lines = "".join(f"{k}: {v}\r\n" for k, v in head.items() if v)
        return f"{lines}\r\n{text}\r\n\r\nOn Tue, 24 Nov 2026 at 09:30, Bright River <\r\n" \
               f"care@example.org> wrote:\r\n\r\n{quoted}"

    def words(self, patient):
        mine = f"/fhir/Communication?subject=Patient/{patient}&sender=Patient/{patient}&_count=50"
        return [c["payload"][0]["contentString"] for c in self.found(mine)]

    def test_answers_and_stop(self):
        _, _, m = self.sent("p0022")
        text = self.answer_to(m, "Me siento mejor, mañana llamo", "Somebody <p0022@example.org>")
        for _ in range(2):
            self.assertEqual("reply", self.hand_in("care@example.org", text))
        self.assertEqual(["Me siento mejor, mañana llamo"], self.words("p0022"))
        # from another address, in answer to our mail: theirs; out of the office: nobody's words
        self.hand_in("care@example.org", self.answer_to(m, "From my office", "boss@example.com"))
        away = self.answer_to(m, "I am away", "p0022@example.org", **{"Auto-Submitted": "auto-replied"})
        self.assertEqual("nothing", self.hand_in("care@example.org", away))
        self.assertEqual({"Me siento mejor, mañana llamo", "From my office"}, set(self.words("p0022")))
        # the quoted words "reply STOP" were no stop; their own are
        self.expect(200, self.call("POST", "/fhir/Communication/$check", self.draft("p0022", channel="email")))
        self.hand_in("care@example.org", self.answer_to(m, "Stop", "p0022@example.org"))
        confirmation = wait_for(lambda: [x for t, r in self.box.mails if t == ["p0022@example.org"] for x in [
            email.message_from_bytes(r, policy=email.policy.default)]
            if x["Auto-Submitted"] == "auto-replied" and "START" in x.get_content()],  # not that a nurse will read
            "the confirmation of the stop")
        self.assertEqual(1, len(confirmation))
        self.assertEqual(422, self.send("p0022", channel="email").status)
        # anybody can write a From: only an answer to our mail starts again
        self.hand_in("care@example.org", f"From: p0022@example.org\r\nMessage-ID: <s1@x>\r\n\r\nSTART")
        self.assertEqual(422, self.send("p0022", channel="email").status)
        self.hand_in("care@example.org", self.answer_to(confirmation[0], "START", "p0022@example.org"))
        self.sent("p0022")

    def test_one_click(self):
        """RFC 8058: what a mail program posts to the link of List-Unsubscribe (which one: mail_test.c)."""
        a = self.expect(201, self.call("POST", "/fhir/Patient/p0023/$contact-link", {}))
        path = "/contact/" + a.json["link"].rsplit("/", 1)[1]
        self.assertEqual(200, self.call("GET", path, user=None).status)  # scanners open it: nothing ends
        self.sent("p0023")
        for _ in range(2):
            form = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
            self.expect(200, self.call("POST", path, form, user=None,
                                       headers={"Content-Type": "multipart/form-data; boundary=b"}))
        self.assertEqual(422, self.send("p0023", channel="email").status)
        consents = self.found("/fhir/Consent?patient=Patient/p0023&_count=50", "outreach")
        self.assertEqual(1, len([c for c in consents if "one click" in c.get("policyRule", {}).get("text", "")]))

    @unittest.skipUnless(os.path.exists("/usr/sbin/postfix") and os.geteuid() == 0, "no postfix, or not root")
    def test_a_real_server_returns_it(self):
        """Postfix takes the mail, finds nobody, and its bounce comes in by the script of docs/adr/0030."""
        hook = tempfile.mkdtemp(prefix="weft-hook-")
        os.chmod(hook, 0o755)
        self.addCleanup(shutil.rmtree, hook)
        self.house.stop()
        self.house.listen_at = f"127.0.0.1:{free_port()}"
        script = shutil.copy(os.path.join(os.environ["WEFT_SOURCE"], "tools", "mail-in"), hook)
        os.chmod(script, 0o755)
        os.chmod(written(hook, "header", f"X-Mail-Key: {INTAKE}\n"), 0o644)
        wrapper = written(hook, "run", f"#!/bin/sh\nWEFT_URL=http://{self.house.listen_at} WEFT_KEY={hook}/header "
                                       f"exec {script} \"$@\"\n")
        os.chmod(wrapper, 0o755)
        postfix = Postfix(self.key, self.crt, wrapper)
        self.addCleanup(postfix.close)
        with open(self.house.config, encoding="utf-8") as f:
            before = f.read()
        with open(self.house.config, "w", encoding="utf-8") as f:
            f.write(before.replace(f"127.0.0.1:{self.port}", f"127.0.0.1:{postfix.port}")
                    .replace(f"smtp.user = {USER}", "smtp.user ="))
        self.house.start()
        try:
            id = self.mail("p0005")
            self.message(id, "stopped", timeout=60)  # handed in again, when the house was not ready for it
            self.assertEqual(("bounce", "5.1.1"), (self.mark("p0005")["reason"], self.mark("p0005")["code"]))
        finally:
            self.house.stop()
            with open(self.house.config, "w", encoding="utf-8") as f:
                f.write(before)
            self.house.start()

    def test_our_own_wrong_password_loses_nothing(self):
        with open(self.password, "w", encoding="utf-8") as f:
            f.write("wrong\n")
        self.house.stop()
        self.house.start()
        id = self.mail("p0018")
        time.sleep(2.5)
        self.assertEqual("preparation", self.get(f"/fhir/Communication/{id}")["status"])
        with open(self.password, "w", encoding="utf-8") as f:
            f.write(PASSWORD + "\n")
        self.house.stop()
        self.house.start()
        self.message(id, "completed", timeout=60)
        self.one(id)

    def test_a_certificate_nobody_vouches_for(self):
        """Nothing leaves over a line that could be anybody's."""
        self.house.stop()
        with open(self.house.config, encoding="utf-8") as f:
            before = f.read()
        with open(self.house.config, "w", encoding="utf-8") as f:
            f.writelines(x for x in before.splitlines(True) if "ca_file" not in x)
        self.house.start()
        id = self.mail("p0020")
        time.sleep(2.5)
        self.assertEqual("preparation", self.get(f"/fhir/Communication/{id}")["status"])
        self.assertEqual([], self.arrived(id))
        self.house.stop()
        with open(self.house.config, "w", encoding="utf-8") as f:
            f.write(before)
        subprocess.run(["openssl", "genrsa", "-out", self.dkim_key, "2048"], check=True, capture_output=True)
        self.house.start()
        self.message(id, "completed", timeout=60)
        self.one(id)
        self.signed([r for t, r in self.box.mails if id.encode() in r][0])  # by the other kind of key


if __name__ == "__main__":
    main()
