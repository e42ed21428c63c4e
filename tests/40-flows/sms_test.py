"""Texts through a real HTTP provider: what it says and how it fails decide what becomes of a message;
receipts and replies are believed only when they are signed; nothing is lost, nothing goes twice."""
import json
import os
import subprocess
import time

from flows import FlowCase, free_port, main, wait_for
from peers import ACCOUNT, TOKEN, SmsProvider, signature

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-clients")


class Texts(FlowCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = SmsProvider()
        cls.public = free_port()
        super().setUpClass()
        cls.provider.webhook = f"http://127.0.0.1:{cls.house.port}/webhooks/sms"

    @classmethod
    def prepare(cls):
        token = os.path.join(cls.house.folder, "sms.token")
        with open(token, "w", encoding="utf-8") as f:
            f.write(TOKEN + "\n")
        cls.house.configure(f"sms.channel = twilio\nsms.url = {cls.provider.url}\n"
                            f"sms.account = {ACCOUNT}\nsms.token_file = {token}\n"
                            "sms.route = us_10dlc\nsms.campaign_approved = true\n"
                            "outreach.undo_seconds = 0\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.provider.down()
        if cls.provider.odd:
            raise AssertionError(f"the provider was asked oddly: {cls.provider.odd}")

    def setUp(self):
        self.provider.plan = ["ok"]

    def one(self, patient, *plan):
        if plan:
            self.provider.plan = list(plan)
        return self.expect(201, self.send(patient)).json["id"]

    def accepted(self, id):
        return [m for m in self.provider.accepted if m["key"] == id]

    def attempts(self, id):
        return [a for a in self.provider.attempts if a[1] == id]

    def test_handed_over_and_delivered(self):
        id = self.one("p0002")
        c = self.message(id, "in-progress")
        mine = self.accepted(id)
        self.assertEqual(1, len(mine))
        self.assertEqual(("+15035550100", self.phone("p0002")), (mine[0]["From"], mine[0]["To"]))
        self.assertEqual(c["payload"][0]["contentString"], mine[0]["Body"])
        sid = mine[0]["sid"]
        self.assertIn(sid, [i["value"] for i in c["identifier"]])
        for wrong in (lambda u, f: signature(u, f, "not the token"), lambda u, f: "",
                      lambda u, f: signature(u + "x", f), lambda u, f: signature(u, f)[:-1],
                      lambda u, f: signature(u, {**f, "MessageStatus": "failed"})):
            self.assertEqual(403, self.provider.receipt(sid, "delivered", wrong))
        self.assertEqual("in-progress", self.get(f"/fhir/Communication/{id}")["status"])
        for status in ("queued", "sent", "delivered", "delivered", "sent", "undelivered"):
            self.assertEqual(200, self.provider.receipt(sid, status))
        c = self.get(f"/fhir/Communication/{id}")
        self.assertEqual("completed", c["status"])
        self.assertTrue(c["received"])
        refused = self.found("/fhir/AuditEvent?_count=100&_sort=-date", "privacy")
        self.assertTrue([e for e in refused if "webhook" in str(e) and e["outcome"] != "0"])

    def test_signed_by_twilios_own_client(self):
        """npm's twilio signs as our peer does, and we believe what it signs."""
        if not os.path.isdir(os.path.join(CLIENTS, "node_modules", "twilio")):
            self.skipTest("twilio is not in tests/30-clients/node_modules (tools/setup test)")
        fields = {"MessageSid": "SMnobody", "MessageStatus": "sent", "Body": "ä + & = 🙂", "b": "2", "B": "1"}
        done = subprocess.run(["node", "-e", "const t=require('twilio');const[u,f,k]=JSON.parse(process.argv[1]);"
                               "console.log(t.getExpectedTwilioSignature(k,u,f))",
                               json.dumps([self.provider.webhook, fields, TOKEN])],
                              cwd=CLIENTS, capture_output=True, text=True, timeout=60)
        theirs = done.stdout.strip()
        self.assertEqual(signature(self.provider.webhook, fields), theirs, done.stderr)
        self.assertEqual(200, self.provider.post(fields, lambda u, f: theirs))

    def test_not_delivered(self):
        id = self.one("p0004")
        self.message(id, "in-progress")
        self.assertEqual(200, self.provider.receipt(self.accepted(id)[0]["sid"], "undelivered",
                                                    ErrorCode="30005"))
        c = self.get(f"/fhir/Communication/{id}")
        self.assertEqual("stopped", c["status"])
        self.assertIn("30005", c["statusReason"]["text"])

    def test_the_receipt_comes_before_the_answer(self):
        id = self.one("p0008", "eager", "ok")
        self.message(id, "completed")
        self.assertEqual(1, len(self.accepted(id)))

    def test_busy_broken_or_refusing_us_is_later_and_once(self):
        id = self.one("p0009", "429", "500", "401", "ok")
        self.message(id, "in-progress", timeout=60)
        self.assertEqual(["429", "500", "401", "ok"], [a[0] for a in self.attempts(id)])
        self.assertEqual(1, len(self.accepted(id)))

    def test_provider_down_and_back(self):
        self.provider.down()
        id = self.one("p0012")
        time.sleep(3)
        self.assertEqual("preparation", self.get(f"/fhir/Communication/{id}")["status"])
        self.provider.up()
        self.message(id, "in-progress", timeout=60)
        self.assertEqual(1, len(self.accepted(id)))

    def test_no_answer_is_not_asked_again(self):
        """The provider took it and the line broke: a person looks, nothing goes twice."""
        for patient, word in (("p0013", "cut"), ("p0006", "504")):
            id = self.one(patient, word, "ok")
            c = self.message(id, "unknown", "in-progress")
            self.assertEqual("unknown", c["status"], word)
            self.assertIn("not known", c["statusReason"]["text"])
            time.sleep(3)
            self.assertEqual(1, len(self.attempts(id)))

    def test_opted_out_there_is_opted_out_here(self):
        id = self.one("p0016", "21610")
        self.assertEqual("not-done", self.message(id, "not-done")["status"])
        newest = self.found("/fhir/Consent?patient=Patient/p0016&_sort=-date&_count=1")[0]
        self.assertEqual("deny", newest["provision"]["type"])
        self.expect(422, self.send("p0016"))

    def test_a_number_that_cannot_be(self):
        id = self.one("p0018", "21211", "ok")
        self.assertEqual("not-done", self.message(id, "not-done", "in-progress")["status"])
        self.assertEqual(1, len(self.attempts(id)))

    def test_replies_come_in_once(self):
        number = self.phone("p0019")
        mine = "/fhir/Communication?subject=Patient/p0019&sender=Patient/p0019&_count=50"
        self.assertEqual(403, self.provider.inbound(number, "Hello", "SMin0", lambda u, f: "x" * 28))
        words = "Me siento mejor & más fuerte + gracias 100% = sí ¿vale? 🙂"
        for _ in range(3):
            self.assertEqual(200, self.provider.inbound(number, words, "SMin1"))
        got = self.found(mine)
        self.assertEqual([words], [c["payload"][0]["contentString"] for c in got])
        self.assertEqual(200, self.provider.inbound(number, "", "SMin2"))
        self.assertEqual(2, len(self.found(mine)))

    def test_unknown_number_is_audited(self):
        self.assertEqual(200, self.provider.inbound("+12025550199", "Who is this?", "SMun1"))
        seen = self.found("/fhir/AuditEvent?_count=100&_sort=-date", "privacy")
        self.assertTrue([e for e in seen if "inbound-unknown-sender" in str(e)])
        self.assertFalse([e for e in seen if "2025550199" in str(e)], "no number in the trail")

    def test_stop_by_webhook_ends_what_waits(self):
        self.provider.down()
        id = self.one("p0023")
        time.sleep(0.5)
        self.assertEqual(200, self.provider.inbound(self.phone("p0023"), "STOP", "SMst1"))
        self.provider.up()
        self.assertEqual("not-done", self.message(id, "not-done", "in-progress", timeout=60)["status"])
        self.assertEqual([], self.accepted(id))
        confirmation = wait_for(lambda: [m for m in self.provider.accepted
                                         if m["To"] == self.phone("p0023")], "the confirmation")
        self.assertEqual(1, len(confirmation))

    def test_taken_back_or_left_never_both(self):
        """Undo against the sender, many times at the very moment."""
        who = [p for p, t in self.house.truth.items() if t["sms"] and p not in (
            "p0002", "p0004", "p0006", "p0008", "p0009", "p0012", "p0013", "p0015", "p0016", "p0018",
            "p0019", "p0021", "p0022", "p0023")]
        self.assertGreater(len(who), 4)
        for i, patient in enumerate(who):
            id = self.one(patient)
            time.sleep(0.03 * i)
            undone = self.call("POST", f"/fhir/Communication/{id}/$undo", {})
            self.assertIn(undone.status, (200, 409), undone.body)
            c = self.message(id, "not-done", "in-progress")
            time.sleep(0.3)
            left = len(self.accepted(id))
            self.assertEqual((1, "in-progress") if undone.status == 409 else (0, "not-done"),
                             (left, c["status"]))


if __name__ == "__main__":
    main()
