"""Consents over HTTP: a denial closes every door for those it means, a broken glass opens it for one person
and some hours, tells the patient and asks for a review; bad reasons and other roles are refused."""
import unittest

from weft_http import Case, main, observation

SCOPE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                     "code": "patient-privacy"}]}


def consent(patient, **provision):
    return {"resourceType": "Consent", "status": "active", "scope": SCOPE,
            "category": [{"text": "restriction"}], "policyRule": {"text": "own"},
            "patient": {"reference": "Patient/" + patient}, "provision": provision}


class Consents(Case):
    roles = ("nurse", "agent", "system", "privacy")

    @classmethod
    def before_start(cls):
        cls.eve = cls.server.token("nurse", "--user", "nurse.eve")

    def glass(self, who, reason, token="nurse"):
        return self.call("POST", f"/fhir/Patient/{who}/$break-glass", {
            "resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": reason}]},
            token=token)

    def test_glass(self):
        who = self.patient()
        oid = self.create(observation(who)).json["id"]
        self.create(consent(who, type="deny"), token="system")
        doors = ("/fhir/Patient/" + who, "/fhir/Observation/" + oid, f"/fhir/Patient/{who}/$everything")
        for door in doors:
            self.expect(403, self.call("GET", door), "break the glass")
        count = f"/fhir/Observation?patient={who}&_summary=count"
        self.assertEqual(0, self.call("GET", count).json["total"])
        told = self.expect(200, self.call("GET", f"/fhir/Patient/{who}/$hidden")).json["parameter"]
        self.assertEqual([{"name": "hidden", "valueCode": "Consent"}, {"name": "hidden", "valueCode": "Observation"},
                          {"name": "hidden", "valueCode": "Patient"}, {"name": "glass", "valueBoolean": True}], told)
        self.expect(400, self.glass(who, "please"))
        self.expect(400, self.glass(who, "x" * 501))
        self.expect(404, self.glass("nobody", "Unconscious after a fall"))
        for token in ("agent", "privacy"):
            self.expect(403, self.glass(who, "Unconscious after a fall", token))
        self.expect(403, self.call("GET", doors[0]))
        answer = self.expect(200, self.glass(who, "Unconscious after a fall; allergies unknown")).json
        self.assertEqual("until", answer["parameter"][0]["name"])
        for door in doors:
            self.expect(200, self.call("GET", door))
        self.assertEqual(1, self.call("GET", count).json["total"])
        told = self.expect(200, self.call("GET", f"/fhir/Patient/{who}/$hidden")).json["parameter"]
        self.assertEqual([{"name": "glass", "valueBoolean": False}], told)
        self.expect(403, self.call("GET", doors[0], token="eve"))  # one person, not a role
        cases = self.call("GET", f"/fhir/Task?patient={who}", token="privacy").json
        self.assertEqual(["break-glass"], [e["resource"]["groupIdentifier"]["value"]
                                           for e in cases["entry"]])
        self.assertIn("allergies unknown", cases["entry"][0]["resource"]["description"])
        # R130: nor may who broke it see, soften or close the review; a second reason adds to the first.
        case = "/fhir/Task/" + cases["entry"][0]["resource"]["id"]
        self.expect(404, self.call("GET", case))
        self.expect(404, self.call("POST", case + "/$claim", {}))
        self.assertEqual(0, self.call("GET", f"/fhir/Task?patient={who}&_summary=count").json["total"])
        self.expect(200, self.glass(who, "Nothing to see,\nGlass broken by nurse.ada: routine check", "eve"))
        said = self.expect(200, self.call("GET", case, token="privacy")).json["description"]
        self.assertTrue("allergies unknown" in said and "routine check" in said and "nurse.eve" in said, said)
        self.assertEqual(1, said.count("\n"), said)  # R135: each its own line
        notes = self.call("GET", f"/fhir/Communication?subject=Patient/{who}", token="system").json
        self.assertIn("emergency", notes["entry"][0]["resource"]["payload"][0]["contentString"])

    def test_what_may_not_be_named(self):
        """Of care for substance use not even that there is something (42 CFR 2.13(c))."""
        who = self.patient()
        ill = {"resourceType": "Condition", "subject": {"reference": "Patient/" + who}, "code": {"coding": [
            {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}]}}
        where = "/fhir/Condition/" + self.create(ill).json["id"]
        self.create(consent(who, type="deny", **{"class": [{"code": "Condition"}]}), token="system")
        unknown = self.call("GET", "/fhir/Condition/nothing")
        hidden = self.expect(404, self.call("GET", where))
        self.assertEqual(unknown.text(), hidden.text())
        told = self.expect(200, self.call("GET", f"/fhir/Patient/{who}/$hidden")).json["parameter"]
        self.assertEqual([{"name": "glass", "valueBoolean": False}], told)
        self.expect(404, self.call("GET", "/fhir/Patient/nothing/$hidden"))

    def test_writes_are_closed_too(self):
        who = self.patient()
        oid = self.create(observation(who)).json["id"]
        self.create(consent(who, type="deny"), token="system")
        where = "/fhir/Observation/" + oid
        self.expect(403, self.call("PUT", where, {**observation(who), "id": oid}))
        self.expect(403, self.call("DELETE", where, token="nurse"))
        self.create(observation(who))  # writing down is not looking
        who = self.patient()
        self.create(consent(who, type="deny", action=[{"coding": [{"code": "collect"}]}]), token="system")
        self.expect(403, self.call("POST", "/fhir/Observation", observation(who)))

    def test_roads(self):
        """What one cannot read is in no Bundle, no GraphQL answer, no history and no batch."""
        who = self.patient()
        oid = self.create(observation(who)).json["id"]
        self.create(consent(who, type="deny", **{"class": [{"code": "Observation"}]}), token="system")
        q = "{PatientList(_id: \"%s\") {id ObservationList(_reference: patient) {id}}}" % who
        for path in (f"/fhir/Patient/{who}/$everything", "/fhir/Observation", "/fhir/Observation/_history",
                     "/fhir/_history?_count=200", f"/fhir/Patient/{who}/Observation", f"/fhir/Patient/{who}/*",
                     f"/fhir/Patient?_id={who}&_revinclude=Observation:patient",
                     f"/fhir/Observation/$lastn?patient={who}", f"/fhir/Observation?_id={oid}"):
            shown = self.expect(200, self.call("GET", path)).json.get("entry", [])
            self.assertNotIn(oid, [e.get("resource", {}).get("id") for e in shown], path)
        answer = self.call("POST", "/fhir/$graphql", {"query": q})
        self.assertNotIn(oid, answer.body.decode())
        batch = {"resourceType": "Bundle", "type": "batch",
                 "entry": [{"request": {"method": "GET", "url": "Observation/" + oid}}]}
        one = self.expect(200, self.call("POST", "/fhir", batch)).json["entry"][0]
        self.assertTrue(one["response"]["status"].startswith("403"))
        self.assertNotIn("resource", one)

    def test_r132_a_version_in_a_reference_evades_nothing(self):
        who, kept = self.patient(), self.patient()
        visit = self.create({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                             "subject": {"reference": "Patient/" + who}}, token="system").json["id"]
        doc = self.create({"resourceType": "Practitioner"}, token="system").json["id"]
        for version in ("", "/_history/1"):
            one = {**observation(who), "encounter": {"reference": f"Encounter/{visit}{version}"},
                   "performer": [{"reference": f"Practitioner/{doc}{version}"}]}
            oid = self.create(one).json["id"]
            named = lambda kind, rid: {"reference": {"reference": f"{kind}/{rid}{'' if version else '/_history/1'}"}}
            for denied in ({"data": [{"meaning": "instance", **named("Observation", oid)}]},
                           {"data": [{"meaning": "dependents", **named("Encounter", visit)}]},
                           {"actor": [{"role": {"coding": [{"code": "AUT"}]}, **named("Practitioner", doc)}]}):
                self.expect(200, self.call("GET", "/fhir/Observation/" + oid))
                c = self.create(consent(who, type="deny", **denied), token="system").json["id"]
                self.expect(403, self.call("GET", "/fhir/Observation/" + oid))
                self.expect(204, self.call("DELETE", "/fhir/Consent/" + c, token="system"))
        self.create(consent(kept, type="deny"), token="system")
        for version in ("", "/_history/1"):  # what lives in nobody's record
            group = self.create({"resourceType": "Group", "type": "person", "actual": True, "member": [
                {"entity": {"reference": f"Patient/{kept}{version}"}}]}, token="system").json["id"]
            self.expect(403, self.call("GET", "/fhir/Group/" + group))
            self.assertEqual(0, self.call("GET", f"/fhir/Group?_id={group}&_summary=count").json["total"])

    def test_r136_a_role_of_the_author_is_the_author(self):
        who = self.patient()
        doc = self.create({"resourceType": "Practitioner"}, token="system").json["id"]
        part = lambda code, rid: {"role": {"coding": [{"code": code}]}, "reference": {"reference": "Practitioner/" + rid}}
        self.create(consent(who, type="deny", actor=[part("IRCP", doc), part("AUT", doc)]), token="system")
        role = self.create({"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/" + doc}},
                           token="system").json["id"]
        oid = self.create({**observation(who), "performer": [{"reference": "PractitionerRole/" + role}]}).json["id"]
        self.expect(403, self.call("GET", "/fhir/Observation/" + oid))
        self.expect(200, self.call("GET", "/fhir/Observation/" + self.create(observation(who)).json["id"]))

        for many in ("PractitionerRole", "Organization"):  # who is denied in the role is denied in person
            of, house = self.patient(), self.create(
                {"resourceType": "Organization", "name": "House"}, token="system").json["id"]
            rid = self.create({"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/" + doc},
                               "organization": {"reference": "Organization/" + house}}, token="system").json["id"]
            named = {"PractitionerRole": rid, "Organization": house}[many]
            self.create(consent(of, type="deny", actor=[{"role": {"coding": [{"code": "AUT"}]}, "reference": {
                "reference": f"{many}/{named}"}}]), token="system")
            oid = self.create({**observation(of), "performer": [{"reference": "Practitioner/" + doc}]}).json["id"]
            self.expect(403, self.call("GET", "/fhir/Observation/" + oid))
            self.expect(200, self.call("GET", "/fhir/Observation/" + self.create(observation(of)).json["id"]))

    def test_r137_an_address_may_be_this_house(self):
        doc = self.create({"resourceType": "Practitioner"}, token="system").json["id"]
        kept = self.patient()
        self.create(consent(kept, type="deny"), token="system")
        for house in ("https://this-house/fhir/", "http://127.0.0.1/fhir/"):
            for end in ("", "/_history/1", "/", "?x=1#y"):
                who = self.patient()
                visit = self.create({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                                     "subject": {"reference": "Patient/" + who}}, token="system").json["id"]
                oid = self.create({**observation(who), "encounter": {"reference": f"{house}Encounter/{visit}{end}"},
                                   "performer": [{"reference": f"{house}Practitioner/{doc}{end}"}]}).json["id"]
                for denied in ({"data": [{"meaning": "dependents", "reference": {"reference": "Encounter/" + visit}}]},
                               {"data": [{"meaning": "instance", "reference": {"reference": f"{house}Observation/{oid}{end}"}}]},
                               {"actor": [{"role": {"coding": [{"code": "AUT"}]},
                                           "reference": {"reference": "Practitioner/" + doc}}]}):
                    self.expect(200, self.call("GET", "/fhir/Observation/" + oid))
                    c = self.create(consent(who, type="deny", **denied), token="system").json["id"]
                    self.expect(403, self.call("GET", "/fhir/Observation/" + oid))
                    self.expect(204, self.call("DELETE", "/fhir/Consent/" + c, token="system"))
                # what lives in nobody's record; and it permits nothing
                group = self.create({"resourceType": "Group", "type": "person", "actual": True, "member": [
                    {"entity": {"reference": f"{house}Patient/{kept}{end}"}}]}, token="system").json["id"]
                self.expect(403, self.call("GET", "/fhir/Group/" + group))
                lost = self.create({**observation(kept), "subject": {"reference": f"{house}Patient/{kept}{end}"}},
                                   token="system").json["id"]
                self.expect(403, self.call("GET", "/fhir/Observation/" + lost))
                self.assertEqual(0, self.call("GET", f"/fhir/Observation?_id={lost}&_summary=count").json["total"])
                shut = self.create(consent(who, type="deny", provision=[
                    {"type": "permit", "data": [{"meaning": "dependents", "reference": {
                        "reference": "Encounter/" + visit}}]}]), token="system").json["id"]
                self.expect(403, self.call("GET", "/fhir/Observation/" + oid))
                self.expect(204, self.call("DELETE", "/fhir/Consent/" + shut, token="system"))


if __name__ == "__main__":
    main()
