"""Messages that may not go, each with the rules that say so: no consent, stopped, quiet hours, health
words and money in a text, the second of a day, the dead, unknown lines and stale look-ups; and what is
only held says until when."""
import datetime
import json
import time
import zoneinfo

from flows import NIGHT, FlowCase, main, wait_for

MINUTE = 60


class Refused(FlowCase):
    def verdict(self, patient, **more):
        return self.check(patient, **more)["verdict"]

    def refused(self, patient, *rules, **more):
        """$check says no and why; $send is refused with each rule as an issue; nothing is kept."""
        v = self.verdict(patient, **more)
        self.assertNotEqual("allow", v["decision"], json.dumps(v, indent=1))
        self.assertTrue(v["why"])
        for rule in rules:
            self.assertIn(rule, v["fired"])
        a = self.expect(422, self.send(patient, **more))
        told = [i.get("expression", [""])[0] for i in a.issues()]
        for rule in rules:
            self.assertIn(rule, told)
        left = self.found(f"/fhir/Communication?subject=Patient/{patient}&_count=50")
        self.assertFalse([c for c in left if c["status"] not in ("not-done",)], left)
        return v

    def patch(self, patient, change):
        p = self.get(f"/fhir/Patient/{patient}")
        change(p)
        self.expect(200, self.call("PUT", f"/fhir/Patient/{patient}", p))

    def test_no_consent(self):
        self.assertFalse(self.house.truth["p0011"]["sms"])
        self.refused("p0011", "MSG-02")

    def test_health_words_in_a_text(self):
        v = self.refused("p0004", template="", text="Your insulin and HIV test result are ready.")
        self.assertTrue([r for r in v["fired"] if r.startswith(("MSG-", "PRIV-"))], v["fired"])

    def test_money_in_a_text(self):
        self.refused("p0004", template="", text="You owe us a balance of $120. Pay your bill now.")

    def test_money_in_the_subject_of_a_mail(self):
        plain = self.verdict("p0012", channel="email", template="", subject="A note",
                             text="Please call us.")
        self.assertEqual("allow", plain["decision"], plain)
        v = self.verdict("p0012", channel="email", template="", text="Please call us.",
                         subject="You have cancer")
        self.assertNotEqual("allow", v["decision"], v)

    def test_too_long(self):
        v = self.check("p0004", template="", text="Please call us when you can. " * 12)
        self.assertGreater(v["segments"], 1)
        self.assertNotEqual("allow", v["verdict"]["decision"])

    def test_arabic_has_two_parts(self):
        """What the GSM alphabet cannot spell says in two parts what English says in one (MSG-05); three are too long."""
        why = {}
        for language, words in (("ar", "اتصل بنا "), ("en", "please call us… ✓ ")):
            for n in (2, 3):
                text, v = "", {"segments": 0}
                while v["segments"] < n:
                    text += words * 4
                    v = self.check("p0012", template="", text=text, language=language)
                why[language, n] = (v["segments"], "MSG-05" in v["verdict"]["fired"])
        self.assertEqual({("ar", 2): (2, False), ("ar", 3): (3, True), ("en", 2): (2, True), ("en", 3): (3, True)}, why)

    def test_the_dead_are_left_in_peace(self):
        self.patch("p0010", lambda p: p.update(deceasedBoolean=True))
        self.refused("p0010")

    def test_a_line_nobody_looked_up(self):
        def forget(p):
            for t in p["telecom"]:
                t.pop("extension", None)
        self.patch("p0023", forget)
        self.refused("p0023", "TCPA-RND-01")

    def test_a_look_up_gone_stale(self):
        """The demonstration's fifteenth patient: nobody asked for fifty days whose number it is."""
        self.refused("p0015", "TCPA-RND-01")

    def test_a_number_that_changed_hands(self):
        def reassign(p):
            for t in p["telecom"]:
                for e in t.get("extension", []):
                    for x in e.get("extension", []):
                        if x["url"] == "result":
                            x["valueCode"] = "yes"
        self.patch("p0002", reassign)
        self.refused("p0002", "TCPA-RND-01")

    def test_a_permission_for_another_number(self):
        def move(p):
            p["telecom"][0]["value"] = "+15595550199"
        self.patch("p0020", move)
        self.refused("p0020")

    def test_the_same_number_spelt_otherwise_is_the_same(self):
        def spell(p):
            d = p["telecom"][0]["value"][2:]
            p["telecom"][0]["value"] = f"({d[:3]}) {d[3:6]}-{d[6:]}"
        number = self.phone("p0008")
        self.patch("p0008", spell)
        self.assertEqual("allow", self.verdict("p0008")["decision"])
        r = self.expect(200, self.call("POST", "/demo/outbox/reply", {
            "channel": "sms", "from": number, "to": "+15035550100", "text": "STOP"})).json
        self.assertEqual((True, True), (r["matched"], r["stopped"]),
                         "a stop counts however the record spells the number")

    def consent(self, patient, kind, when, period=None, number=True):
        point = {"extension": [{
            "url": "https://weft.health/fhir/StructureDefinition/consent-contact-point",
            "valueContactPoint": {"system": "phone", "value": self.phone(patient)}}]}
        return self.expect(201, self.call("POST", "/fhir/Consent", {
            "resourceType": "Consent", "status": "active", "dateTime": when,
            **(point if number else {}),
            "scope": {"coding": [{"code": "patient-privacy", "system":
                                  "http://terminology.hl7.org/CodeSystem/consentscope"}]},
            "category": [{"coding": [{"code": "contact", "system":
                                      "https://weft.health/fhir/consent-category"}]}],
            "patient": {"reference": f"Patient/{patient}"},
            "policyRule": {"coding": [{"system": "https://weft.health/fhir/consent-form",
                                       "code": "written"}]},
            "provision": {"type": kind, **({"period": period} if period else {}), "code": [
                {"coding": [{"system": "https://weft.health/fhir/contact-channel", "code": "sms"}]}],
                "purpose": [{"system": "https://weft.health/fhir/contact-purpose",
                             "code": "care"}]}}, "nurse"))

    def test_a_permission_for_no_number_in_particular(self):
        self.consent("p0018", "permit", self.clock.stamp(60), number=False)
        self.refused("p0018")

    def test_a_permission_that_ended(self):
        stamp = self.clock.stamp
        self.consent("p0017", "permit", stamp(90000), {"end": stamp(3600)})
        self.refused("p0017")
        self.consent("p0017", "permit", stamp(80000), {"end": stamp(-3600)})
        self.assertEqual("allow", self.verdict("p0017")["decision"])

    def test_a_stop_of_today_beats_a_permission_dated_tomorrow(self):
        stamp = self.clock.stamp
        self.consent("p0014", "permit", stamp(-86400))
        self.refused("p0014")
        self.consent("p0014", "permit", stamp(60))
        self.assertEqual("allow", self.verdict("p0014")["decision"])
        self.consent("p0014", "deny", stamp(10))
        self.refused("p0014")

    def test_no_and_yes_at_the_same_moment_is_no(self):
        at = self.clock.stamp(30)
        self.consent("p0024", "permit", at)
        self.consent("p0024", "deny", at)
        self.consent("p0024", "permit", at)
        self.refused("p0024")

    def test_the_weak_session_may_not_text(self):
        token = self.house.call("GET", "/auth/me", token=self.house.sign_in("agent"))
        self.assertEqual(200, token.status)
        a = self.call("POST", "/fhir/Communication/$check", self.draft("p0006"), "admin")
        self.assertIn(a.status, (403, 404), "an administrator has no patients")

    def test_bad_drafts(self):
        for words, more in (("template", {"template": "made-up"}), ("channel", {"channel": "fax"}),
                            ("text", {"template": "", "text": "  "}),
                            ("expires", {"expires": "soon"}),
                            ("expires", {"expires": self.clock.stamp(60)})):
            self.expect(400, self.send("p0006", **more), words)
        self.expect(400, self.send("p0006", key="short"), "key")
        self.expect(400, self.call("POST", "/fhir/Communication/$send", self.draft("p0006")), "key")
        self.expect(404, self.send("p9999"))
        self.expect(404, self.call("POST", "/fhir/Communication/nothing/$undo", {}))


class SecondOfTheDay(FlowCase):
    def test_second_text_is_held_and_the_first_leaves(self):
        """Both wait for a moment: the one behind must not hold up the one before."""
        first = self.expect(201, self.send("p0004")).json["id"]
        v = self.check("p0004")
        self.assertEqual("hold_until", v["verdict"]["decision"])
        self.assertTrue([r for r in v["verdict"]["fired"] if r.startswith("MSG-")], v["verdict"])
        zone = zoneinfo.ZoneInfo(self.house.truth["p0004"]["zone"])
        until = datetime.datetime.fromisoformat(v["sendAt"].replace("Z", "+00:00")).astimezone(zone)
        today = datetime.datetime.fromtimestamp(self.clock.now(), zone)
        self.assertEqual((today + datetime.timedelta(days=1)).date(), until.date())
        self.assertGreaterEqual(until.hour, 8)
        second = self.expect(201, self.send("p0004")).json["id"]
        self.message(first, "in-progress", "completed")
        time.sleep(1)
        self.assertEqual("preparation", self.get(f"/fhir/Communication/{second}")["status"])
        self.expect(200, self.call("POST", f"/fhir/Communication/{second}/$undo", {}))

    def test_two_at_once_leave_one(self):
        """Both are allowed, as nothing has left yet; only one leaves today."""
        ids = [self.send("p0006").json["id"] for _ in range(2)]
        wait_for(lambda: [i for i in ids if self.get(f"/fhir/Communication/{i}")["status"] in
                          ("in-progress", "completed")], "one of the two")
        time.sleep(1)
        states = sorted(self.get(f"/fhir/Communication/{i}")["status"] for i in ids)
        self.assertEqual("preparation", states[1], states)


class Night(FlowCase):
    """01:00 in Los Angeles, 04:00 in New York."""
    start_at = NIGHT

    def test_quiet_hours_hold_until_eight(self):
        for patient in ("p0002", "p0004", "p0008", "p0024"):
            v = self.check(patient)
            zone = zoneinfo.ZoneInfo(self.house.truth[patient]["zone"])
            self.assertEqual("hold_until", v["verdict"]["decision"], v["verdict"])
            until = datetime.datetime.fromisoformat(v["sendAt"].replace("Z", "+00:00"))
            self.assertEqual((8, 0), (until.astimezone(zone).hour, until.astimezone(zone).minute))
            self.assertEqual("2026-11-25", str(until.astimezone(zone).date()))
        sent = self.expect(201, self.send("p0008")).json["id"]
        time.sleep(3.5)
        self.assertEqual("preparation", self.get(f"/fhir/Communication/{sent}")["status"])
        self.expect(200, self.call("POST", f"/fhir/Communication/{sent}/$undo", {}))
        self.assertEqual("not-done", self.get(f"/fhir/Communication/{sent}")["status"])

    def test_stop_is_confirmed_at_night_too(self):
        self.assertTrue(self.reply("p0012", "STOP")["stopped"])
        wait_for(lambda: [c for c in self.found("/fhir/Communication?subject=Patient/p0012")
                          if "category" in c and c["status"] in ("in-progress", "completed")],
                 "the confirmation")


class Wakes(FlowCase):
    """A held message leaves by itself when its hour comes, also when the server was down then."""
    start_at = NIGHT

    def test_held_message_leaves_at_eight(self):
        sent = self.expect(201, self.send("p0008")).json["id"]
        late = self.expect(201, self.send("p0002", expires=self.clock.stamp(-7200))).json["id"]
        self.house.stop()
        self.house.clock.offset += 4 * 3600 + 600  # 08:10 in New York
        self.house.start()
        self.message(sent, "in-progress", "completed")
        self.house.stop()
        self.house.clock.offset += 3 * 3600  # 08:10 in Los Angeles: its message is of no use any more
        self.house.start()
        self.house.tokens.clear()  # the night's sessions have ended
        dropped = self.message(late, "stopped", "in-progress", "completed")
        self.assertEqual("stopped", dropped["status"])
        self.assertIn("too late", dropped["statusReason"]["text"])


if __name__ == "__main__":
    main()
