"""Patient/$match from outside: duplicates as clinics have them, twins, strangers, and who may see."""
import json
import unittest

from weft_http import Case, main

MRN = "http://hospital.example/mrn"
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


def person(**more):
    p = {"resourceType": "Patient", "active": True, "gender": "female", "birthDate": "1984-03-07",
         "name": [{"family": "Muñoz", "given": ["Catherine", "Ana"]}],
         "identifier": [{"system": MRN, "value": "100200"}],
         "telecom": [{"system": "phone", "value": "+1 (312) 555-0143"},
                     {"system": "email", "value": "Cate@Example.org"}],
         "address": [{"line": ["12 Elm Street"], "city": "Springfield", "postalCode": "62701"}]}
    return {k: v for k, v in {**p, **more}.items() if v is not None}


class Match(Case):
    roles = ("nurse", "system", "admin", "device")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        put = lambda p: cls.server.call("POST", "/fhir/Patient", p, cls.system).json["id"]
        cls.one = put(person())
        twin = dict(birthDate="2019-06-01", telecom=None, multipleBirthInteger=1)
        cls.twin = put(person(identifier=[{"system": MRN, "value": "7"}], gender="male",
                              name=[{"family": "Pratt", "given": ["Leo"]}], **twin))
        twin["multipleBirthInteger"] = 2
        cls.other_twin = put(person(identifier=[{"system": MRN, "value": "8"}], gender="male",
                                    name=[{"family": "Pratt", "given": ["Max"]}], **twin))
        for i in range(150):
            put(person(identifier=None, telecom=None, address=None, birthDate=f"19{i % 90 + 10}-03-07",
                       name=[{"family": "Smith", "given": [f"Anna{i}"]}]))

    def match(self, patient, token="nurse", **params):
        body = {"resourceType": "Parameters",
                "parameter": [{"name": "resource", "resource": patient}] +
                [{"name": k, "valueBoolean" if isinstance(v, bool) else "valueInteger": v}
                 for k, v in params.items()]}
        a = self.expect(200, self.call("POST", "/fhir/Patient/$match", body, token)).json
        out = []
        for e in a.get("entry", []):
            x = e["search"]["extension"]
            grade = [i["valueCode"] for i in x if i["url"] == GRADE]
            why = {}
            for i in x:
                if i["url"] != GRADE:
                    part = {p["url"]: p for p in i["extension"]}
                    why[part["element"]["valueCode"]] = part["level"]["valueCode"]
            out.append((e["resource"]["id"], grade[0], e["search"]["score"], why))
            self.assertEqual("match", e["search"]["mode"])
            self.assertTrue(0 <= e["search"]["score"] <= 1)
        self.assertEqual(sorted((-s for _, _, s, _ in out)), [-s for _, _, s, _ in out])
        return out

    def first(self, expected, grade, patient, **levels):
        found = self.match(patient)
        self.assertTrue(found, "nobody found")
        who, got, score, why = found[0]
        self.assertEqual((expected, grade), (who, got), (score, why))
        for element, level in levels.items():
            self.assertEqual(level, why.get(element), why)

    def test_the_same_person(self):
        self.first(self.one, "certain", person(), identifier="same", family="same", given="same",
                   birthdate="same", gender="same", phone="same", email="same", street="same")
        self.first(self.one, "certain", person(identifier=None))

    def test_accents_case_and_nicknames(self):
        self.first(self.one, "certain", person(identifier=None, telecom=None, address=None,
                                               name=[{"family": "MUNOZ", "given": ["Kate"]}]),
                   family="same", given="nickname")
        self.first(self.one, "probable", person(identifier=None, name=[
            {"family": "Munos", "given": ["Catherine"]}]), family="near")

    def test_moved_and_married(self):
        self.first(self.one, "certain", person(identifier=None, telecom=None, address=[
            {"line": ["1 New Road"], "postalCode": "99999"}]), postcode="other", street="other")
        self.first(self.one, "probable", person(identifier=None, telecom=None, address=None, name=[
            {"family": "Jones", "given": ["Catherine"]}]), family="other", given="same")

    def test_swapped_date_is_never_certain(self):
        self.first(self.one, "probable", person(identifier=None, birthDate="1984-07-03"),
                   birthdate="swapped")

    def test_another_number_of_the_same_hospital(self):
        self.first(self.one, "probable", person(identifier=[{"system": MRN, "value": "999"}]),
                   identifier="other")

    def test_twins(self):
        found = self.match(person(identifier=None, telecom=None, birthDate="2019-06-01", gender="male",
                                  name=[{"family": "Pratt", "given": ["Leo"]}]))
        self.assertEqual((self.twin, "certain"), found[0][:2])
        self.assertEqual([(self.other_twin, "possible")], [f[:2] for f in found[1:]])
        self.assertEqual("other", found[1][3]["given"])
        found = self.match(person(identifier=None, telecom=None, birthDate="2019-06-01", gender="male",
                                  multipleBirthInteger=1, name=[{"family": "Pratt", "given": ["Leo"]}]))
        self.assertEqual([self.twin], [f[0] for f in found])

    def test_phone_written_otherwise(self):
        found = self.match({"resourceType": "Patient", "birthDate": "1984-03-07", "telecom": [
            {"system": "phone", "value": "+1 (312) 555-0143"}]})
        self.assertEqual(self.one, found[0][0])

    def test_strangers_are_not_found(self):
        self.assertEqual([], self.match(person(
            identifier=[{"system": MRN, "value": "555"}], birthDate="1950-01-01", gender="male",
            name=[{"family": "Nobody", "given": ["None"]}], telecom=None, address=None)))

    def test_only_certain_and_count(self):
        self.assertEqual([self.one], [f[0] for f in self.match(person(), onlyCertainMatches=True)])
        self.assertEqual([], self.match(person(identifier=None, birthDate="1984-07-03"),
                                        onlyCertainMatches=True))
        double = self.create(person(identifier=None)).json["id"]
        self.assertEqual({self.one, double}, {f[0] for f in self.match(person())})
        self.assertEqual([], self.match(person(), onlyCertainMatches=True), "two certain ones are none")
        self.assertEqual(1, len(self.match(person(), count=1)))
        self.expect(204, self.call("DELETE", "/fhir/Patient/" + double, token="system"))

    def test_refusals(self):
        for patient, word in (({"resourceType": "Patient", "gender": "male"}, "too little"),
                              ({"resourceType": "Group", "type": "person", "actual": False}, "Patient")):
            self.expect(400, self.call("POST", "/fhir/Patient/$match", {
                "resourceType": "Parameters",
                "parameter": [{"name": "resource", "resource": patient}]}), word)
        body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": person()}]}
        for token in ("admin", "device"):
            self.expect(403, self.call("POST", "/fhir/Patient/$match", body, token))
        self.expect(401, self.call("POST", "/fhir/Patient/$match", body, None))
        body["parameter"].append({"name": "counts", "valueInteger": 1})
        self.expect(400, self.call("POST", "/fhir/Patient/$match", body), "counts")
        self.expect(405, self.call("GET", "/fhir/Patient/$match"))


if __name__ == "__main__":
    main()
