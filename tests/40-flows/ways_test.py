"""By which way: chosen by what somebody allows, prefers and what came back lately, and said in one
sentence; whoever has no other way gets a letter, which is printed, posted and counted once."""
import re
import subprocess
import unicodedata

from flows import FlowCase, main
from peers import ACCOUNT, TOKEN, SmsProvider

SYSTEM = "https://weft.health/fhir/"


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


class Ways(FlowCase):
    @classmethod
    def setUpClass(cls):
        cls.provider = SmsProvider()
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
                            "letter.channel = print\noutreach.undo_seconds = 0\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.provider.down()

    def person(self, id, language="en", phone="", mail="", consents=True):
        wireless = [{"url": SYSTEM + "StructureDefinition/line-type", "valueCode": "wireless"},
                    {"url": SYSTEM + "StructureDefinition/reassigned-check", "extension": [
                        {"url": "result", "valueCode": "no"},
                        {"url": "date", "valueDateTime": self.clock.stamp()[:10]}]}]
        telecom = [{"system": "phone", "value": phone, "extension": wireless}] if phone else []
        telecom += [{"system": "email", "value": mail}] if mail else []
        p = {"resourceType": "Patient", "id": id, "name": [{"given": ["Ana"], "family": "Sol"}],
             "birthDate": "1960-01-01",
             "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": language}]}}],
             "address": [{"line": ["12 Elm Street"], "city": "Peoria", "state": "IL", "country": "US",
                          "postalCode": "61602"}]}
        if telecom:
            p["telecom"] = telecom
        self.expect(201, self.call("PUT", f"/fhir/Patient/{id}", p, "system"))
        for channel, address in (("sms", phone), ("email", mail)):
            if address and consents:
                self.expect(201, self.call("POST", "/fhir/Consent", consent(id, channel, address=address),
                                           "system"))

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


if __name__ == "__main__":
    main()
