"""The VR-12, whose words and weights are the site's: answered without a table it is kept and not scored; with the
table of survey.weights_file it is scored, those answers too, and stands beside KCCQ-12 in what came of a programme.
No weight here is the instrument's: the table is made for this test."""
import copy
import csv
import io
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "30-http"))
from flows import wait_for  # noqa: E402
from weft_http import Case, main  # noqa: E402

ITEMS = ["1", "2a", "2b", "3a", "3b", "4a", "4b", "5", "6a", "6b", "6c", "7"]
QUESTIONNAIRE = "https://weft.health/fhir/Questionnaire/vr-12"
# 10 and 5 a step of 2a (three answers, so 0.1 a place of 0-100); 20 and 4 a step of 6b.
TABLE = {"vr-12": {"version": "made-up.1", "source": "made for a test", "scores": {
    "physical": {"intercept": 10, "items": {i: 0 for i in ITEMS} | {"2a": 0.1}},
    "mental": {"intercept": 20, "items": {i: 0 for i in ITEMS} | {"6b": {str(k): 24 - 4 * k for k in range(1, 7)}}}}}}
DAY = 86400


def at(days):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * DAY))


class Weights(Case):
    @classmethod
    def configure(cls, table):
        """The table that the site names; None: none."""
        path = os.path.join(cls.server.folder, "weights.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(table, f)
        with open(cls.server.config, "w", encoding="utf-8") as f:
            f.write(f"survey.weights_file = {path}\n" if table else "")

    def person(self, n, started=None):
        self.put("Patient", f"p{n}", {"birthDate": "1950-03-02"})
        of = {"reference": f"Patient/p{n}"}
        self.put("Condition", f"c{n}", {
            "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                                           "code": "active"}]},
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "84114007"}]}, "subject": of})
        if started is not None:
            self.put("EpisodeOfCare", f"e{n}", {
                "status": "active", "statusHistory": [{"status": "active", "period": {"start": at(started)}}],
                "type": [{"coding": [{"system": "https://weft.health/fhir/programme", "code": "heart-failure"}]}],
                "patient": of, "period": {"start": at(started)}})

    def answer(self, n, days, walk, energy):
        """All twelve: 2a by walk (1 worst to 3), 6b by energy (1 best to 6)."""
        codes = {i: "1" for i in ITEMS} | {"2a": str(walk), "6b": str(energy)}
        self.put("QuestionnaireResponse", f"r{n}{'b' if days < -100 else 'a'}", {
            "status": "completed", "questionnaire": QUESTIONNAIRE + "|1", "subject": {"reference": f"Patient/p{n}"},
            "authored": at(days), "item": [{"linkId": i, "answer": [{"valueCoding": {"code": c}}]}
                                           for i, c in codes.items()]})

    def scores(self, n):
        """{(code, answer): (value, version)}"""
        a = self.expect(200, self.call("GET", f"/fhir/Observation?patient=Patient/p{n}&category=survey", token="system"))
        return {(o["code"]["coding"][0]["code"], o["derivedFrom"][0]["reference"].split("/")[1]):
                (o["valueQuantity"]["value"], o["method"]["coding"][0]["code"])
                for o in (e["resource"] for e in a.json.get("entry", []))}

    def outcomes(self):
        o = self.expect(200, self.call("GET", "/programmes/outcomes?programme=heart-failure")).json
        return o, {m["code"]: m for m in o["measures"]}

    def file(self):
        a = self.call("GET", "/programmes/outcomes.csv?programme=heart-failure")
        self.assertEqual(200, a.status, a.body)
        rows = list(csv.reader(io.StringIO(a.body.decode())))
        self.assertEqual({len(rows[0])}, {len(r) for r in rows})
        return {r[0]: r for r in rows}

    def refused(self, table, *words):
        self.server.stop()
        self.configure(table)
        with self.assertRaises(AssertionError) as said:
            self.server.start()
        self.server.process = None
        self.server.log.close()
        for word in words:
            self.assertIn(word, str(said.exception))

    def test_a_table_comes_to_the_answers(self):
        for n in (1, 2):  # in it since 100 days: 15 -> 20, 10 -> 20 of body, 8 and 12 more of mind
            self.person(n, started=-100)
            self.answer(n, -120, 3 - n, 5)
            self.answer(n, -20, 3, 4 - n)
        for n in (3, 4):  # compared, as they were
            self.person(n)
            self.answer(n, -120, 2, 5)
            self.answer(n, -20, 2, 5)

        o, of = self.outcomes()
        self.assertEqual([{"survey": "vr-12", "answers": 8}], o["tables"])
        self.assertEqual(0, of["vr12-physical"]["programme"]["n"])
        self.assertEqual({}, self.scores(1))
        self.assertEqual("no scoring table; answers kept: 8", self.file()["vr12-mental"][-1])

        wrong = copy.deepcopy(TABLE)
        del wrong["vr-12"]["scores"]["mental"]["items"]["6b"]["4"]
        self.refused(wrong, "vr-12: mental: 6b: no weight of answer 4")

        self.configure(TABLE)
        self.server.start()
        wait_for(lambda: len(self.scores(1)) == 4 and len(self.scores(4)) == 4, "the scores of before")
        self.assertEqual({("vr-12-physical", "r1b"): (15, "made-up.1"), ("vr-12-mental", "r1b"): (24, "made-up.1"),
                          ("vr-12-physical", "r1a"): (20, "made-up.1"), ("vr-12-mental", "r1a"): (32, "made-up.1")},
                         self.scores(1))
        o, of = self.outcomes()
        self.assertEqual([{"survey": "vr-12", "version": "made-up.1", "answers": 8}], o["tables"])
        self.assertEqual(["kccq", "vr12-physical", "vr12-mental"], list(of)[4:7])
        body, mind = of["vr12-physical"], of["vr12-mental"]
        self.assertEqual((2, 12.5, 20), tuple(body["programme"][k] for k in ("n", "before", "after")))
        self.assertEqual((2, 15, 15), tuple(body["compared"][k] for k in ("n", "before", "after")))
        self.assertEqual(7.5, body["effect"]["value"])
        self.assertAlmostEqual(7.5 - 12.7062 * 2.5, body["programme"]["change"]["low"], 2)  # t(1), sd 3.5355
        self.assertEqual((24, 34, 10), (mind["programme"]["before"], mind["programme"]["after"], mind["effect"]["value"]))
        row = self.file()["vr12-physical"]
        self.assertEqual(("2", "12.5000", "20.0000", "table made-up.1"), (*row[1:4], row[-1]))

        self.answer(4, -19, 3, 1)  # a new version of an answer, scored again
        wait_for(lambda: self.scores(4)[("vr-12-physical", "r4a")][0] == 20, "the score of what was changed")

        other = copy.deepcopy(TABLE)
        other["vr-12"]["scores"]["physical"]["intercept"] = 11
        self.refused(other, "another table was loaded as version made-up.1")
        self.configure(None)
        self.server.start()  # the licence ended: what was scored stays, nothing new is
        self.assertNotIn("version", self.outcomes()[0]["tables"][0])
        self.assertEqual((15, "made-up.1"), self.scores(1)[("vr-12-physical", "r1b")])


if __name__ == "__main__":
    main()
