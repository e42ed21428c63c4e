"""Signing in, tokens, and what they open: expired and forged ones nothing, a patient's own record
only their own, guessing is slowed, a sign-out ends at once."""
import time
import unittest

from weft_http import FHIR, Case, Server, main, observation, weft

NURSE = "correct horse battery 7"


class Auth(Case):
    roles = ("nurse", "system", "admin", "agent")
    accounts = ((("--user", "nurse.ada", "--role", "nurse", "--name", "Ada N.", "--language", "es"),
                 NURSE),
                (("--user", "gone.bob", "--role", "nurse"), "another long phrase 9"))

    @classmethod
    def before_start(cls):
        weft("user", "disable", "--data", cls.server.data, "--user", "gone.bob")
        cls.short = cls.server.token("nurse", "--ttl", "1")

    def sign_in(self, user, password):
        return self.call("POST", "/auth/sign-in", {"user": user, "password": password}, None)

    def test_sign_in_and_out(self):
        a = self.expect(200, self.sign_in("nurse.ada", NURSE)).json
        self.assertEqual(("nurse.ada", "Ada N.", "nurse", "es"),
                         (a["user"], a["name"], a["role"], a["language"]))
        self.assertGreater(a["expires"], "2020")
        token = {"Authorization": "Bearer " + a["token"]}
        me = self.expect(200, self.call("GET", "/auth/me", token=None, headers=token)).json
        self.assertEqual("nurse.ada", me["user"])
        self.assertNotIn("token", me)
        self.assertNotIn("screen", me)  # the built-in phone is a demonstration's
        self.expect(200, self.call("GET", "/fhir/Patient", token=None, headers=token))
        self.expect(204, self.call("POST", "/auth/sign-out", token=None, headers=token))
        self.expect(401, self.call("GET", "/fhir/Patient", token=None, headers=token), "sign in")
        self.expect(401, self.call("POST", "/auth/sign-out", token=None, headers=token))

    def test_one_answer_for_all_failures(self):
        answers = [self.sign_in(*x) for x in (("nurse.ada", "wrong password"),
                                              ("nobody.here", "wrong password"),
                                              ("gone.bob", "another long phrase 9"))]
        said = {(a.status, a.json["issue"][0]["details"]["text"]) for a in answers}
        self.assertEqual(1, len(said), said)
        self.expect(401, answers[0])
        self.assertEqual('Bearer realm="weft"', answers[0].header("WWW-Authenticate"))
        self.expect(400, self.sign_in("nurse.ada", ""), "password")
        self.expect(400, self.call("POST", "/auth/sign-in", "{", None))

    def test_guessing_is_slowed(self):
        """Each guess doubles the wait, so a machine that takes seconds for one is refused a few guesses later."""
        answers = [self.sign_in("victim.user", "guess number 0")]
        while answers[-1].status == 401 and len(answers) < 14:
            answers.append(self.sign_in("victim.user", f"guess number {len(answers)}"))
        self.assertGreater(len(answers), 2)
        self.expect(429, answers[-1], "wait")
        self.assertTrue(answers[-1].header("Retry-After"))
        self.expect(200, self.sign_in("nurse.ada", NURSE))

    def test_no_token(self):
        for path in ("/fhir/Patient", "/fhir/Patient/x", "/auth/me", "/events",
                     "/fhir/AuditEvent", "/fhir/Patient/x/_history", "/demo/outbox"):
            self.expect(401, self.call("GET", path, token=None))
        self.expect(401, self.call("POST", "/fhir", {"resourceType": "Bundle"}, None))
        self.expect(401, self.call("DELETE", "/fhir/Patient/x", token=None))

    def test_forged_and_expired_tokens(self):
        good = self.nurse
        flipped = good[:-1] + ("a" if good[-1] != "a" else "b")
        for token in ("", "x", "x" * 52, flipped, good + "a", good[:-1], "é" * 30, "x" * 5000,
                      "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."):
            a = self.call("GET", "/fhir/Patient", token=None,
                          headers={"Authorization": ("Bearer " + token).encode("utf-8")})
            self.expect(401, a)
        for scheme in ("Basic bnVyc2U6cHc=", "bearer", "Digest x"):
            self.expect(401, self.call("GET", "/fhir/Patient", token=None,
                                       headers={"Authorization": scheme}))
        self.expect(200, self.call("GET", "/fhir/Patient", token=None,
                                   headers={"Authorization": "bearer " + good}))
        while self.call("GET", "/fhir/Patient", token="short").status == 200:
            time.sleep(0.1)
        self.expect(401, self.call("GET", "/fhir/Patient", token="short"))

    def test_roles(self):
        self.expect(403, self.call("GET", "/fhir/Patient", token="admin"))
        self.expect(403, self.call("DELETE", "/fhir/Patient/" + self.patient()))
        pid = self.patient()
        oid = self.create(observation(pid)).json["id"]
        self.expect(403, self.call("GET", f"/fhir/Observation/{oid}", token="agent"))
        self.expect(200, self.call("GET", f"/fhir/Patient/{pid}", token="agent"))


class PatientBoundary(unittest.TestCase):
    """Two patients: one can neither read, find, count, link to nor overwrite what is the other's."""
    def setUp(self):
        self.server = Server()
        nurse = self.server.token("nurse")
        self.server.start()
        self.ids = [self.server.call("POST", "/fhir/Patient", {"resourceType": "Patient"},
                                     nurse).json["id"] for _ in range(2)]
        self.obs = [self.server.call("POST", "/fhir/Observation", observation(p), nurse).json["id"]
                    for p in self.ids]
        self.server.stop()
        self.ann = self.server.token("patient", "--user", "ann", "--patient", self.ids[0])
        self.server.start()

    def tearDown(self):
        self.assertEqual(0, self.server.stop())
        self.server.close()

    def test_boundary(self):
        def call(*args):
            return self.server.call(*args, token=self.ann)
        mine, other = self.ids
        self.assertEqual(200, call("GET", f"/fhir/Patient/{mine}").status)
        self.assertEqual(404, call("GET", f"/fhir/Patient/{other}").status)
        self.assertEqual(404, call("GET", f"/fhir/Observation/{self.obs[1]}").status)
        self.assertEqual(404, call("GET", f"/fhir/Patient/{other}/_history").status)
        self.assertEqual(404, call("GET", f"/fhir/Patient/{other}/_history/1").status)
        found = call("GET", "/fhir/Observation?_total=accurate").json
        self.assertEqual([self.obs[0]], [e["resource"]["id"] for e in found["entry"]])
        self.assertEqual(1, found["total"])
        self.assertEqual(0, call("GET", f"/fhir/Observation?subject=Patient/{other}"
                                        "&_summary=count").json["total"])
        message = {"resourceType": "Communication", "status": "completed",
                   "subject": {"reference": f"Patient/{other}"},
                   "sender": {"reference": f"Patient/{mine}"}}
        self.assertIn(call("POST", "/fhir/Communication", message).status, (403, 404, 422))
        b = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": {**message, "subject": {"reference": f"Patient/{mine}"}},
             "request": {"method": "POST", "url": "Communication"}},
            {"resource": message, "request": {"method": "POST", "url": "Communication"}}]}
        self.assertIn(call("POST", "/fhir", b).status, (403, 404, 422))
        self.assertEqual(0, call("GET", "/fhir/Communication?_summary=count").json["total"])
        put = {"resourceType": "Patient", "id": other, "active": False}
        self.assertIn(call("PUT", f"/fhir/Patient/{other}", put).status, (403, 404))
        b = {"resourceType": "Bundle", "type": "batch", "entry": [
            {"request": {"method": "GET", "url": f"Observation/{self.obs[1]}"}},
            {"request": {"method": "GET", "url": f"Observation/{self.obs[0]}"}}]}
        answers = call("POST", "/fhir", b).json["entry"]
        self.assertEqual(["404", "200"], [a["response"]["status"][:3] for a in answers])


if __name__ == "__main__":
    main()
