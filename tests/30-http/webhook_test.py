"""The SMS provider's webhook: only what is signed with the shared token is believed."""
import base64
import hashlib
import hmac
import json
import os
import unittest
from urllib.parse import urlencode

from weft_http import Case, Server, main

TOKEN = "token-of-the-test-only"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Webhook(Case):
    @classmethod
    def setUpClass(cls):
        real = Server.__init__

        def init(self, *args, **more):
            real(self, *args, **more)
            secret = os.path.join(self.folder, "sms.token")
            with open(secret, "w", encoding="utf-8") as f:
                f.write(TOKEN + "\n")
            os.chmod(secret, 0o600)
            with open(self.config, "a", encoding="utf-8") as f:
                f.write(f"sms.channel = screen\nsms.token_file = {secret}\nsms.from = +12065550100\n"
                        "outreach.phone = +12065550199\n")
        Server.__init__ = init
        try:
            super().setUpClass()
        finally:
            Server.__init__ = real

    def sign(self, fields, token=TOKEN, path="/webhooks/sms"):
        text = f"http://127.0.0.1:{self.server.port}{path}"
        text += "".join(k + fields[k] for k in sorted(fields))
        return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()

    def post(self, fields, signature=None, path="/webhooks/sms"):
        headers = dict(FORM)
        if signature is not None:
            headers["X-Twilio-Signature"] = signature
        return self.call("POST", path, urlencode(fields), None, headers=headers)

    def inbound(self, sid, text="Hello", sender="+12065550142"):
        return {"MessageSid": sid, "From": sender, "To": "+12065550100", "Body": text,
                "SmsStatus": "received"}

    def messages(self):
        return self.call("GET", "/fhir/Communication?_summary=count").json["total"]

    def test_wrong_signatures(self):
        before = self.messages()
        m = self.inbound("SM-wrong-1")
        good = self.sign(m)
        altered = ("B" if good[0] == "A" else "A") + good[1:]
        for signature in (None, "", "x", altered, self.sign(m, "another token"),
                          self.sign({**m, "Body": "Hello!"}), self.sign(m, path="/webhooks/other"),
                          good + good):
            self.expect(403, self.post(m, signature), "signature")
        self.expect(403, self.post({**m, "Body": "Changed"}, good), "signature")
        self.expect(403, self.post(m, good, "/webhooks/sms?x=1"), "signature")
        self.assertEqual(before, self.messages())

    def test_a_flood_fills_no_trail(self):
        """R159: each unsigned message left a line for ever, as many as anybody liked."""
        def lines():
            a = self.call("GET", "/fhir/AuditEvent?_count=200", token="system")
            found = self.expect(200, a).json["entry"]
            return sum("wrong signature" in json.dumps(e["resource"]) for e in found)
        for _ in range(150):
            self.expect(403, self.post(self.inbound("SM-flood"), "x"))
        self.assertLessEqual(1, lines())
        self.assertLessEqual(lines(), 120)  # of 60 a minute, and a minute may end meanwhile

    def test_signed(self):
        pid = self.patient("Texting", telecom=[{"system": "phone", "use": "mobile",
                                                "value": "+12065550142"}])
        m = self.inbound("SM-right-1", "I feel better, thank you")
        a = self.post(m, self.sign(m))
        self.assertEqual((200, "text/xml; charset=utf-8"), (a.status, a.header("Content-Type")))
        self.assertIn(b"<Response></Response>", a.body)
        found = self.call("GET", f"/fhir/Communication?sender=Patient/{pid}").json
        self.assertEqual(1, len(found.get("entry", [])), found)
        again = self.post(m, self.sign(m))  # the provider repeats itself
        self.assertEqual(200, again.status)
        self.assertEqual(1, self.call("GET", f"/fhir/Communication?sender=Patient/{pid}"
                                             "&_summary=count").json["total"])

    def test_nonsense(self):
        for body in ("", "&&&", "=", "a=%zz&b", "x=1&" * 150):
            a = self.call("POST", "/webhooks/sms", body, None, headers=FORM)
            self.assertIn(a.status, (400, 403, 413), body[:20])
        m = {"MessageSid": "SM-unknown", "MessageStatus": "delivered"}
        a = self.post(m, self.sign(m))
        self.assertIn(a.status, (200, 404))


if __name__ == "__main__":
    main()
