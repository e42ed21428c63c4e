"""The main job, end to end: a reading becomes a case, two nurses reach for it, the rulebook allows a
message, the message leaves once, the patient answers, stops and starts again, the case is closed, and
the trail tells all of it. And the way back: a visit ends, the patient is asked, and what they answer
reaches somebody."""
import json
import re
import threading
import time
import urllib.parse

from flows import Events, FlowCase, free_port, main, reading, wait_for

P = "p0013"  # English, Chicago, texts allowed, stable


def both(call, *arguments):
    """The same thing by two at once."""
    answers, gate = [None] * len(arguments), threading.Barrier(len(arguments))

    def one(i):
        gate.wait()
        answers[i] = call(*arguments[i])
    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(arguments))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return answers


class MainJob(FlowCase):
    broker = True

    def test_a_reading_becomes_a_case_becomes_a_message(self):
        """In order, since it is one story."""
        for user in ("nurse", "nurse2", "patient", "privacy", "outreach"):
            self.house.sign_in(user)
        self.a_reading_becomes_a_case()
        self.two_nurses_reach_for_it()
        self.a_message_leaves_once()
        self.the_patient_answers()
        self.the_case_is_closed()
        self.the_trail_tells_it()

    def a_reading_becomes_a_case(self):
        events = Events(self.house, self.house.sign_in("nurse"), "?types=Task")
        self.addCleanup(events.close)
        hello = events.wait(lambda e: e.get("event") == "hello")["id"]
        device = self.house.mqtt(P)
        self.addCleanup(device.close)
        device.publish(f"weft/v1/hub-{P}/observation", reading("spo2", 86, self.clock.stamp(60)))
        case = self.case(P)
        self.assertIn("86", case["description"])
        self.assertIn("%", case["description"])
        self.assertIn("one reading", case["description"])
        self.assertEqual(("requested", "order"), (case["status"], case["intent"]))
        self.assertEqual(f"Patient/{P}", case["for"]["reference"])
        was = case["priority"]
        told = events.wait(lambda e: e.get("event") == "change" and case["id"] in e["data"])
        self.assertGreater(int(told["id"]), int(hello))
        events.close()
        device.publish(f"weft/v1/hub-{P}/observation", reading("spo2", 85, self.clock.stamp(1)))
        order = ["routine", "urgent", "asap", "stat"]
        risen = self.case(P, lambda t: order.index(t["priority"]) > order.index(was))
        self.assertEqual(case["id"], risen["id"], "the second reading joins the same case")
        self.assertIn("85", risen["description"])
        self.assertIn("readings in a row", risen["description"])
        self.assertEqual(2, len(risen["input"]))
        self.assertEqual(1, len(self.cases(P)))
        resumed = Events(self.house, self.house.sign_in("nurse"), "?types=Task", last_id=told["id"])
        self.addCleanup(resumed.close)
        resumed.wait(lambda e: e.get("event") == "change" and
                     json.loads(e["data"]).get("id") == case["id"] and
                     json.loads(e["data"])["vid"] == risen["meta"]["versionId"])
        self.assertFalse([e for e in resumed.events if e.get("id") == told["id"]
                          and e["event"] == "change"], "what was seen is not told again")
        type(self).task = case["id"]

    def two_nurses_reach_for_it(self):
        answers = both(lambda user: self.call("POST", f"/fhir/Task/{self.task}/$claim", {}, user),
                       ("nurse",), ("nurse2",))
        self.assertEqual([200, 409], sorted(a.status for a in answers), [a.body for a in answers])
        lost = [a for a in answers if a.status == 409][0]
        self.expect(409, lost, "case")
        winner = ("nurse", "nurse2")[answers[0].status == 409]
        self.assertEqual(f"Practitioner/{winner}",
                         self.get(f"/fhir/Task/{self.task}")["owner"]["reference"])
        other = "nurse2" if winner == "nurse" else "nurse"
        for verb, body in (("claim", {}), ("release", {}),
                           ("snooze", {"until": self.clock.stamp(-3600)}),
                           ("resolve", {"outcome": "contacted-ok"})):
            a = self.call("POST", f"/fhir/Task/{self.task}/${verb}", body, other)
            self.assertIn(a.status, (409, 422), (verb, a.body))
        type(self).winner, type(self).other = winner, other

    def a_message_leaves_once(self):
        v = self.check(P, task=self.task, user=self.winner)
        self.assertEqual("allow", v["verdict"]["decision"], json.dumps(v, indent=1))
        self.assertEqual(1, v["segments"])
        self.assertEqual("GSM-7", v["encoding"])
        self.assertLessEqual(v["grade"], 8)
        self.assertNotIn(self.phone(P), json.dumps(v), "the number is masked")
        for fact in ("channel", "legal_basis", "line_type", "rnd_result", "texts_today",
                     "contains_phi", "revocation_on_file", "segments"):
            self.assertIn(fact, v["facts"])
        first = self.expect(201, self.send(P, task=self.task, user=self.winner)).json
        self.assertEqual("preparation", first["status"])
        undone = self.expect(200, self.call("POST", f"/fhir/Communication/{first['id']}/$undo", {},
                                            self.winner)).json
        self.assertEqual("not-done", undone["status"])
        key = "the-same-key-1"
        answers = both(lambda: self.send(P, key=key, task=self.task, user=self.winner),
                       *[()] * 8)
        self.assertEqual({200, 201}, {a.status for a in answers}, [a.body for a in answers])
        ids = {a.json["id"] for a in answers}
        self.assertEqual(1, len(ids), "one key, one message")
        self.assertEqual(1, len([a for a in answers if a.status == 201]))
        type(self).sent = ids.pop()
        self.message(self.sent, "in-progress", "completed")
        time.sleep(1)
        self.assertEqual("not-done", self.get(f"/fhir/Communication/{first['id']}")["status"])
        self.expect(409, self.call("POST", f"/fhir/Communication/{self.sent}/$undo", {},
                                   self.winner), "left")
        screen = self.expect(200, self.call("GET", "/demo/outbox", user=self.winner)).json
        shown = [m for m in screen if m["id"] in (self.sent, first["id"])]
        self.assertEqual([self.sent], [m["id"] for m in shown])
        self.assertEqual(self.phone(P), shown[0]["to"])
        self.assertIn("Bright River Clinic", shown[0]["text"])
        self.assertIn("STOP", shown[0]["text"])

    def the_patient_answers(self):
        r = self.reply(P, "I feel a bit better, thank you")
        self.assertTrue(r["matched"])
        self.assertFalse(r["stopped"])
        c = self.get(f"/fhir/Communication/{r['communication']}")
        self.assertEqual(f"Communication/{self.sent}", c["inResponseTo"][0]["reference"])
        task = self.get(f"/fhir/Task/{self.task}")
        self.assertEqual(f"Communication/{c['id']}", task["focus"]["reference"])
        self.assertTrue([n for n in task["note"] if "answered" in n["text"]])
        mine = self.found("/fhir/Communication?_count=50", "patient")
        self.assertNotIn(self.sent, [m["id"] for m in mine], "another patient's messages")

    def the_case_is_closed(self):
        self.expect(422, self.call("POST", f"/fhir/Task/{self.task}/$resolve",
                                   {"outcome": "made-up"}, self.winner), "outcome")
        done = self.expect(200, self.call("POST", f"/fhir/Task/{self.task}/$resolve", {
            "outcome": "contacted-ok", "note": "Feels better."}, self.winner)).json
        self.assertEqual("completed", done["status"])
        self.assertEqual("contacted-ok",
                         done["output"][0]["valueCodeableConcept"]["coding"][0]["code"])
        self.assertEqual([], self.cases(P))
        self.expect(409, self.call("POST", f"/fhir/Task/{self.task}/$claim", {}, "nurse2"), "closed")

    def the_trail_tells_it(self):
        def entries(query):
            return self.found(f"/fhir/AuditEvent?{query}&_count=100", "privacy")
        for kind, id in (("Task", self.task), ("Communication", self.sent)):
            acts = {e.get("action") for e in entries(f"entity={kind}/{id}")}
            self.assertIn("C", acts, kind)
            self.assertIn("U", acts, kind)
            self.assertIn("R", acts, kind)
        whose = entries(f"patient=Patient/{P}")
        self.assertTrue(whose)


class Portal(FlowCase):
    """The patient sees what was written to them, and who looked."""

    def test_own_messages_and_who_looked(self):
        me = self.house.accounts["patient"]["patient"]
        a = self.expect(201, self.send(me)).json
        self.message(a["id"], "in-progress", "completed")
        self.assertIn(a["id"], [c["id"] for c in self.found("/fhir/Communication?_count=20",
                                                            "patient")])
        self.get(f"/fhir/Patient/{me}")
        who = self.found(f"/fhir/AuditEvent?patient=Patient/{me}&_count=100", "patient")
        self.assertTrue([e for e in who if "Practitioner/nurse" in json.dumps(e)], who[:2])
        self.assertEqual(404, self.call("GET", f"/fhir/Patient/{P}", user="patient").status)
        others = self.call("GET", f"/fhir/AuditEvent?patient=Patient/{P}", user="patient")
        if others.status == 200:
            self.assertEqual([], others.json.get("entry", []))
        a = self.call("POST", "/fhir/Communication/$send", self.draft(P, key="not-mine-1"), "patient")
        self.assertIn(a.status, (403, 404, 422))


class Stop(FlowCase):
    """STOP in a keyword and in plain words ends contact at once, START begins it again."""

    def answers(self, patient, kind):
        return [c for c in self.found(f"/fhir/Communication?subject=Patient/{patient}&_count=50")
                if "category" in c and c["category"][0]["coding"][0]["code"] == kind]

    def confirmations(self, patient):
        return self.answers(patient, "optout_confirmation")

    def stop(self, patient, words):
        queued = self.expect(201, self.send(patient)).json["id"]
        r = self.reply(patient, words)
        self.assertTrue(r["stopped"], words)
        newest = self.found(f"/fhir/Consent?patient=Patient/{patient}&_sort=-date&_count=1")[0]
        self.assertEqual("deny", newest["provision"]["type"])
        self.assertEqual("not-done", self.message(queued, "not-done", "in-progress",
                                                  "completed")["status"], words)
        refused = self.expect(422, self.send(patient))
        rules = [i.get("expression", [""])[0] for i in refused.issues()]
        self.assertTrue([x for x in rules if x.startswith(("TCPA-", "MSG-", "REC-"))], rules)
        for issue in refused.issues():
            self.assertGreater(len(issue["details"]["text"]), 20, issue)
        wait_for(lambda: [c for c in self.confirmations(patient) if c["status"] in
                          ("in-progress", "completed")], f"the confirmation of {words!r}")
        return r

    def test_stop_keyword_start_and_stop_again(self):
        self.stop("p0002", "STOP")
        self.reply("p0002", "stop")
        self.reply("p0002", "Stop please")
        time.sleep(1.5)
        left = [c for c in self.confirmations("p0002") if c["status"] != "not-done"]
        self.assertEqual(1, len(left), "one stop is confirmed once")
        r = self.reply("p0002", "START")
        self.assertFalse(r["stopped"])
        self.assertEqual("allow", self.check("p0002")["verdict"]["decision"])
        self.stop("p0002", "UNSUBSCRIBE")
        wait_for(lambda: len([c for c in self.confirmations("p0002")
                              if c["status"] in ("in-progress", "completed")]) == 2,
                 "the second stop's own confirmation")

    def test_stop_in_plain_words(self):
        self.stop("p0008", "please stop texting me")
        self.stop("p0009", "por favor paren")

    def test_help_is_answered(self):
        self.assertTrue(self.reply("p0020", "HELP")["matched"])
        answer = wait_for(lambda: [c for c in self.answers("p0020", "help_reply") if c["status"] in
                                   ("in-progress", "completed")], "the answer to HELP")
        self.assertEqual(1, len(answer))
        self.assertEqual("allow", self.check("p0020")["verdict"]["decision"], "HELP ends nothing")

    def test_a_stop_holds_for_all_of_a_shared_number(self):
        self.assertEqual(self.phone("p0021"), self.phone("p0022"))
        queued = self.expect(201, self.send("p0021")).json["id"]
        self.assertTrue(self.reply("p0022", "Quit")["stopped"])
        self.assertEqual("not-done", self.message(queued, "not-done", "completed",
                                                  "in-progress")["status"])
        for patient in ("p0021", "p0022"):
            self.expect(422, self.send(patient))

    def test_two_stops_at_once_are_confirmed_once(self):
        self.check("p0023")
        both(lambda w: self.reply("p0023", w), ("STOP",), ("end",))

        def decided():
            states = [c["status"] for c in self.confirmations("p0023")]
            return "preparation" not in states and states

        states = wait_for(decided, "a decision on every confirmation")
        self.assertEqual(1, len([s for s in states if s != "not-done"]), states)

    def test_danger_words_open_an_urgent_case(self):
        for i, words in enumerate(("I have chest pain and cannot breathe",
                                   "chest pain is worse now")):
            r = self.reply("p0016", words)
            case = self.case("p0016", lambda t: t["groupIdentifier"]["value"] == "message-danger")
            self.assertEqual("stat", case["priority"])
            self.assertIn("Call now", case["description"])
            self.assertEqual(f"Communication/{r['communication']}", case["focus"]["reference"])
            self.assertEqual(i + 1, len(case["input"]), "danger told twice joins the same case")
        self.assertEqual(422, self.call("POST", f"/fhir/Task/{case['id']}/$snooze",
                                        {"until": self.clock.stamp(-3600)}).status)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Surveys(FlowCase):
    """A visit ends; the person is asked by text, answers by text, by link and in the portal."""

    @classmethod
    def prepare(cls):
        cls.house.listen_at = f"127.0.0.1:{free_port()}"
        cls.house.configure("survey.after_visit = visit,phq-2\nsurvey.after_hours = 0\noutreach.domain = 127.0.0.1")

    def asked(self):
        tasks = self.found(f"/fhir/Task?patient=Patient/{P}&code=complete-questionnaire")
        return {t["focus"]["reference"].split("weft-")[1]: t for t in tasks}

    def page(self, path, status, *words, **fields):
        """The page as its text; it names nobody and runs no script."""
        body = urllib.parse.urlencode(fields).encode() if fields else None
        a = self.call("POST" if fields else "GET", path, body, None, headers=FORM if fields else {})
        text = a.body if isinstance(a.body, str) else a.body.decode()
        self.assertEqual(status, a.status, text[:2000])
        for word in words:
            self.assertIn(word, text)
        for told in ("<script", "Patient/", P):
            self.assertNotIn(told, text)
        return text

    def test_asked_answered_and_heard(self):
        for user in ("nurse", "patient", "outreach"):
            self.house.sign_in(user)
        self.expect(201, self.call("POST", "/fhir/Encounter", {
            "resourceType": "Encounter", "status": "finished", "subject": {"reference": f"Patient/{P}"},
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "period": {"end": self.clock.stamp(60)}}))
        link = wait_for(self.link, "the message with the link")
        self.answered_by_text(link)
        self.answered_by_link(link)
        self.sensitive_asks_first()
        self.in_the_portal_and_reported()

    def link(self):
        for c in self.found(f"/fhir/Communication?patient=Patient/{P}&_sort=-sent&_count=5"):
            m = re.search(r"http://127\.0\.0\.1:[0-9]+(/go/\S+)", c["payload"][0]["contentString"])
            if m and c["status"] in ("in-progress", "completed"):
                return m[1]
        return None

    def answered_by_text(self, link):
        self.reply(P, "4")
        wait_for(lambda: self.asked()["visit"]["status"] == "in-progress", "the number to be an answer")
        self.page(link, 200, "How was your visit?", 'value="4" checked')
        self.assertEqual([], [t for t in self.cases(P) if "friend" in t["description"]])

    def read_by(self, link):
        """How the message that brought the link is known to be read."""
        for c in self.found(f"/fhir/Communication?patient=Patient/{P}&_sort=-sent&_count=20"):
            if link in c["payload"][0]["contentString"]:
                return [part["valueCode"] for e in c.get("extension", []) if e["url"].endswith("/message-read")
                        for part in e["extension"] if part["url"] == "how"]
        return None

    def answered_by_link(self, link):
        self.assertEqual([], self.read_by(link))  # opened above, as a phone or a mail gate does by itself
        self.page(link, 200, 'role="alert"', send="1", nps="11")
        self.page(link, 200, 'role="alert"', send="1", **{"nps-reason": "x" * 1001})
        self.assertEqual(["link"], self.read_by(link))
        self.page(link, 200, "Thank you", send="1", nps="4", wait="1", **{
            "nps-contact": "yes", "nps-reason": "Nobody called me <back>"})
        case = self.case(P, lambda t: "friend" in t["description"])
        for words in ("4 of 10", "How long you had to wait", "Nobody called me <back>"):
            self.assertIn(words, case["description"])
        self.assertIn("end", case["executionPeriod"])
        self.page(link, 410, "This link has ended")
        answer = self.get("/fhir/" + self.asked()["visit"]["output"][0]["valueReference"]["reference"])
        self.assertEqual("completed", answer["status"])

    def sensitive_asks_first(self):
        task = self.asked()["phq-2"]
        self.assertEqual("R", task["meta"]["security"][0]["code"])
        path = self.expect(201, self.call("POST", f"/task-links/{task['id']}", {})).json["path"]
        born = self.get(f"/fhir/Patient/{P}")["birthDate"]
        self.assertNotIn("2 weeks", self.page(path, 200))
        self.assertNotIn("2 weeks", self.page(path, 200, born="1901-01-01", send="1", **{"phq-down": "3"}))
        self.page(path, 200, "last 2 weeks", born=born)
        self.page(path, 200, "Thank you", born=born, send="1", **{"phq-interest": "2", "phq-down": "3"})
        case = self.case(P, lambda t: "questionnaire" in t["description"])
        self.assertNotRegex(case["description"], "[0-9]")
        self.assertEqual("asap", case["priority"])

    def in_the_portal_and_reported(self):
        report = self.get("/survey-report?survey=visit&days=30", "outreach")
        self.assertEqual(True, report["few"])
        self.expect(403, self.call("GET", "/survey-report", user="patient"))
        self.expect(404, self.call("GET", "/survey-report?survey=none", user="outreach"))
        self.expect(400, self.call("GET", "/survey-report?days=89", user="outreach"))
        log = self.house.read_log()
        self.assertNotIn("error=ok", log)  # what did not fail is not told
        for told in ("phq", "Nobody called"):
            self.assertNotIn(told, log)


if __name__ == "__main__":
    main()
