"""Roads round the rules that a review once found: each is closed, seen from outside."""
from weft_http import Case, main

CASE = {"coding": [{"system": "https://weft.health/fhir/task-code", "code": "case"}]}


class Roads(Case):
    config = "http.trusted_proxy = 127.0.0.1\n"
    accounts = ((("--user", "nurse.ada", "--role", "nurse"), "a long phrase of ada"),)
    roles = ("nurse", "agent", "system", "admin")

    def put(self, resource, token="nurse", **more):
        where = f"/fhir/{resource['resourceType']}/{resource['id']}"
        return self.call("PUT", where, resource, token, **more)

    def test_a_page_position_is_for_one_asker_and_one_search(self):
        for i in range(3):
            self.put({"resourceType": "Patient", "id": f"page{i}", "active": True})
        for sort in ("family", "-birthdate", "_id"):
            first = self.call("GET", f"/fhir/Patient?_sort={sort}&_count=1").json
            following = [e["url"] for e in first["link"] if e["relation"] == "next"][0]
            path = following[following.index("/fhir/"):]
            self.expect(200, self.call("GET", path))
            self.expect(400, self.call("GET", path, token="agent"), "_page")
            self.expect(400, self.call("GET", path.replace("/Patient?", "/Group?")))
        for forged in ("0.10.0100000580808080802000", "0.7", "01000004050000"):
            for sort in ("family", "_id"):
                self.expect(400, self.call(
                    "GET", f"/fhir/Patient?_sort={sort}&_count=1&_page={forged}"), "_page")

    def test_paper_is_told_to_the_patient(self):
        who = self.patient("Paper")
        self.mine = self.server.token("patient", "--user", "paper", "--patient", who)
        self.expect(204, self.call("POST", f"/fhir/Patient/{who}/$print", {}))
        self.expect(404, self.call("POST", f"/fhir/Patient/{self.patient('Other')}/$print", {}, "mine"))
        looks = self.call("GET", f"/fhir/AuditEvent?patient={who}&_count=50", token="mine").json["entry"]
        printed = [e["resource"] for e in looks if e["resource"]["subtype"][0]["code"] == "print"]
        self.assertEqual(["Patient/" + who], [e["what"]["reference"] for e in printed[0]["entity"]])
        self.assertEqual(1, len(printed))

    def test_an_answer_names_the_id_that_was_put(self):
        for _ in range(3):
            a = self.put({"resourceType": "Patient", "id": "mine1", "active": True})
            self.assertEqual("mine1", a.json["id"])
        b = {"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": {"resourceType": "Observation", "status": "final",
                          "code": {"text": "x"}, "subject": {"reference": "Patient?_id=mine1"}},
             "request": {"method": "POST", "url": "Observation"}}]}
        a = self.expect(200, self.call("POST", "/fhir", b))
        where = a.json["entry"][0]["response"]["location"].split("/_history")[0]
        seen = self.call("GET", "/fhir/" + where.split("/fhir/")[-1]).json
        self.assertEqual("Patient/mine1", seen["subject"]["reference"])

    def test_a_case_is_not_closed_by_put(self):
        self.put({"resourceType": "Patient", "id": "case1"})
        case = {"resourceType": "Task", "id": "t1", "status": "requested", "intent": "order",
                "code": CASE, "for": {"reference": "Patient/case1"}}
        self.assertEqual(201, self.put(case, "system").status)
        for change in ({"status": "completed"}, {"owner": {"reference": "Patient/case1"}}):
            for token in ("nurse", "agent"):
                self.expect(422, self.put({**case, **change}, token,
                                          headers={"If-Match": 'W/"1"'}), "$claim")
                b = {"resourceType": "Bundle", "type": "transaction", "entry": [
                    {"resource": {**case, **change}, "request": {
                        "method": "PUT", "url": "Task/t1", "ifMatch": 'W/"1"'}}]}
                self.expect(422, self.call("POST", "/fhir", b, token), "$claim")
        self.expect(412, self.put({**case, "description": "x"}), "If-Match")
        a = self.put({**case, "description": "x"}, headers={"If-Match": 'W/"1"'})
        self.assertEqual(200, a.status, a.body)

    def test_a_guesser_behind_the_same_proxy_locks_nobody_out(self):
        def sign_in(password, *path):
            return self.server.call("POST", "/auth/sign-in",
                                    {"user": "nurse.ada", "password": password},
                                    headers={"X-Forwarded-For": ", ".join(path)}).status
        got = [sign_in(f"wrong {i}", "192.0.2.1", "203.0.113.5") for i in range(8)]
        self.assertEqual([401] * 5, got[:5])
        self.assertNotIn(401, got[6:])  # that one waits, whatever it claims to forward for
        self.assertNotEqual(401, sign_in("wrong", "192.0.2.77", "203.0.113.5"))
        self.assertEqual(200, sign_in("a long phrase of ada", "198.51.100.7"))


if __name__ == "__main__":
    main()
