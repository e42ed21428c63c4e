"""$graphql from outside: the examples' shapes, arguments, fragments, variables, directives, reverse
references, connections with cursors, bounds, and that nobody sees more than by reading."""
import json
import unittest
from urllib.parse import quote

from weft_http import Case, main, observation


class GraphQL(Case):
    roles = ("nurse", "system", "agent", "admin")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        put = lambda r: cls.server.call("PUT", f"/fhir/{r['resourceType']}/{r['id']}", r, cls.system)
        for r in ({"resourceType": "Organization", "id": "org", "name": "Clinic"},
                  {"resourceType": "Practitioner", "id": "doc", "name": [{"family": "Gray"}],
                   "qualification": [{"code": {"text": "MD"},
                                      "issuer": {"reference": "Organization/org"}}]},
                  {"resourceType": "Patient", "id": "p", "active": True, "gender": "female",
                   "birthDate": "1970-05-04", "name": [
                       {"use": "official", "family": "Rivers", "given": ["Ana", "Bo"]},
                       {"use": "nickname", "given": ["Annie"]}],
                   "telecom": [{"system": "phone", "value": "555"}, {"system": "email", "value": "a@b"}],
                   "multipleBirthInteger": 2,
                   "contained": [{"resourceType": "Organization", "id": "c", "name": "Inside"}],
                   "managingOrganization": {"reference": "#c"},
                   "generalPractitioner": [{"reference": "Practitioner/doc"}]},
                  {"resourceType": "Patient", "id": "q", "name": [{"family": "Rivers"}],
                   "gender": "male", "birthDate": "1980-01-01"}):
            answer = put(r)
            assert answer.status == 201, answer.body
        for i in range(25):
            assert put({**observation("p", i), "id": f"o{i:02}"}).status == 201

    def ask(self, query, at="/fhir/$graphql", token="nurse", status=200, **more):
        a = self.call("POST", at, json.dumps({"query": query, **more}), token,
                      headers={"Content-Type": "application/json"})
        if status == 200:
            self.assertEqual(200, a.status, a.body[:800])
            self.assertIn("application/json", a.header("Content-Type"))
            return a.json["data"]
        return self.expect(status, a)

    def one(self, query, **more):
        return self.ask(query, "/fhir/Patient/p/$graphql", **more)

    def test_fields_aliases_and_nulls(self):
        got = self.ask('{ Patient(id: "p") { id kind: resourceType __typename active born: birthDate '
                       "deceasedBoolean name { use family given } multipleBirthInteger multipleBirth } }")
        self.assertEqual({"Patient": {
            "id": "p", "kind": "Patient", "__typename": "Patient", "active": True, "born": "1970-05-04",
            "deceasedBoolean": None, "multipleBirthInteger": 2, "multipleBirth": 2,
            "name": [{"use": "official", "family": "Rivers", "given": ["Ana", "Bo"]},
                     {"use": "nickname", "family": None, "given": ["Annie"]}]}}, got)

    def test_get_and_plain_body(self):
        query = '{ Patient(id: "p") { id } }'
        a = self.call("GET", "/fhir/$graphql?query=" + quote(query))
        self.assertEqual({"data": {"Patient": {"id": "p"}}}, self.expect(200, a).json)
        a = self.call("POST", "/fhir/$graphql", query, headers={"Content-Type": "application/graphql"})
        self.assertEqual({"data": {"Patient": {"id": "p"}}}, self.expect(200, a).json)

    def test_lists_are_filtered(self):
        got = self.one('{ name(use: official) { family } n: name(fhirpath: "given.exists()", _offset: 1) '
                       '{ given } telecom(system: [phone, fax], _count: 1) { value } }')
        self.assertEqual({"name": [{"family": "Rivers"}], "n": [{"given": ["Annie"]}],
                          "telecom": [{"value": "555"}]}, got)

    def test_references(self):
        got = self.one("{ generalPractitioner { reference resource { ... on Practitioner { name { family } "
                       "qualification { issuer { resource(type: Organization) { name } } } } "
                       "... on Organization { name } } } managingOrganization { resource { id } } }")
        self.assertEqual({"generalPractitioner": [{"reference": "Practitioner/doc", "resource": {
            "name": [{"family": "Gray"}],
            "qualification": [{"issuer": {"resource": {"name": "Clinic"}}}]}}],
            "managingOrganization": {"resource": {"id": "c"}}}, got)
        self.assertEqual({"generalPractitioner": [{"resource": None}]},
                         self.one("{ generalPractitioner { resource(type: Organization) { id } } }"))

    def test_searches(self):
        got = self.ask("query find($family: String!, $n: Int = 5) { "
                       "PatientList(family: $family, gender: male, _count: $n) { id } "
                       'none: PatientList(birthdate: "1800") { id } '
                       'ObservationList(patient: "p", _sort: "_id", _count: 2) '
                       "{ id valueQuantity { value } subject { resource { id } } } }",
                       variables={"family": "rivers"})
        self.assertEqual({"PatientList": [{"id": "q"}], "none": [], "ObservationList": [
            {"id": "o00", "valueQuantity": {"value": 0}, "subject": {"resource": {"id": "p"}}},
            {"id": "o01", "valueQuantity": {"value": 1}, "subject": {"resource": {"id": "p"}}}]}, got)
        got = self.one("{ ObservationList(_reference: subject, value_quantity: \"gt20\", _count: 50) "
                       "{ id } }")
        self.assertEqual([f"o{i}" for i in range(21, 25)], sorted(o["id"] for o in got["ObservationList"]))

    def test_connections_and_cursors(self):
        seen, cursor = [], None
        for _ in range(4):
            got = self.ask("query p($c: String) { ObservationConnection(patient: \"p\", _count: 10, "
                           "_cursor: $c) { count pagesize next edges { mode resource { id } } } }",
                           variables={"c": cursor})["ObservationConnection"]
            if cursor is None:
                self.assertEqual(25, got["count"])
            seen += [e["resource"]["id"] for e in got["edges"]]
            self.assertEqual({"match"}, {e["mode"] for e in got["edges"]})
            cursor = got["next"]
            if not cursor:
                break
        self.assertEqual([f"o{i:02}" for i in range(25)], sorted(seen))

    def test_fragments_and_conditions(self):
        got = self.ask("query ($deep: Boolean = false) { Patient(id: \"p\") { ...who "
                       "gender @skip(if: true) active @include(if: $deep) ... @include(if: true) "
                       "{ birthDate } } } fragment who on Patient { id ...more } "
                       "fragment more on Resource { id }")
        self.assertEqual({"Patient": {"id": "p", "birthDate": "1970-05-04"}}, got)

    def test_flatten_first_singleton_slice(self):
        self.assertEqual({"given": ["Ana", "Bo", "Annie"], "family": ["Rivers"]},
                         self.one("{ name @flatten { given family } }"))
        self.assertEqual({"given": ["Ana", "Annie"]}, self.one("{ name @flatten { given @first } }"))
        self.assertEqual({"family": "Rivers"}, self.one("{ name @flatten { family @singleton } }"))
        self.ask("{ name @flatten { given @singleton } }", "/fhir/Patient/p/$graphql", status=400)
        self.assertEqual({"name": {"family": "Rivers"}}, self.one("{ name @first { family } }"))
        self.assertEqual({"telecom.phone": {"value": "555"}, "telecom.email": {"value": "a@b"}},
                         self.one('{ telecom @slice(path: "system") { value } }'))
        self.assertEqual(["name.0", "name.1"], sorted(self.one('{ name @slice(path: "$index") { use } }')))

    def test_what_may_not_be_seen_is_not_there(self):
        query = ('{ Patient(id: "p") { id } ObservationList(patient: "p", _count: 1) '
                 "{ subject { resource { id } } } }")
        self.assertEqual(1, len(self.ask(query)["ObservationList"]))
        self.ask(query, token="agent", status=403)
        self.ask('{ Patient(id: "p") { id } }', token="admin", status=404)
        self.assertEqual({"Patient": {"id": "p"}}, self.ask('{ Patient(id: "p") { id } }', token="agent"))
        self.ask('{ Observation(id: "o01") { id } }', token="agent", status=404)
        self.ask('{ Observation(id: "none") { id } }', status=404)
        self.ask("{ id }", "/fhir/Patient/none/$graphql", status=404)
        self.ask("{ id }", "/fhir/Patient/p/$graphql", token=None, status=401)

    def test_refusals_name_the_place(self):
        for query, word in (("{ Patient(id: \"p\") { colour } }", "colour"),
                            ("{ Patient(id: \"p\") { name } }", "which fields"),
                            ("{ Patient(id: \"p\") { id { x } } }", "nothing is inside"),
                            ("{ PatientList(nonsense: 1) { id } }", "nonsense"),
                            ("{ PatientList(_elements: id) { id } }", "_elements"),
                            ("{ Nothing { id } }", "Nothing"),
                            ("{ Patient { id } }", "id"),
                            ("{ Patient(id: \"p\") { id ", "name"),
                            ("{ Patient(id: \"p\" { id } }", "line 1, column 19"),
                            ("mutation { x }", "reads only"),
                            ("{ __schema { types { name } } }", "introspection"),
                            ("query a { __typename } query b { __typename }", "operationName"),
                            ("query ($x: String!) { PatientList(name: $x) { id } }", "$x"),
                            ("{ PatientList(name: $y) { id } }", "$y"),
                            ("query ($x: [String] = [$x]) { PatientList(name: $x) { id } }", "constant"),
                            ("{ ...gone }", "gone"),
                            ("{ Patient(id: \"p\") { id @nonsense } }", "@nonsense"),
                            ("{ Patient(id: \"p\") { ... on Nonsense { id } } }", "Nonsense"),
                            ("", "query")):
            self.assertIn(word, self.ask(query, status=400).text(), query)

    def test_bounds(self):
        deep = "{ a " * 30 + "}" * 30
        self.assertIn("deep", self.ask(deep, status=400).text())
        cycle = '{ Patient(id: "p") { ...a } } fragment a on Patient { ...a }'
        self.assertIn("deep", self.ask(cycle, status=400).text())
        doubling = "".join(f"fragment f{i} on Patient {{ ...f{i + 1} ...f{i + 1} }} " for i in range(40))
        self.assertIn("fields", self.ask(
            '{ Patient(id: "p") { ...f0 } } ' + doubling + "fragment f40 on Patient { id }",
            status=400).text())
        wide = "{ " + " ".join(f'a{i}: ObservationList(patient: "p", _count: 25) {{ id }}'
                               for i in range(60)) + " }"
        self.assertIn("resources", self.ask(wide, status=400).text())
        many = "{ " + " ".join(f"a{i}: id" for i in range(6000)) + " }"
        self.assertIn("parts", self.ask(many, "/fhir/Patient/p/$graphql", status=400).text())


if __name__ == "__main__":
    main()
