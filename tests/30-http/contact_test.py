"""Contact: the budget counts what anybody wrote by FHIR, consent is kept with all its elements or not at all, the
preference centre opens by a link without sign-in or script and tells no name; the dialler's rules are asked."""
import base64
import http.server
import json
import os
import re
import shutil
import tempfile
import threading
import time
import urllib.parse

from weft_http import Case, main


class Numbers(http.server.BaseHTTPRequestHandler):
    """Knows what kind of line a number is, as a provider of such answers does."""
    asked, broken = [], False

    def do_GET(self):
        ask = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        self.asked.append(ask["number"][0])
        body = b"<html>" if ask["number"][0].endswith("9") else json.dumps(
            {"lineType": "wireless", "reassigned": "no"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Twilio(http.server.BaseHTTPRequestHandler):
    """Lookup v2 as its reference says it: packages are null or have an error code when they cannot be had."""
    asked = []
    said = {
        "1": ({"type": "mobile", "error_code": None}, {"is_number_reassigned": "no", "error_code": None}),
        "2": ({"type": "nonFixedVoip", "error_code": None}, {"is_number_reassigned": "no data", "error_code": None}),
        "3": ({"type": "mobile", "error_code": None}, {"is_number_reassigned": "yes", "error_code": None}),
        "4": ({"type": None, "error_code": 60600}, {"is_number_reassigned": None, "error_code": 60620}),
        "5": ({"type": "mobile", "error_code": 60601}, {"is_number_reassigned": "no", "error_code": 60601}),
        "6": ({"type": "somethingNew", "error_code": None}, None),
        "7": ({"type": "landline", "error_code": None}, {"is_number_reassigned": "perhaps", "error_code": None}),
    }

    def do_GET(self):
        at = urllib.parse.urlparse(self.path)
        number = urllib.parse.unquote(at.path.rsplit("/", 1)[1])
        self.asked.append((at.path.rsplit("/", 1)[0], number, urllib.parse.parse_qs(at.query),
                           self.headers.get("Authorization")))
        status, body = 200, {"phone_number": number, "country_code": "US", "valid": number[-1] != "8"}
        if number[-1] in self.said:
            body["line_type_intelligence"], body["reassigned_number"] = self.said[number[-1]]
        elif number[-1] == "8":
            body["line_type_intelligence"] = {"type": "mobile", "error_code": None}
        else:
            status, body = 404, {"code": 20404, "message": "The requested resource was not found", "status": 404}
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_):
        pass


def abroad(n):
    """A number abroad, where it is day now in every zone of its country, which counts as well as a zone of their own. All
    are countries that spec/desk/places.csv knows: of another nobody can say which laws apply."""
    hour = time.gmtime().tm_hour
    return ("+44207946%04d" if 9 <= hour < 19 else "+551125551%04d" if 19 <= hour < 22  # London; Acre to Noronha
            else "+656555%04d" if 1 <= hour < 9 else "+649555%04d") % n  # Singapore, Auckland


class Contact(Case):
    roles = ("nurse", "agent", "system", "admin", "privacy")

    @classmethod
    def setUpClass(cls):
        cls.numbers = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Numbers)
        threading.Thread(target=cls.numbers.serve_forever, daemon=True).start()
        cls.config = ("sms.channel = screen\noutreach.lookup_url = http://127.0.0.1:%d/line\n"
                      % cls.numbers.server_address[1])
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.numbers.shutdown()
        cls.numbers.server_close()

    def check(self, patient):
        return self.expect(200, self.call("POST", "/fhir/Communication/$check", {
            "patient": patient, "channel": "sms", "text": "Please call us."})).json["facts"]

    def put(self, who, phone):
        a = self.call("PUT", f"/fhir/Patient/{who}", {
            "resourceType": "Patient", "id": who, "telecom": [{"system": "phone", "value": phone}],
            "address": [{"state": "IL", "country": "US"}]}, "system")
        self.assertIn(a.status, (200, 201), a.body)

    def test_r204_an_answer_is_of_one_permission(self):
        self.put("now", "+13125550170")
        self.put("was", "+13125550170")
        a = self.call("PUT", "/fhir/Consent/was", {
            "resourceType": "Consent", "id": "was", "status": "active", "dateTime": "2020-03-01T10:00:00Z",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                                  "code": "patient-privacy"}]},
            "category": [{"coding": [{"system": "https://weft.health/fhir/consent-category", "code": "contact"}]}],
            "patient": {"reference": "Patient/was"}, "policyRule": {"text": "spoken"},
            "provision": {"type": "permit"}}, "system")
        self.assertIn(a.status, (200, 201), a.body)
        for who in ("now", "was", "now", "was"):
            self.check(who)
        self.assertEqual(2, Numbers.asked.count("+13125550170"))

    def test_who_has_the_number_is_asked_once_and_kept(self):
        self.put("ned", "+13125550160")
        for _ in range(3):
            facts = self.check("ned")
            self.assertEqual(("wireless", "no", 0), (facts["line_type"], facts["rnd_result"],
                                                     facts["rnd_query_age_days"]))
        self.assertEqual(1, Numbers.asked.count("+13125550160"))
        self.put("pam", "+13125550169")  # an answer that is none
        for _ in range(2):
            facts = self.check("pam")
            self.assertNotIn("line_type", facts)
            self.assertNotIn("rnd_result", facts)
        self.assertEqual(1, Numbers.asked.count("+13125550169"))  # not at once again

    def test_stop_is_written_before_anything_else_sees_it(self):
        self.put("leo", "+13125550181")
        a = self.expect(200, self.call("POST", "/demo/outbox/reply", {
            "channel": "sms", "from": "+13125550181", "to": "+15035550100", "text": "please stop texting me"}))
        self.assertTrue(a.json["stopped"])
        facts = self.check("leo")
        self.assertTrue(facts["revocation_on_file"] and facts["internal_dnc"])
        w = self.expect(200, self.call("GET", "/fhir/Patient/leo/$preferences")).json
        self.assertIs(False, w["sms"])

    def test_trouble_with_a_device_opens_a_complaint_at_once(self):
        self.put("kim", "+13125550171")
        for text in ("My cuff is broken", "the cuff still gives wrong readings"):
            a = self.expect(200, self.call("POST", "/demo/outbox/reply", {
                "channel": "sms", "from": "+13125550171", "to": "+15035550100", "text": text}))
            self.assertTrue(a.json["matched"])
        tasks = [e["resource"] for e in self.expect(
            200, self.call("GET", "/fhir/Task?patient=Patient/kim")).json["entry"]]
        cases = [t for t in tasks if t["code"]["coding"][0]["code"] == "case"]
        self.assertEqual(1, len(cases))
        self.assertIn("device", cases[0]["description"])
        self.assertEqual("asap", cases[0]["priority"])
        self.assertEqual(1, len([t for t in tasks if t["code"]["coding"][0]["code"] == "complaint"]))

    def setUp(self):
        a = self.call("PUT", "/fhir/Patient/mia", {
            "resourceType": "Patient", "id": "mia", "name": [{"given": ["Mia"], "family": "Sol"}],
            "telecom": [{"system": "phone", "value": "+13125550142"}],
            "address": [{"state": "IL", "country": "US"}]}, "system")
        self.assertIn(a.status, (200, 201), a.body)

    def budget(self):
        return self.expect(200, self.call("GET", "/fhir/Patient/mia/$contact-budget", None, "nurse")).json

    def test_what_a_partner_writes_counts(self):
        before = self.budget()["week"]["used"]
        self.expect(201, self.call("POST", "/fhir/Communication", {
            "resourceType": "Communication", "status": "completed", "subject": {"reference": "Patient/mia"},
            "sent": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "medium": [{"coding": [{"system": "https://weft.health/fhir/contact-channel", "code": "sms"}]}]},
            "system"))
        for _ in range(200):
            now = self.budget()
            if now["week"]["used"] > before:
                break
            time.sleep(0.02)
        self.assertEqual(before + 1, now["week"]["used"])
        self.assertEqual({"sms": now["month"]["used"]}, now["channels"])
        self.assertNotIn("312555", str(now))
        self.assertIn("limit", now["number"])

    def test_a_consent_is_kept_whole_or_not_at_all(self):
        whole = {"how": "written", "type": "prior_express_written_consent", "channel": "sms",
                 "purposes": ["care"], "evidence": "Form 7, signed on paper", "affirmative": True,
                 "elements": ["signature", "seller_name", "phone_number", "automated_tech_authorisation",
                              "not_condition_of_purchase"]}
        path = "/fhir/Patient/mia/$consent"
        a = self.expect(422, self.call("POST", path, {**whole, "elements": whole["elements"][1:]}, "nurse"))
        self.assertIn("TCPA-CON-03", a.text())
        for part in ({"how": "whistled"}, {"purposes": []}, {"evidence": ""}, {"elements": "all"}):
            self.expect(400, self.call("POST", path, {**whole, **part}, "nurse"))
        self.expect(403, self.call("POST", path, whole, "agent"))
        c = self.expect(201, self.call("POST", path, whole, "nurse")).json
        self.assertEqual("permit", c["provision"]["type"])
        proof = {e["url"]: e for x in c["extension"] for e in x.get("extension", [])}
        self.assertRegex(proof["sha256"]["valueString"], "^[0-9a-f]{64}$")

    def test_r520_a_part2_form_permits_no_contact(self):
        """R520: a consent of 42 CFR 2.31 became one to be contacted."""
        self.put("pia", "+13125550158")
        form = {"how": "written", "type": "part2_tpo", "evidence": "Form 31, signed on paper", "affirmative": True,
                "elements": ["patient_name", "discloser", "description", "recipient", "purpose", "revocation_right",
                             "expiry", "signature", "date", "redisclosure_statement"]}
        path = "/fhir/Patient/pia/$consent"
        before = {k: v for k, v in self.check("pia").items() if "consent" in k or k == "legal_basis"}
        for part in ({"purposes": ["care"]}, {"channel": "sms"}, {"number": "+13125550158"}):
            self.assertIn("permits no contact", self.expect(400, self.call("POST", path, {**form, **part}, "nurse")).text())
        self.expect(422, self.call("POST", path, {**form, "how": "oral"}, "nurse"), "signed")
        self.expect(422, self.call("POST", path, {**form, "elements": form["elements"][1:]}, "nurse"), "P2-02")
        c = self.expect(201, self.call("POST", path, {**form, "until": "2030-01-01"}, "nurse")).json
        self.assertEqual("part2", c["category"][0]["coding"][0]["code"])
        self.assertEqual(["period"], list(c["provision"]))
        self.assertEqual(before, {k: v for k, v in self.check("pia").items() if k in before or "consent" in k})
        self.expect(201, self.call("POST", path, form, "nurse"))
        event = {"event": " When my care here ends "}  # 42 CFR 2.31(a)(7): a day, an event, or none
        for wrong in ({**form, **event, "until": "2030-01-01"}, {**form, "event": "x" * 1601},
                      {**form, **event, "type": "prior_express_consent", "channel": "sms", "purposes": ["care"]}):
            self.expect(400, self.call("POST", path, wrong, "nurse"), "ends on a day or with an event")
        c = self.expect(201, self.call("POST", path, {**form, **event}, "nurse")).json
        self.assertEqual(["When my care here ends"], [e["valueString"] for e in c["extension"] if e["url"].endswith("ends-with")])
        self.expect(200, self.call("GET", "/fhir/Observation?patient=pia", None, "nurse"))  # nor hides it anything

    def test_evidence_that_was_changed_proves_nothing(self):
        self.put("eve", "+13125550155")
        spoken = {"how": "oral", "type": "prior_express_consent", "channel": "sms", "purposes": ["care"],
                  "evidence": "Asked on the telephone: yes, by text", "affirmative": True}
        c = self.expect(201, self.call("POST", "/fhir/Patient/eve/$consent", spoken, "nurse")).json
        self.assertIs(True, self.check("eve")["consent_record_intact"])
        words = next(e for x in c["extension"] for e in x.get("extension", []) if e["url"] == "words")
        was, words["valueString"] = words["valueString"], "Asked on the telephone: yes, by all means"
        self.expect(200, self.call("PUT", f"/fhir/Consent/{c['id']}", c, "system"))
        a = self.expect(200, self.call("POST", "/fhir/Communication/$check", {
            "patient": "eve", "channel": "sms", "text": "Please call us."})).json
        self.assertIs(False, a["facts"]["consent_record_intact"])
        self.assertIn("TCPA-CON-09", a["verdict"]["fired"])
        self.assertEqual("deny", a["verdict"]["decision"])
        words["valueString"] = was
        self.expect(200, self.call("PUT", f"/fhir/Consent/{c['id']}", c, "system"))
        self.assertIs(True, self.check("eve")["consent_record_intact"])

    def test_a_call_counts_as_a_text_does(self):
        self.put("cal", "+13125550156")

        def budget():
            return self.expect(200, self.call("GET", "/fhir/Patient/cal/$contact-budget", None, "nurse")).json

        def call(status, **more):
            return self.expect(201, self.call("POST", "/fhir/Task", {
                "resourceType": "Task", "status": status, "intent": "order", "for": {"reference": "Patient/cal"},
                "code": {"coding": [{"system": "https://weft.health/fhir/task-code", "code": "call"}]}, **more},
                "nurse")).json

        def until(used):
            for _ in range(400):
                now = budget()
                if now["week"]["used"] == used:
                    break
                time.sleep(0.02)
            self.assertEqual(used, now["week"]["used"])
            return now

        planned = call("requested")
        self.assertEqual(0, budget()["week"]["used"])
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        call("completed", executionPeriod={"start": stamp, "end": stamp})
        now = until(1)
        self.assertEqual((1, 1, {"voice": 1}), (now["day"]["used"], now["number"]["used"], now["channels"]))
        facts = self.check("cal")
        self.assertEqual((1, 1, 1), (facts["texts_today"], facts["contacts_7d"], facts["number_contacts_today"]))
        call("completed", executionPeriod={"start": stamp, "end": stamp},
             output=[{"type": {"text": "outcome"}, "valueCode": "no-answer"}])  # an attempt, no contact: a text may follow
        planned["status"] = "completed"  # the planned one was made
        self.expect(200, self.call("PUT", f"/fhir/Task/{planned['id']}", planned, "nurse"))
        until(2)
        planned["status"] = "entered-in-error"
        self.expect(200, self.call("PUT", f"/fhir/Task/{planned['id']}", planned, "nurse"))
        until(1)

    def test_language_help_is_asked_before_a_call(self):
        def ask(who, offered=False, user="nurse"):
            return self.expect(200, self.call("POST", f"/fhir/Patient/{who}/$call", {"offered": offered}, user)).json

        def speaks(who, *codes, **more):
            a = self.call("PUT", f"/fhir/Patient/{who}", {
                "resourceType": "Patient", "id": who, "address": [{"state": "IL", "country": "US"}],
                **({"communication": [{"language": {"coding": [{"code": c}]}} for c in codes]} if codes else {}),
                **more}, "system")
            self.assertIn(a.status, (200, 201), a.body)

        interpreter = {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"}
        speaks("ana", "es-MX")
        a = ask("ana")
        self.assertEqual(("require", ["ACC-01"], "es-MX"),
                         (a["verdict"]["decision"], a["verdict"]["fired"], a["language"]))
        self.assertIn("interpreter", a["verdict"]["why"][0])
        self.assertTrue(a["verdict"]["translation"]["es"][0] and a["verdict"]["translation"]["ar"][0])
        self.assertEqual("allow", ask("ana", True)["verdict"]["decision"])
        speaks("ben", "en-US")
        b = ask("ben", user="agent")
        self.assertEqual("allow", b["verdict"]["decision"])
        self.assertRegex(b["earliest"] + b["latest"], r"^\d\d:\d\d\d\d:\d\d$")
        self.assertEqual((False, False, False), (b["quiet"], b["paused"], b["confidential"]))
        speaks("ben", "en-US", extension=[{**interpreter, "valueBoolean": True}])
        self.assertEqual("require", ask("ben")["verdict"]["decision"])
        speaks("cyd")  # nobody wrote it down: offered rather than not
        self.assertEqual(("require", ["limited_english"]),
                         (ask("cyd")["verdict"]["decision"], ask("cyd")["verdict"]["missing"]))
        speaks("dee", "enx")
        self.assertEqual("require", ask("dee")["verdict"]["decision"])
        self.expect(404, self.call("POST", "/fhir/Patient/nobody/$call", {}, "nurse"))
        heard = [e["resource"] for e in self.expect(200, self.call(
            "GET", "/fhir/AuditEvent?patient=Patient/ana&_count=100", None, "privacy")).json["entry"]]
        self.assertEqual(2, len([x for x in heard if "call-asked" in json.dumps(x)]))

    def ask_call(self, who, user="nurse", status=200, **more):
        return self.expect(status, self.call("POST", f"/fhir/Patient/{who}/$call", more, user)).json

    def person(self, who, phone, zone=None, wishes=(), **more):
        """Whoever is there: at noon, so that no hour of the day decides (a zone of their own, no address)."""
        noon = zone or "Etc/GMT%+d" % (time.gmtime().tm_hour - 12)
        a = self.call("PUT", f"/fhir/Patient/{who}", {
            "resourceType": "Patient", "id": who, "telecom": [{"system": "phone", "value": phone}],
            "communication": [{"language": {"coding": [{"code": "en"}]}}],
            "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": noon},
                          *([{"url": "https://weft.health/fhir/StructureDefinition/contact-wishes",
                              "extension": list(wishes)}] if wishes else [])],
            **more}, "system")
        self.assertIn(a.status, (200, 201), a.body)

    def says_no(self, who, *channels, kind="contact", **more):
        code = [{"coding": [{"system": "https://weft.health/fhir/contact-channel", "code": c}]} for c in channels]
        a = self.call("POST", "/fhir/Consent", {
            "resourceType": "Consent", "status": "active",
            "dateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                                  "code": "patient-privacy"}]},
            "category": [{"coding": [{"system": "https://weft.health/fhir/consent-category", "code": kind}]}],
            "patient": {"reference": f"Patient/{who}"}, "policyRule": {"text": "spoken"},
            "provision": {"type": "deny" if channels else "permit", **({"code": code} if code else {})}, **more}, "system")
        self.expect(201, a)

    def test_a_call_that_the_rulebook_refuses_gets_no_number(self):
        far = "+442079460958"  # one zone, no state: their own zone alone is asked
        self.person("al", far, zone="Europe/London")
        night = "Etc/GMT%+d" % ((time.gmtime().tm_hour - 2) % 24 if (time.gmtime().tm_hour - 2) % 24 <= 12
                                else (time.gmtime().tm_hour - 2) % 24 - 24)
        a = self.ask_call("al")
        self.assertEqual([], a["outbound"]["missing"])
        self.person("al", far, zone="Europe/London", gender="male")  # who has the answer sees that theirs is older
        now = self.expect(200, self.call("GET", "/fhir/Patient/al", None, "nurse")).json["meta"]["versionId"]
        self.assertNotEqual(now, a["version"])
        self.assertEqual(now, self.ask_call("al")["version"])
        # Their own no, whatever the hour: nobody calls, nothing is given, and the rule is named.
        self.says_no("al", "voice")
        a = self.ask_call("al")
        self.assertEqual((False, "deny"), (a["may"], a["outbound"]["decision"]))
        self.assertNotIn("number", a)
        self.assertNotIn("until", a)
        self.assertIn("TCPA-DNC-02", a["outbound"]["fired"])
        self.assertTrue(a["outbound"]["translation"]["es"][0] and a["outbound"]["translation"]["ar"][0])
        self.assertEqual(["emergency"], a["exceptions"])
        self.assertEqual([], self.ask_call("al", "agent")["exceptions"])
        # By night it is held until the morning of where they are, and opens when they asked for the call.
        self.person("bo", far, zone=night)
        b = self.ask_call("bo")
        self.assertEqual((False, "hold_until"), (b["may"], b["outbound"]["decision"]))
        self.assertIn("TCPA-HRS-07", b["outbound"]["fired"])
        self.assertGreater(b["until"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        self.assertEqual(["emergency", "callback"], b["exceptions"])
        b = self.ask_call("bo", exception="callback", reason="Asked at 1 a.m. to be called at once")
        self.assertEqual((True, far), (b["may"], b["number"]))
        # Nothing opens without a reason, with an exception nobody knows, or with one that is not theirs.
        self.ask_call("al", status=400, exception="emergency", reason=" ")
        self.ask_call("al", status=400, exception="curious", reason="to know")
        self.ask_call("al", "agent", status=403, exception="emergency", reason="they sound ill")
        a = self.ask_call("al", exception="emergency", reason="Oxygen 79, does not answer texts")
        self.assertEqual((True, far), (a["may"], a["number"]))
        self.assertIn("TCPA-DNC-02", a["outbound"]["suspended"])  # told, not enforced
        heard = json.dumps(self.expect(200, self.call(
            "GET", "/fhir/AuditEvent?patient=Patient/al&_count=100", None, "privacy")).json)
        self.assertIn("call-exception", heard)
        # Nobody is to be helped by a call to the dead, and a wish for one way is a wish.
        self.person("cy", far, deceasedBoolean=True)
        self.assertEqual((False, []), (self.ask_call("cy")["may"], self.ask_call("cy")["exceptions"]))
        self.ask_call("cy", status=403, exception="emergency", reason="the family called")
        self.person("di", far)
        self.says_no("di", kind="confidential-communication", extension=[{
            "url": "https://weft.health/fhir/StructureDefinition/consent-contact-point",
            "valueContactPoint": {"system": "email", "value": "di@example.org"}}])
        d = self.ask_call("di")
        self.assertEqual((False, True), (d["may"], "PRIV-07" in d["outbound"]["fired"]))

    def test_a_no_to_calls_and_what_lifts_it(self):
        """Said to a nurse, by the link, in the portal: the same word, and $call heeds each of them."""
        far = abroad(957)
        self.person("fay", far)
        path = "/fhir/Patient/fay/$consent"
        wishes = "/fhir/Patient/fay/$preferences"

        def shown():
            return self.expect(200, self.call("GET", wishes, None, "nurse")).json

        self.assertEqual((True, None), (self.ask_call("fay")["may"], shown().get("voice")))
        no = {"no": True, "how": "oral", "channel": "voice", "evidence": "On the phone: do not ring me again"}
        for part in ({"purposes": ["care"]}, {"until": "2030-01-01"}, {"channel": "pager"}, {"evidence": ""}):
            self.expect(400, self.call("POST", path, {**no, **part}, "nurse"))
        self.expect(403, self.call("POST", path, no, "agent"))
        c = self.expect(201, self.call("POST", path, no, "nurse")).json
        self.assertEqual(("deny", "voice"),
                         (c["provision"]["type"], c["provision"]["code"][0]["coding"][0]["code"]))
        proof = {e["url"]: e for x in c["extension"] for e in x.get("extension", [])}
        self.assertEqual(("oral", no["evidence"]), (proof["how"]["valueCode"], proof["words"]["valueString"]))
        a = self.ask_call("fay")
        self.assertEqual((False, False), (a["may"], shown()["voice"]))
        self.assertIn("TCPA-DNC-02", a["outbound"]["fired"])
        # They say yes again; no rule of calls by a machine is in its way, and it is of any number of theirs.
        yes = {"how": "oral", "type": "prior_express_consent", "channel": "voice", "purposes": ["care"],
               "evidence": "In the clinic: you may ring me", "affirmative": True, "granular": True, "separate": True}
        time.sleep(0.002)
        c = self.expect(201, self.call("POST", path, yes, "nurse")).json
        self.assertNotIn("consent-contact-point", json.dumps(c))
        self.assertEqual((True, True), (self.ask_call("fay")["may"], shown()["voice"]))
        # By the link that staff made they take it away, and it never says yes.
        link = self.expect(201, self.call("POST", "/fhir/Patient/fay/$contact-link", {}, "nurse")).json["link"]
        page = urllib.parse.urlparse(link).path

        def post(**form):
            return self.expect(200, self.call("POST", page, urllib.parse.urlencode(form).encode(), None, headers={
                "Content-Type": "application/x-www-form-urlencoded"}))

        def ticked():
            a = self.expect(200, self.call("GET", page, None, None))
            text = a.body if isinstance(a.body, str) else a.body.decode()
            return re.search(r'name="voice" value="1"( checked)?( disabled)?', text).groups()

        self.assertEqual((" checked", None), ticked())
        post(voice="1", letter="1")
        self.assertIs(True, shown()["voice"])  # what stays ticked is no new word
        post(letter="1")
        self.assertEqual((False, None), (shown()["voice"], shown().get("letter")))
        self.assertFalse(self.ask_call("fay")["may"])
        self.assertEqual((None, " disabled"), ticked())
        a = self.call("POST", page, urllib.parse.urlencode({"voice": "1", "letter": "1"}).encode(), None, headers={
            "Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual((403, False), (a.status, shown()["voice"]))

    def test_a_no_to_calls_about_a_topic(self):
        """Written down by a nurse, set by the link: $call heeds it for what the call is about, and tells it otherwise."""
        self.person("ivy", abroad(953))
        path, wishes = "/fhir/Patient/ivy/$consent", "/fhir/Patient/ivy/$preferences"

        def shown():
            return self.expect(200, self.call("GET", wishes, None, "nurse")).json

        self.assertEqual(([], []), (shown()["noCalls"], self.ask_call("ivy")["notAbout"]))
        no = {"no": True, "how": "oral", "channel": "voice", "topics": ["lab_results"],
              "evidence": "Write me my results, do not ring"}
        for part in ({"channel": "sms"}, {"topics": ["Lab results"]}, {"purposes": ["care"]}, {"until": "2030-01-01"}):
            self.expect(400, self.call("POST", path, {**no, **part}, "nurse"))
        c = self.expect(201, self.call("POST", path, no, "nurse")).json
        self.assertEqual(("deny", "lab_results"), (c["provision"]["type"], c["provision"]["purpose"][0]["code"]))
        self.assertEqual((["lab_results"], None), (shown()["noCalls"], shown().get("voice")))
        a = self.ask_call("ivy")  # nobody said about what: they may be called, and the caller is told
        self.assertEqual((True, ["lab_results"]), (a["may"], a["notAbout"]))
        self.assertTrue(self.ask_call("ivy", about="prescription_notification")["may"])
        a = self.ask_call("ivy", about="lab_results")
        self.assertEqual((False, True), (a["may"], "CAP-05" in a["outbound"]["fired"]))
        self.assertNotIn("number", a)
        self.ask_call("ivy", status=400, about="Lab results")
        # It hides nothing of the record and ends no text: it is a word about calls.
        self.expect(200, self.call("GET", "/fhir/Observation?patient=ivy", None, "nurse"))
        self.assertEqual([], shown()["refused"])
        # The page of a link that staff made shows it, keeps it, and takes one more.
        page = urllib.parse.urlparse(self.expect(
            201, self.call("POST", "/fhir/Patient/ivy/$contact-link", {}, "nurse")).json["link"]).path
        topics = ("appointment_or_exam_confirm_remind", "home_healthcare_instructions", "prescription_notification",
                  "lab_results", "wellness_checkup")

        def box(topic):
            a = self.expect(200, self.call("GET", page, None, None))
            text = a.body if isinstance(a.body, str) else a.body.decode()
            return re.search(rf'name="call-{topic}" value="1"( checked)?( disabled)?>', text).groups()

        self.assertEqual(((None, " disabled"), (" checked", None)), (box("lab_results"), box("wellness_checkup")))
        form = {t: "1" for t in topics} | {f"call-{t}": "1" for t in topics if t != "wellness_checkup"}
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        self.expect(200, self.call("POST", page, urllib.parse.urlencode(
            {**form, "voice": "1", "letter": "1", "calls": "1"}).encode(), None, headers=head))
        self.assertEqual(["lab_results", "wellness_checkup"], sorted(shown()["noCalls"]))
        # A page from before that had no such boxes takes nothing away.
        self.expect(200, self.call("POST", page, urllib.parse.urlencode(
            {**{t: "1" for t in topics}, "voice": "1", "letter": "1"}).encode(), None, headers=head))
        self.assertEqual(["lab_results", "wellness_checkup"], sorted(shown()["noCalls"]))
        # Said again otherwise to a nurse, with its evidence.
        time.sleep(0.002)
        self.expect(201, self.call("POST", path, {
            "how": "oral", "type": "prior_express_consent", "channel": "voice", "topics": ["lab_results"],
            "evidence": "Ring me with results after all", "affirmative": True, "granular": True, "separate": True},
            "nurse"))
        self.assertEqual(["wellness_checkup"], shown()["noCalls"])
        self.assertTrue(self.ask_call("ivy", about="lab_results")["may"])

    def test_a_topic_that_the_link_does_not_show_stays_refused(self):
        """The page knows five topics; another that is refused (a programme) is no box of it, and saving keeps it."""
        self.person("jo", abroad(952), wishes=[{"url": "refusedTopic", "valueCode": "heart-failure"}])
        page = urllib.parse.urlparse(self.expect(
            201, self.call("POST", "/fhir/Patient/jo/$contact-link", {}, "nurse")).json["link"]).path
        self.expect(200, self.call("POST", page, urllib.parse.urlencode({"lab_results": "1"}).encode(), None, headers={
            "Content-Type": "application/x-www-form-urlencoded"}))
        refused = self.expect(200, self.call("GET", "/fhir/Patient/jo/$preferences", None, "nurse")).json["refused"]
        self.assertEqual((5, True), (len(refused), "heart-failure" in refused))

    TOPICS = ("appointment_or_exam_confirm_remind", "home_healthcare_instructions", "prescription_notification",
              "lab_results", "wellness_checkup")

    def wishes_of(self, who):
        return self.expect(200, self.call("GET", f"/fhir/Patient/{who}/$preferences", None, "nurse")).json

    def opened(self, who, user="nurse"):
        """The page of a link as a browser has it: its path, its text, and what it posts when only saved."""
        link = self.expect(201, self.call("POST", f"/fhir/Patient/{who}/$contact-link", {}, user)).json["link"]
        path = urllib.parse.urlparse(link).path
        text = self.expect(200, self.call("GET", path, None, None)).body.decode()
        form = {n: "1" for n, more in re.findall(r'type="checkbox" name="([^"]+)" value="1"([^>]*)>', text)
                if "checked" in more and "disabled" not in more}
        form |= dict(re.findall(r'name="(\w+)" type="(?:time|date|hidden)" value="([^"]*)"', text))
        form |= dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
        for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', text, re.S):
            said = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
            form[name] = said.group(1)
        return path, text, form

    def save(self, path, form, status=200):
        return self.expect(status, self.call("POST", path, urllib.parse.urlencode(form).encode(), None, headers={
            "Content-Type": "application/x-www-form-urlencoded"}))

    def wish_way(self, purpose, way):
        return {"url": "channel", "extension": [{"url": "purpose", "valueCode": purpose},
                                                {"url": "by", "valueCode": way}]}

    def test_a_way_that_the_link_cannot_offer_stays(self):
        """Notices, without an account; mail, without an address: saving something else took the wish back."""
        self.person("kit", abroad(951), wishes=[self.wish_way("lab_results", "push"),
                                                    self.wish_way("wellness_checkup", "email")])
        path, text, form = self.opened("kit")
        ways = {"lab_results": "push", "wellness_checkup": "email"}
        self.assertEqual(ways, self.wishes_of("kit")["ways"])
        self.assertFalse({"push", "email"} & set(self.wishes_of("kit")["reach"]))
        for way in ("Notices on your device", "E-mail"):
            self.assertIn(f'<option value="" selected>{way}</option>', text)
        self.save(path, form | {"quietFrom": "21:00", "quietUntil": "09:00"})
        self.assertEqual((ways, "21:00"), (self.wishes_of("kit")["ways"], self.wishes_of("kit")["quietFrom"]))
        self.save(path, form | {"by-lab_results": "none"})
        self.assertEqual({"wellness_checkup": "email"}, self.wishes_of("kit")["ways"])

    def test_a_link_of_staff_opens_no_refused_topic(self):
        """It takes away only: a topic that is refused bars calls about it, and a pause everything."""
        until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 9 * 86400))
        self.person("lu", abroad(950), wishes=[{"url": "refusedTopic", "valueCode": "lab_results"},
                                                   {"url": "pausedUntil", "valueDateTime": until}])
        path, text, form = self.opened("lu")
        self.assertRegex(text, r'name="lab_results" value="1" disabled>')
        self.save(path, form | {"lab_results": "1", "pausedUntil": ""})
        self.assertEqual((["lab_results"], until),
                         (self.wishes_of("lu")["refused"], self.wishes_of("lu")["pausedUntil"][:10]))
        a = self.ask_call("lu", about="lab_results")
        self.assertTrue(a["may"] is False and "CAP-05" in a["outbound"]["fired"])
        path, text, form = self.opened("lu", "system")  # sent by the house itself: it may
        self.assertRegex(text, r'name="lab_results" value="1">')
        self.save(path, form | {"lab_results": "1", "pausedUntil": ""})
        self.assertEqual(([], None), (self.wishes_of("lu")["refused"], self.wishes_of("lu").get("pausedUntil")))

    def test_a_call_that_is_barred_stands_unticked(self):
        """Where the topic is refused, or every call: and what was said of such calls stays as it was."""
        self.person("mo", abroad(949), wishes=[{"url": "refusedTopic", "valueCode": "lab_results"}])
        off = re.compile(r'name="call-(\w+)" value="1" disabled>')
        path, text, form = self.opened("mo", "system")
        self.assertEqual(["lab_results"], off.findall(text))
        self.assertIn("What we may contact you about", text)
        self.save(path, form | {"lab_results": "1"})
        self.assertEqual(([], []), (self.wishes_of("mo")["refused"], self.wishes_of("mo")["noCalls"]))
        path, text, form = self.opened("mo", "system")
        self.assertEqual([], off.findall(text))
        form.pop("call-wellness_checkup")
        form.pop("voice")
        self.save(path, form)
        time.sleep(0.002)
        path, text, form = self.opened("mo", "system")
        self.assertEqual(sorted(self.TOPICS), sorted(off.findall(text)))
        self.save(path, form | {"voice": "1", **{f"call-{t}": "1" for t in self.TOPICS}})
        w = self.wishes_of("mo")
        self.assertEqual((True, ["wellness_checkup"]), (w["voice"], w["noCalls"]))

    def test_a_link_of_staff_shortens_no_quiet_hours(self):
        """Who holds it could lift them; it says that it only makes them longer, and does."""
        self.person("ona", abroad(947), wishes=[{"url": "quietFrom", "valueTime": "21:00:00"},
                                                    {"url": "quietUntil", "valueTime": "09:00:00"}])

        def hours():
            w = self.wishes_of("ona")
            return w.get("quietFrom"), w.get("quietUntil")

        for said, then in ((("", ""), ("21:00", "09:00")), (("23:00", "07:00"), ("21:00", "09:00")),
                           (("22:00", "10:00"), ("21:00", "10:00"))):
            path, text, form = self.opened("ona")
            self.assertIn("can only get longer", text)
            self.save(path, form | {"quietFrom": said[0], "quietUntil": said[1]})
            self.assertEqual(then, hours())
        path, text, form = self.opened("ona")
        told = re.compile(r'role="status">[^<]*can only get longer')
        saved = self.save(path, form | {"quietFrom": "12:00", "quietUntil": "14:00"})
        self.assertTrue(told.search(saved.body.decode()))  # hours apart: theirs stay, and that is told
        self.assertFalse(told.search(self.save(path, form).body.decode()))
        path, text, form = self.opened("ona", "system")
        self.assertNotIn("can only get longer", text)
        self.save(path, form | {"quietFrom": "", "quietUntil": ""})
        self.assertEqual((None, None), hours())

    def test_many_refused_topics_fail_no_form(self):
        """More than the page has boxes for: those that are not shown stay, and what is unticked is added."""
        self.person("pia", abroad(946), wishes=[{"url": "refusedTopic", "valueCode": f"t{i}"} for i in range(16)])
        path, _, form = self.opened("pia")
        for topic in self.TOPICS:
            form.pop(topic)
        self.save(path, form)
        self.assertEqual(sorted([*self.TOPICS, *(f"t{i}" for i in range(16))]), sorted(self.wishes_of("pia")["refused"]))
        self.assertFalse(self.ask_call("pia", about="t15")["may"])
        # Beyond all room they count, stay and are shown; one more goes behind them.
        many = [{"url": "refusedTopic", "valueCode": f"t{i}"} for i in range(70)]
        self.person("pia", abroad(946), wishes=many)
        self.assertFalse(self.ask_call("pia", about="t69")["may"])
        path, _, form = self.opened("pia")
        self.save(path, form | {"quietFrom": "21:00", "quietUntil": "09:00"})
        self.assertEqual("21:00", self.wishes_of("pia")["quietFrom"])
        self.assertFalse(self.ask_call("pia", about="t69")["may"])
        form.pop("lab_results")
        self.save(path, form | {"quietFrom": "20:00", "quietUntil": "09:00"})
        w = self.wishes_of("pia")
        self.assertEqual(("20:00", sorted(["lab_results", *(f"t{i}" for i in range(70))])),
                         (w["quietFrom"], sorted(w["refused"])))
        self.assertFalse(self.ask_call("pia", about="lab_results")["may"])
        self.assertNotIn("lab_results", self.opened("pia")[2])

    def test_the_page_shows_calls_as_the_record_has_them(self):
        """Without a telephone it asks nothing of calls about topics; a no to more topics than fit is one to all."""
        self.person("quin", abroad(945))
        _, text, _ = self.opened("quin")
        self.assertIn('name="calls"', text)
        self.person("rex", "", telecom=[{"system": "email", "value": "rex@example.org"}])
        _, text, _ = self.opened("rex")
        self.assertNotIn('name="call', text)
        topics = [{"system": "https://weft.health/fhir/contact-topic", "code": f"t{i}"} for i in range(65)]
        self.says_no("quin", "voice", kind="contact-topic", provision={
            "type": "deny", "purpose": topics,
            "code": [{"coding": [{"system": "https://weft.health/fhir/contact-channel", "code": "voice"}]}]})
        path, text, form = self.opened("quin", "system")
        self.assertIn('name="voice" value="1" disabled>', text)
        self.assertIn("we do not call you at all", text)
        self.assertNotRegex(text, r'name="call-\w+" value="1" checked')
        self.assertFalse(self.ask_call("quin", about="lab_results")["may"])
        was = self.wishes_of("quin")
        self.assertEqual((False, True), (was["voice"], was["callsFull"]))
        self.save(path, form)
        self.assertEqual(was, self.wishes_of("quin"))

    def test_what_is_not_changed_fails_no_form(self):
        """As many topics as there is room for, one that is no code, hours that are half, a pause of many years."""
        self.person("nel", abroad(948), wishes=[
            *({"url": "refusedTopic", "valueCode": f"t{i}" if i else "No Code"} for i in range(15)),
            {"url": "refusedTopic", "valueCode": "t1"}, {"url": "quietUntil", "valueTime": "09:00:00"},
            {"url": "pausedUntil", "valueDateTime": "2091-01-01"}])
        was = self.wishes_of("nel")
        path, _, form = self.opened("nel")
        form.pop("letter")
        self.save(path, form)
        now = self.wishes_of("nel")
        self.assertEqual({**was, "letter": False}, now)
        kept = self.expect(200, self.call("GET", "/fhir/Patient/nel", None, "nurse")).text()
        self.assertIn('"quietUntil"', kept)
        self.assertNotIn('"quietFrom"', kept)

    def test_a_call_by_exception_is_in_the_ledger(self):
        self.person("ed", abroad(959))

        def budget():
            return self.expect(200, self.call("GET", "/fhir/Patient/ed/$contact-budget", None, "nurse")).json

        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.assertEqual(0, budget()["exceptions"])
        task = {"resourceType": "Task", "status": "completed", "intent": "order", "for": {"reference": "Patient/ed"},
                "code": {"coding": [{"system": "https://weft.health/fhir/task-code", "code": "call"}]},
                "executionPeriod": {"start": stamp, "end": stamp}}
        for _ in range(2):
            self.expect(201, self.call("POST", "/fhir/Task", task, "nurse"))
        task["extension"] = [{"url": "https://weft.health/fhir/StructureDefinition/call-exception",
                              "valueCode": "callback"}]
        self.expect(201, self.call("POST", "/fhir/Task", task, "nurse"))
        for _ in range(400):
            now = budget()
            if now["week"]["used"] == 3:
                break
            time.sleep(0.02)
        self.assertEqual((3, 1), (now["week"]["used"], now["exceptions"]))
        a = self.ask_call("ed")  # caps bar a call as they bar a text
        self.assertEqual((False, True), (a["may"], "MSG-10" in a["outbound"]["fired"]))
        self.assertIn("until", a)
        self.assertIn("callback", a["exceptions"])

    def test_a_call_made_anyway_and_one_of_theirs(self):
        """A barred call that was made is told with its reason and counts; what they rang us is no contact by us."""
        self.person("gus", abroad(955))
        self.says_no("gus", "voice")

        def budget():
            return self.expect(200, self.call("GET", "/fhir/Patient/gus/$contact-budget", None, "nurse")).json

        def made(url, code):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.expect(201, self.call("POST", "/fhir/Task", {
                "resourceType": "Task", "status": "completed", "intent": "order", "for": {"reference": "Patient/gus"},
                "code": {"coding": [{"system": "https://weft.health/fhir/task-code", "code": "call"}]},
                "executionPeriod": {"start": stamp, "end": stamp},
                "extension": [{"url": f"https://weft.health/fhir/StructureDefinition/{url}", "valueCode": code}]},
                "nurse"))

        def until(holds):
            for _ in range(400):
                now = budget()
                if holds(now):
                    break
                time.sleep(0.02)
            self.assertTrue(holds(now), now)
            return now

        self.ask_call("gus", status=400, exception="made", reason=" ")
        a = self.ask_call("gus", "agent", exception="made", reason="Rang before I looked")
        self.assertEqual((False, ["TCPA-DNC-02"]),
                         (a["may"], [x for x in a["outbound"]["fired"] if x == "TCPA-DNC-02"]))
        self.assertNotIn("number", a)
        self.assertNotIn("made", a["exceptions"])  # it opens nothing
        heard = json.dumps(self.expect(200, self.call(
            "GET", "/fhir/AuditEvent?patient=Patient/gus&_count=100", None, "privacy")).json)
        self.assertIn("call-exception", heard)
        made("call-exception", "made")
        now = until(lambda n: n["week"]["used"] == 1)
        self.assertEqual((1, {"voice": 1}), (now["exceptions"], now["channels"]))
        made("call-direction", "incoming")
        now = until(lambda n: "lastReceived" in n)
        self.assertEqual((1, 1, {"voice": 1}), (now["week"]["used"], now["exceptions"], now["channels"]))
        # Not barred, it opens no number either: who asks so has called already.
        self.person("hal", abroad(954))
        self.assertTrue(self.ask_call("hal")["may"])
        a = self.ask_call("hal", exception="made", reason="Rang before I looked")
        self.assertEqual((False, False), (a["may"], "number" in a))

    def test_the_preference_centre_by_a_link(self):
        link = self.expect(201, self.call("POST", "/fhir/Patient/mia/$contact-link", {}, "nurse")).json["link"]
        path = urllib.parse.urlparse(link).path
        page = self.expect(200, self.call("GET", path, None, None))
        text = page.body if isinstance(page.body, str) else page.body.decode()
        self.assertIn("<form", text)
        for told in ("Mia", "Sol", "312555", "<script", "Patient/"):
            self.assertNotIn(told, text)
        form = {"lab_results": "1", "home_healthcare_instructions": "1", "quietFrom": "21:00", "quietUntil": "09:00",
                "language": "es", "by-lab_results": "sms", "by-prescription_notification": "none"}
        self.expect(200, self.call("POST", path, urllib.parse.urlencode(form).encode(), None, headers={
            "Content-Type": "application/x-www-form-urlencoded"}))
        w = self.expect(200, self.call("GET", "/fhir/Patient/mia/$preferences", None, "nurse")).json
        self.assertEqual(("21:00", "09:00", "es"), (w["quietFrom"], w["quietUntil"], w["language"]))
        self.assertIs(False, w["letter"])  # its box was not ticked
        self.assertIn("wellness_checkup", w["refused"])
        self.assertEqual({"lab_results": "sms"}, w["ways"])
        self.assertEqual(["sms"], [x for x in w["reach"] if x != "push"])  # no address, no mail: not offered
        page = self.expect(200, self.call("GET", path, None, None)).body.decode()
        self.assertIn('<option value="sms" selected>', page)
        self.assertNotIn('<option value="email"', page)
        self.expect(400, self.call("POST", path, b"by-lab_results=pigeon", None, headers={
            "Content-Type": "application/x-www-form-urlencoded"}))
        self.assertNotIn("lab_results", w["refused"])
        bent = path[:-1] + ("0" if path[-1] != "0" else "1")
        self.expect(404, self.call("GET", bent, None, None))
        self.expect(404, self.call("POST", bent, b"sms=1", None, headers={
            "Content-Type": "application/x-www-form-urlencoded"}))
        self.assertTrue(re.fullmatch("/contact/[0-9a-f]{56}", path))

    def test_the_dialler_asks(self):
        ask = {"step": "dial", "facts": {"is_telemarketing_campaign": True, "abandon_rate_30d": 0.01}}
        self.assertEqual("allow", self.expect(200, self.call("POST", "/dialer/$ask", ask, "agent")).json["decision"])
        ask["facts"]["abandon_rate_30d"] = 0.04
        a = self.expect(200, self.call("POST", "/dialer/$ask", ask, "agent")).json
        self.assertEqual(("hold_until", ["TCPA-ABN-01"]), (a["decision"], a["fired"]))
        hang = {"step": "hangup", "facts": {"is_telemarketing_campaign": True, "answered": False, "rings": 2,
                                            "ring_s": 5}}
        self.assertEqual("deny", self.expect(200, self.call("POST", "/dialer/$ask", hang, "agent")).json["decision"])
        self.expect(403, self.call("POST", "/dialer/$ask", ask, "nurse"))
        self.expect(400, self.call("POST", "/dialer/$ask", {"step": "sing"}, "agent"))


class TwilioLookup(Case):
    """The same facts from Twilio's Lookup v2."""
    roles = ("nurse", "system")

    @classmethod
    def setUpClass(cls):
        cls.peer = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Twilio)
        threading.Thread(target=cls.peer.serve_forever, daemon=True).start()
        cls.folder = tempfile.mkdtemp(prefix="weft-lookup-")
        token = os.path.join(cls.folder, "token")
        with open(token, "w", encoding="utf-8") as f:
            f.write("s3cret\n")
        cls.config = ("sms.channel = screen\noutreach.lookup = twilio\noutreach.lookup_account = AC0123\n"
                      "outreach.lookup_token_file = %s\noutreach.lookup_url = http://127.0.0.1:%d\n"
                      % (token, cls.peer.server_address[1]))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.peer.shutdown()
        cls.peer.server_close()
        shutil.rmtree(cls.folder, True)

    def facts(self, last, consent=True):
        who = f"t{last}{'' if consent else 'n'}"
        a = self.call("PUT", f"/fhir/Patient/{who}", {
            "resourceType": "Patient", "id": who, "address": [{"state": "IL", "country": "US"}],
            "telecom": [{"system": "phone", "value": f"+1312555019{last}"}]}, "system")
        self.assertIn(a.status, (200, 201), a.body)
        if consent:
            self.expect(201, self.call("POST", f"/fhir/Patient/{who}/$consent", {
                "how": "oral", "type": "prior_express_consent", "channel": "sms", "purposes": ["care"],
                "evidence": "said yes", "affirmative": True}, "nurse"))
        check = {"patient": who, "channel": "sms", "text": "Please call us."}
        told = [self.expect(200, self.call("POST", "/fhir/Communication/$check", check)).json["facts"] for _ in range(2)]
        self.assertEqual(told[0].get("line_type"), told[1].get("line_type"))
        return told[1].get("line_type"), told[1].get("rnd_result")

    def test_what_twilio_says(self):
        for last, want in (("1", ("wireless", "no")), ("2", ("voip", "no_data")), ("3", ("wireless", "yes")),
                           ("4", (None, None)), ("5", (None, None)), ("6", (None, None)),
                           ("7", ("residential_landline", None)), ("8", (None, None)), ("9", (None, None))):
            Twilio.asked.clear()
            self.assertEqual(want, self.facts(last), last)
            # Asked once, whatever came: a number that nobody knows is not asked about at each message.
            self.assertEqual(1, len(Twilio.asked), last)
            path, number, query, auth = Twilio.asked[0]
            self.assertEqual(("/v2/PhoneNumbers", f"+1312555019{last}"), (path, number))
            self.assertEqual(["line_type_intelligence,reassigned_number"], query["Fields"])
            days = [time.strftime("%Y%m%d", time.gmtime(time.time() - s)) for s in (0, 600)]  # the permission's day
            self.assertIn(query["LastVerifiedDate"][0], days)
            self.assertEqual("Basic " + base64.b64encode(b"AC0123:s3cret").decode(), auth)

    def test_without_a_permission_no_owner_is_asked_for(self):
        Twilio.asked.clear()
        self.assertEqual("wireless", self.facts("1", consent=False)[0])
        self.assertEqual((["line_type_intelligence"], False),
                         (Twilio.asked[0][2]["Fields"], "LastVerifiedDate" in Twilio.asked[0][2]))


if __name__ == "__main__":
    main()
