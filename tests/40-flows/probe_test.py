"""Test to me: words that are being written reach their author's own number and mailbox through the real providers,
marked, with a masked person's variables; no patient is contacted, and an address that is not one's own gets none."""
import re

from flows import wait_for, main
import silence_test

WORDS = {"title": "Flu", "kind": "care", "variables": [],
         "texts": {"en": {"sms": "Hi {first}, your flu shot is ready. Call {phone}.",
                          "subject": "Your shot", "email": "Hello {first}, your flu shot is ready. Call {phone}."},
                   "es": {"sms": "Hola {first}, su vacuna esta lista. Llame al {phone}."}}}
ME, MAIL = "+13125550801", "writer@example.org"


class ToMe(silence_test.Silence):
    def put_own(self, status, channel, to, user="outreach"):
        return self.expect(status, self.call("POST", "/own-addresses", {"channel": channel, "to": to}, user))

    def confirm(self, status, channel, code):
        return self.expect(status, self.call("POST", "/own-addresses/confirm", {"channel": channel, "code": code},
                                             "outreach"))

    def try_it(self, status, channel, language="en", user="outreach", **more):
        return self.expect(status, self.call("POST", "/words-test", {"words": WORDS, "channel": channel,
                                                                     "language": language, **more}, user))

    def texts(self, to=ME):
        return [m for m in self.provider.accepted if m["To"] == to]

    def prove_number(self):
        before = len(self.texts())
        self.put_own(202, "sms", ME)
        code = re.search(r"\b(\d{6})\b", wait_for(lambda: self.texts()[before:], "the code")[0]["Body"])[1]
        self.confirm(422, "sms", "000000" if code != "000000" else "000001")
        self.assertTrue(self.confirm(200, "sms", code).json["sms"]["verified"])
        return code

    def lines(self):
        trail = self.found("/fhir/AuditEvent?_count=200&_sort=-date", "privacy")
        return [e for e in trail if "test-to-me" in str(e)]

    def contacts(self):
        return self.get("/fhir/Communication?_summary=count", "system")["total"]

    def test_words_come_to_their_author_and_to_nobody_else(self):
        self.person("pat1", "+13125550811")
        before, told_before = self.contacts(), len(self.lines())
        self.put_own(403, "sms", ME, user="patient")
        self.try_it(422, "sms")  # no address yet
        self.put_own(422, "sms", "+13125550811")  # a patient's
        self.put_own(400, "sms", "five")
        code = self.prove_number()
        self.confirm(422, "sms", code)  # once
        told = self.try_it(202, "sms").json
        body = wait_for(lambda: [m for m in self.texts() if m["Body"].startswith("TEST: ")], "the test")[0]["Body"]
        self.assertEqual(told["text"], body)
        self.assertRegex(body, r"^TEST: .*: Hi \w\**, your flu shot is ready\. Call .*Reply STOP")
        self.try_it(202, "sms", "es")
        wait_for(lambda: [m for m in self.texts() if m["Body"].startswith("PRUEBA: ")], "the Spanish one")
        self.assertEqual("sent", wait_for(lambda: [x for x in [self.get("/own-addresses", "outreach")["last"]]
                                                   if x["state"] != "waiting"], "its end")[0]["state"])
        self.try_it(422, "sms", "ar")  # no words yet
        self.assertEqual(before, self.contacts())
        self.assertEqual([], self.texts("+13125550811"))
        lines = self.lines()
        self.assertEqual(told_before + 2, len(lines))
        self.assertNotIn(ME, str(lines))

    def test_by_mail(self):
        self.put_own(202, "email", MAIL)
        first = wait_for(lambda: [raw for to, raw in self.box.mails if to == [MAIL]], "the code")[0]
        text = silence_test.post.email.message_from_bytes(first, policy=silence_test.email.policy.default)
        self.confirm(200, "email", re.search(r"\b(\d{6})\b", text.get_content())[1])
        self.try_it(202, "email")
        raw = wait_for(lambda: [raw for to, raw in self.box.mails if to == [MAIL]][1:], "the test")[0]
        m = silence_test.post.email.message_from_bytes(raw, policy=silence_test.email.policy.default)
        self.assertEqual("TEST: Your shot", m["Subject"])
        self.assertIn("your flu shot is ready", m.get_content())
        self.put_own(202, "email", "")
        self.try_it(422, "email")

    def test_z_so_many_an_hour(self):
        for n in range(6):
            last = self.call("POST", "/own-addresses", {"channel": "sms", "to": f"+1312555082{n}"}, "privacy")
        self.assertIn(last.status, (403, 429))  # who may not write words asks for none
        for n in range(8):
            last = self.call("POST", "/own-addresses", {"channel": "sms", "to": f"+1312555083{n}"}, "outreach")
            if last.status == 429:
                break
        self.assertEqual(429, last.status)
        self.assertLessEqual(n, 5)


for name in [n for n in dir(silence_test.Silence) if n.startswith("test_")]:
    setattr(ToMe, name, None)  # they have a file of their own

if __name__ == "__main__":
    main()
