"""Mail through a real SMTP server (aiosmtpd) with STARTTLS and sign-in: arrives once, in every
language, with its headers right; a server that is away, refuses, or breaks off gets what is promised."""
import email
import email.policy
import logging
import os
import subprocess
import sys
import time
import warnings

PYTHON = "/usr/bin/python3"
try:
    import aiosmtpd  # noqa: F401
except ImportError:  # Debian's module belongs to Debian's Python
    if sys.executable != PYTHON and os.path.exists(PYTHON):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    print("skipped: python3-aiosmtpd is not installed")
    sys.exit(77)

import ssl  # noqa: E402
from aiosmtpd.controller import Controller  # noqa: E402
from aiosmtpd.smtp import SMTP, AuthResult  # noqa: E402

from flows import FlowCase, free_port, main  # noqa: E402

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore", DeprecationWarning)
USER, PASSWORD = "weft", "the-mail-password"


class Mailbox:
    """`plan`: one word a message, the last for all that follow: ok | 550 | 451 | 554-data | cut-rcpt |
    cut-data (the text taken, the line broken before the answer)."""

    def __init__(self):
        self.plan, self.mails, self.tries, self.recipients = ["ok"], [], [], []

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
        if w in ("550", "451"):
            self.next()
            return f"{w} no"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        w = self.word()
        self.next()
        if w == "554-data":
            return "554 no"
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


def sign_in(server, session, envelope, mechanism, data):
    good = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good)


class Mail(FlowCase):
    @classmethod
    def prepare(cls):
        f = cls.house.folder
        cls.key, cls.crt = os.path.join(f, "key.pem"), os.path.join(f, "crt.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", cls.key, "-out", cls.crt,
                        "-days", "30", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
                       env=cls.clock.env())
        password = os.path.join(f, "mail.password")
        with open(password, "w", encoding="utf-8") as out:
            out.write(PASSWORD + "\n")
        cls.password, cls.port, cls.box = password, free_port(), Mailbox()
        cls.house.configure(f"smtp.channel = smtp\nsmtp.url = smtp://127.0.0.1:{cls.port}\n"
                            f"smtp.user = {USER}\nsmtp.password_file = {password}\n"
                            f"smtp.ca_file = {cls.crt}\noutreach.undo_seconds = 0\n"
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
            if m["Message-ID"].startswith(f"<{id}@"):
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
        self.assertEqual(f"<{id}@example.org>", m["Message-ID"])
        self.assertEqual("auto-generated", m["Auto-Submitted"])
        self.assertTrue(m["Date"].datetime.tzinfo)
        self.assertIsNone(m["Cc"])
        self.assertIsNone(m["Bcc"])
        self.assertEqual(c["payload"][0]["contentString"], m.get_content().rstrip("\r\n"))
        raw = [r for t, r in self.box.mails if id.encode() in r][0]
        self.assertTrue(all(len(x) <= 998 for x in raw.split(b"\r\n")))
        self.assertTrue(all(len(x) <= 78 for x in raw.split(b"\r\n\r\n")[0].split(b"\r\n")))

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
        self.house.start()
        self.message(id, "completed", timeout=60)
        self.one(id)


if __name__ == "__main__":
    main()
