"""What somebody wrote and stays silent goes by another way, and at last a person calls: a text that the provider could
not deliver, one that nobody says arrived, one that gets no answer; a helper's address that does not work."""
import mail_test as post
import email.policy
import subprocess

from flows import FlowCase, free_port, main, wait_for
from peers import ACCOUNT, TOKEN, SmsProvider
from ways_test import WithPeople, consent


class Silence(WithPeople, FlowCase):
    street = []  # no letters
    dkim_kind, dkim_more = "ed25519", []

    @classmethod
    def setUpClass(cls):
        cls.provider = SmsProvider()
        super().setUpClass()
        cls.provider.webhook = f"http://127.0.0.1:{cls.house.port}/webhooks/sms"

    @classmethod
    def prepare(cls):
        f = cls.house.folder
        cls.key, cls.crt = f"{f}/key.pem", f"{f}/crt.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", cls.key, "-out", cls.crt, "-days", "30", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
                       env=cls.clock.env())
        cls.port, cls.box = free_port(), post.Mailbox()
        cls.house.tokens["system"] = cls.house.token("system")
        cls.house.configure(f"sms.channel = twilio\nsms.url = {cls.provider.url}\nsms.account = {ACCOUNT}\n"
                            f"sms.token_file = {post.written(f, 'sms.token', TOKEN)}\n"
                            "sms.route = us_10dlc\nsms.campaign_approved = true\n"
                            f"smtp.channel = smtp\nsmtp.url = smtp://127.0.0.1:{cls.port}\nsmtp.user = {post.USER}\n"
                            f"smtp.password_file = {post.written(f, 'mail.password', post.PASSWORD)}\n"
                            f"smtp.ca_file = {cls.crt}\noutreach.undo_seconds = 0\n"
                            "outreach.undelivered_seconds = 4\noutreach.unanswered_seconds = 8\n")
        post.Mail.up.__func__(cls)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.provider.down()
        cls.controller.stop()

    def setUp(self):
        self.box.plan = ["ok"]

    def put(self, kind, id, body):
        self.expect(201, self.call("PUT", f"/fhir/{kind}/{id}", {"resourceType": kind, "id": id, **body}, "system"))

    def agree(self, c):
        self.expect(201, self.call("POST", "/fhir/Consent", c, "system"))

    def wrote(self, patient, **more):
        """The nurse's words by text, handed over: the message and the provider's name for it."""
        id = self.expect(201, self.send(patient, channel="sms", **more)).json["id"]
        self.message(id, "in-progress")
        return id, [m for m in self.provider.accepted if m["key"] == id][0]["sid"]

    def next(self, id):
        return wait_for(lambda: self.found(f"/fhir/Communication?part-of=Communication/{id}", "outreach"),
                        f"what goes instead of {id}")[0]

    def mails(self, id):
        found = [(to, post.email.message_from_bytes(raw, policy=email.policy.default)) for to, raw in self.box.mails]
        return [(to, m) for to, m in found if m["Message-ID"].startswith(f"<{id}-")]

    def call_task(self, patient):
        return self.case(patient, lambda t: t["groupIdentifier"]["value"] == "message-silent")

    def test_what_came_back_goes_by_mail_then_a_person_calls(self):
        self.person("ana1", "+13125550101", "ana1@example.org")
        id, sid = self.wrote("ana1", text="Please call us about your visit.", template="")
        self.box.plan = ["550-5.1.1"]
        self.assertEqual(200, self.provider.receipt(sid, "undelivered", ErrorCode="30003"))
        second = self.next(id)
        self.assertEqual("email", second["medium"][0]["coding"][0]["code"])
        self.assertIn("Please call us about your visit.", second["payload"][0]["contentString"])
        self.assertNotIn("Reply STOP", second["payload"][0]["contentString"])
        self.message(second["id"], "not-done")
        task = self.call_task("ana1")
        for words in ("text message, e-mail", "Please call us about your visit."):
            self.assertIn(words, task["description"])
        self.assertIn("Communication/" + second["id"], str(task))
        self.assertEqual(1, len([m for m in self.provider.accepted if m["key"] == id]))
        trail = self.found("/fhir/AuditEvent?_count=200&_sort=-date", "privacy")
        self.assertEqual(2, len([e for e in trail if "message-silent" in str(e) and
                                 (id in str(e) or second["id"] in str(e))]))

    def test_what_nobody_says_arrived_and_what_gets_no_answer(self):
        self.person("ben1", "+13125550111", "ben1@example.org")  # no receipt ever comes
        self.person("ben2", "+13125550112", "ben2@example.org")  # arrives
        self.person("ben3", "+13125550113", "ben3@example.org")  # arrives, is asked, answers
        self.person("ben4", "+13125550114", "ben4@example.org")  # arrives, is asked, is silent
        quiet, _ = self.wrote("ben1")
        arrived, sid2 = self.wrote("ben2")
        answered, sid3 = self.wrote("ben3", asks=True)
        asked, sid4 = self.wrote("ben4", asks=True)
        for sid in (sid2, sid3, sid4):
            self.assertEqual(200, self.provider.receipt(sid, "delivered"))
        self.assertEqual(200, self.provider.inbound("+13125550113", "Noon is fine for me", "SM-ben3"))
        second = self.next(quiet)
        self.message(second["id"], "completed")
        to, _ = self.mails(second["id"])[0]
        self.assertEqual(["ben1@example.org"], to)
        self.message(self.next(asked)["id"], "completed")  # the last whose time comes
        for id in (arrived, answered):
            self.assertEqual([], self.found(f"/fhir/Communication?part-of=Communication/{id}", "outreach"))

    def test_what_stays_in_the_portal_is_only_announced(self):
        """By text and by mail, as they prefer; what was written is in their record and in no provider's hands."""
        secret = "Your test result is here: the potassium is 5.9."
        self.person("pia1", "+13125550131", "pia1@example.org")
        checked = self.check("pia1", channel="", template="", text=secret, portal=True)
        self.assertEqual("allow", checked["verdict"]["decision"], checked)
        self.assertNotIn("potassium", checked["text"])
        id, sid = self.wrote("pia1", text=secret, template="", portal=True)
        body = [m for m in self.provider.accepted if m["key"] == id][0]["Body"]
        self.assertIn("You have a message in our patient portal.", body)
        self.assertEqual(200, self.provider.receipt(sid, "undelivered", ErrorCode="30003"))
        second = self.next(id)
        for c in (self.get(f"/fhir/Communication/{id}", "outreach"), second):
            self.assertEqual(secret, c["payload"][0]["contentString"])
        self.message(second["id"], "completed")
        _, mail = self.mails(second["id"])[0]
        self.assertIn("You have a message in our patient portal.", mail.get_content())
        self.assertNotIn("potassium", mail.get_content() + str(mail["Subject"]) + str(self.provider.accepted))

    def test_a_helpers_address_that_does_not_work(self):
        """It is marked, a person is told, and the message goes by the way that the patient allows."""
        self.person("mom1", "+13125550121")
        self.put("RelatedPerson", "mia1", {
            "patient": {"reference": "Patient/mom1"}, "name": [{"text": "Mia Sol"}],
            "telecom": [{"system": "email", "value": "mia1@example.org"}]})
        c = consent("mom1", "email")
        c["provision"]["actor"] = [{"role": {"coding": [{"code": "PRCP"}]},
                                    "reference": {"reference": "RelatedPerson/mia1"}}]
        self.agree(c)
        self.box.plan = ["550-5.1.1"]
        id = self.expect(201, self.send("mom1", channel="email")).json["id"]
        self.assertEqual("RelatedPerson/mia1", self.message(id, "not-done")["recipient"][0]["reference"])
        second = self.next(id)
        self.assertEqual(("sms", "Patient/mom1"), (second["medium"][0]["coding"][0]["code"],
                                                   second["recipient"][0]["reference"]))
        self.message(second["id"], "in-progress")
        told = self.case("mom1", lambda t: t["groupIdentifier"]["value"] == "helper-address")
        self.assertIn("Mia Sol", told["description"])
        helper = self.get("/fhir/RelatedPerson/mia1", "system")
        self.assertIn("contact-suppressed", str(helper["telecom"]))
        self.assertEqual(["mia1@example.org"], [to for to in self.box.recipients if "mia1" in to])
        self.expect(422, self.send("mom1", channel="email"))


if __name__ == "__main__":
    main()
