"""SMART App Launch: discovery, standalone and EHR launch with PKCE, scopes enforced on every entry, refresh
with reuse detection, introspection, revocation, backend services signed by an independent library (jwcrypto),
registration pending an administrator; and the attacks on all of it."""
import base64
import hashlib
import hmac
import json
import re
import time
import unittest

from oauth_kit import FORM, REDIRECT, App, claims, pkce
from urllib.parse import parse_qs, urlencode, urlsplit
from weft_http import Case, main, observation

NURSE, PATIENT = "correct horse battery 7", "another long phrase 9"
VITALS = "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"
RESOURCES = "patient/Patient.rs patient/Observation.rs"


def vital(patient, value, code="vital-signs"):
    return observation(patient, value, category=[{"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": code}]}])


class Oauth(Case):
    roles = ("nurse", "system", "admin")
    accounts = ((("--user", "nurse.ada", "--role", "nurse", "--name", "Ada N."), NURSE),)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        self = cls()
        cls.one, cls.two = self.patient(), self.patient("Probe")
        for v in range(3):
            self.create(vital(cls.one, 60 + v))
        self.create(vital(cls.one, 5, "laboratory"))
        self.create(vital(cls.two, 99))
        cls.account("pat.one", cls.one)

    @classmethod
    def account(cls, user, patient):
        from weft_http import weft
        weft("user", "add", "--data", cls.server.data, "--user", user, "--role", "patient", "--patient", patient,
             "--reference", "Patient/" + patient, text=PATIENT + "\n")

    def fhir(self, token, path, method="GET", body=None):
        return self.server.call(method, "/fhir/" + path, body, token)

    def refused(self, a, code, status=400):
        self.assertEqual(status, a.status, a.body)
        self.assertEqual(code, a.json["error"])
        self.assertTrue(a.json["error_description"])
        self.assertEqual("no-store", a.header("Cache-Control"))

    def total(self, token, path):
        a = self.fhir(token, path)
        self.assertEqual(200, a.status, a.body)
        return a.json["total"], [e["resource"]["id"] for e in a.json.get("entry", [])]

    # ---- discovery ----

    def test_userinfo_tells_by_scope(self):
        person = self.server.call("GET", "/fhir/Patient/" + self.one, token=self.system).json
        person["telecom"] = [{"system": "email", "value": "old@mail.example", "use": "old"},
                             {"system": "email", "value": "one@mail.example"}]
        self.assertEqual(200, self.server.call("PUT", "/fhir/Patient/" + self.one, person, self.system).status)
        told = {}
        for extra in ("", "profile email fhirUser "):
            app = App(self, "openid " + extra + "launch/patient " + RESOURCES)
            t = app.launch("pat.one", PATIENT)
            a = self.server.call("GET", "/oauth/userinfo", token=t["access_token"])
            told[extra] = self.expect(200, a).json
            ours = claims(t["id_token"])
            for name in ("name", "email", "fhirUser", "sub"):
                self.assertEqual(ours.get(name), told[extra].get(name), name)
        self.assertEqual({"sub"}, set(told[""]))
        all = told["profile email fhirUser "]
        self.assertEqual((told[""]["sub"], "one@mail.example", False, f"{app.base}/fhir/Patient/{self.one}"),
                         tuple(all[k] for k in ("sub", "email", "email_verified", "fhirUser")))
        self.expect(403, self.server.call("POST", "/oauth/userinfo", token=self.nurse))
        self.expect(401, self.server.call("GET", "/oauth/userinfo", token="x" * 43))
        app = App(self, "launch/patient " + RESOURCES)
        t = app.launch("pat.one", PATIENT)
        self.expect(403, self.server.call("GET", "/oauth/userinfo", token=t["access_token"]))

    def test_discovery(self):
        for path in ("/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"):
            a = self.expect(200, self.call("GET", path, token=None, headers={"Origin": "http://x.example"}))
            d = a.json
            self.assertEqual("*", a.header("Access-Control-Allow-Origin"))
            self.assertEqual(["S256"], d["code_challenge_methods_supported"])
            for word in ("launch-ehr", "launch-standalone", "permission-v2", "client-confidential-asymmetric"):
                self.assertIn(word, d["capabilities"])
        o = self.call("GET", "/.well-known/openid-configuration", token=None).json
        self.assertEqual(d["issuer"], o["issuer"])
        keys = self.call("GET", "/oauth/jwks", token=None).json["keys"]
        self.assertTrue(keys and all("d" not in k and k["kty"] == "RSA" for k in keys))
        security = self.call("GET", "/fhir/metadata", token=None).json["rest"][0]["security"]
        self.assertEqual("SMART-on-FHIR", security["service"][0]["coding"][0]["code"])
        uris = {e["url"]: e["valueUri"] for e in security["extension"][0]["extension"]}
        self.assertEqual(o["token_endpoint"], uris["token"])
        self.assertEqual(o["authorization_endpoint"], uris["authorize"])

    # ---- launches ----

    def test_standalone_of_a_patient(self):
        app = App(self, "openid fhirUser launch/patient offline_access " + RESOURCES)
        a = app.ask()
        self.assertEqual(200, a.status, a.body)
        self.assertIn("form-action 'self' http://127.0.0.1:9", a.header("Content-Security-Policy"))
        self.assertNotIn("script", a.header("Content-Security-Policy"))
        self.assertIn("Heart &lt;Diary&gt;", app.text)
        self.assertIn("HttpOnly", a.header("Set-Cookie"))
        self.assertEqual(400, app.sign_in("pat.one", "wrong").status)
        self.assertIn("not right", app.text)
        app.sign_in("pat.one", PATIENT)
        self.assertIn("About one patient only", app.text)
        token = app.exchange(app.code_of(app.allow())).json
        self.assertEqual((self.one, "Bearer"), (token["patient"], token["token_type"]))
        self.assertLessEqual(token["expires_in"], 900)
        who = claims(token["id_token"])
        self.assertEqual((app.base, app.id, app.nonce), (who["iss"], who["aud"], who["nonce"]))
        self.assertEqual(f"{app.base}/fhir/Patient/{self.one}", who["fhirUser"])
        from jwcrypto import jwk, jwt
        keys = jwk.JWKSet.from_json(self.call("GET", "/oauth/jwks", token=None).body.decode())
        jwt.JWT(jwt=token["id_token"], key=keys, algs=["RS256"])
        t = token["access_token"]
        self.assertEqual(200, self.fhir(t, "Patient/" + self.one).status)
        self.assertEqual(4, self.total(t, "Observation")[0])
        self.assertIn(self.fhir(t, "Patient/" + self.two).status, (403, 404))
        self.assertEqual(403, self.fhir(t, "Condition").status)
        self.assertEqual(403, self.server.call("GET", "/auth/me", token=t).status)

    def test_standalone_of_staff_picks_the_patient(self):
        app = App(self, "launch/patient " + RESOURCES)
        app.ask("POST")
        app.sign_in("nurse.ada", NURSE)
        app.step([("name", "nobody of this name")])
        self.assertIn("Nobody was found", app.text)
        app.step([("name", "Probe")])
        self.assertIn(f'value="{self.two}"', app.text)
        app.step([("patient", self.two)])
        t = app.exchange(app.code_of(app.allow())).json
        self.assertEqual(self.two, t["patient"])
        t = t["access_token"]
        self.assertEqual(self.total(self.nurse, f"Observation?patient={self.two}")[0],
                         self.total(t, "Observation")[0])
        self.assertEqual(0, self.total(t, "Observation?patient=" + self.one)[0])
        self.assertEqual(403, self.fhir(t, "Patient/" + self.one).status)
        self.assertEqual(403, self.fhir(t, "Patient?_has:Condition:subject:code=1").status)
        self.assertEqual(1, self.total(t, "Patient?name=Probe")[0])

    def test_ehr_launch(self):
        app = App(self, "launch online_access " + RESOURCES, initiate_login_uri="https://app.example/launch")
        who = self.server.call("POST", "/auth/sign-in", {"user": "nurse.ada", "password": NURSE}).json["token"]
        made = self.server.call("POST", "/auth/launch", {"app": app.id, "patient": self.one}, who)
        self.assertEqual(201, made.status, made.body)
        self.assertTrue(made.json["url"].startswith("https://app.example/launch?iss=http"))
        apps = self.server.call("GET", "/auth/launch", token=who).json["apps"]
        self.assertEqual([app.id], [a["app"] for a in apps if a["app"] == app.id])
        plain = App(self, "launch/patient " + RESOURCES)
        self.assertNotIn(plain.id, [a["app"] for a in apps])
        self.assertNotIn(self.one, made.json["url"])
        app.ask(launch=made.json["launch"])
        app.sign_in("pat.one", PATIENT)
        self.assertIn("somebody else", app.text)
        app.sign_in("nurse.ada", NURSE)
        t = app.exchange(app.code_of(app.allow())).json
        self.assertEqual(self.one, t["patient"])
        self.assertIn("refresh_token", t)
        again = app.ask(launch=made.json["launch"])
        self.assertEqual(["invalid_request"], parse_qs(urlsplit(again.header("Location")).query)["error"])

    def test_the_person_may_say_no_or_less(self):
        app = App(self, "launch/patient " + RESOURCES)
        app.ask()
        app.sign_in("pat.one", PATIENT)
        said = parse_qs(urlsplit(app.step([("deny", "1")]).header("Location")).query)
        self.assertEqual((["access_denied"], [app.state]), (said["error"], said["state"]))
        app.ask()
        app.sign_in("pat.one", PATIENT)
        t = app.exchange(app.code_of(app.allow(["patient/Patient.rs", "user/*.cruds"]))).json
        self.assertEqual("patient/Patient.rs", t["scope"])
        self.assertEqual(403, self.fhir(t["access_token"], "Observation").status)

    # ---- scopes ----

    def test_scopes_of_scripts(self):
        from weft_http import weft

        def token(*more):
            return weft("token", "--data", self.server.data, "--role", "nurse", *more).stdout.strip()
        part = token("--scope", "user/Observation.rs?category=" + VITALS)
        n, ids = self.total(part, f"Observation?subject=Patient/{self.one}")
        self.assertEqual((3, 3), (n, len(ids)))
        every = self.total(self.nurse, f"Observation?subject=Patient/{self.one}")[1]
        lab = (set(every) - set(ids)).pop()
        self.assertEqual(403, self.fhir(part, "Observation/" + lab).status)
        self.assertEqual(200, self.fhir(part, "Observation/" + ids[0]).status)
        self.assertEqual(0, self.total(part, "Observation?category=laboratory")[0])
        self.assertEqual(0, self.total(part, "Observation?_summary=count&category=laboratory")[0])
        self.assertEqual(403, self.fhir(part, "Patient/" + self.one).status)
        self.assertEqual(403, self.fhir(part, "Observation?subject:Patient.name=Probe").status)
        self.assertNotIn("Patient", self.fhir(part, "Observation?_include=Observation:subject").body.decode()
                         .replace("Patient/", "").replace("subject:Patient", "").replace("Observation:subject", ""))
        self.assertEqual(403, self.fhir(part, "Observation", "POST", vital(self.one, 1)).status)
        self.assertEqual(403, self.fhir(part, "").status)
        write = token("--scope", "user/Observation.cu?category=vital-signs")
        self.assertEqual(201, self.fhir(write, "Observation", "POST", vital(self.two, 98)).status)
        self.assertEqual(403, self.fhir(write, "Observation", "POST", vital(self.two, 1, "laboratory")).status)
        self.assertEqual(403, self.fhir(write, "Observation/" + lab, "PUT",
                                        {**vital(self.one, 2), "id": lab}).status)
        wide = token("--scope", "user/*.cruds")
        for method, path in (("POST", f"Patient/{self.one}/$break-glass"), ("POST", "Communication/$send"),
                             ("GET", "Subscription/$status"), ("GET", "Subscription/x/$live")):
            self.assertEqual(403, self.fhir(wide, path, method, {"reason": "x"} if method == "POST" else None).status)
        self.assertEqual(403, self.fhir(wide, "Subscription", "POST", {
            "resourceType": "Subscription", "status": "requested", "reason": "x", "criteria": "Patient",
            "channel": {"type": "rest-hook", "endpoint": "https://x.example/"}}).status)
        for path in ("/events", "/auth/me", "/auth/sessions", "/bulk/x"):
            self.assertEqual(403, self.server.call("GET", path, token=part).status, path)
        v1 = token("--scope", "user/Patient.read")
        self.assertEqual(200, self.fhir(v1, "Patient").status)
        self.assertEqual(403, self.fhir(v1, "Patient", "POST", {"resourceType": "Patient"}).status)
        one = token("--patient", self.one, "--scope", "patient/*.rs")
        self.assertEqual(4, self.total(one, "Observation")[0])
        self.assertEqual(403, self.fhir(one, "$export").status)
        self.assertEqual(403, self.fhir(one, "_history").status)
        self.assertEqual(200, self.fhir(one, f"Patient/{self.one}/$everything").status)
        self.assertIn(self.fhir(one, f"Patient/{self.two}/$everything").status, (403, 404))
        for bad in ("patient/Observation.rs", "openid", "user/Nothing.rs", "user/Patient.sr"):
            done = weft("token", "--data", self.server.data, "--role", "nurse", "--scope", bad, check=False)
            self.assertEqual(1, done.returncode, bad)

    # ---- tokens ----

    def test_refresh_rotates_and_reuse_ends_all(self):
        app = App(self, "launch/patient offline_access " + RESOURCES)
        first = app.launch("pat.one", PATIENT)
        second = app.refresh(first["refresh_token"])
        self.assertEqual(200, second.status, second.body)
        second = second.json
        self.assertNotEqual(first["refresh_token"], second["refresh_token"])
        self.assertEqual(self.one, second["patient"])
        self.refused(app.refresh(second["refresh_token"], scope="user/*.cruds"), "invalid_scope")
        less = app.refresh(second["refresh_token"], scope="patient/Patient.rs").json
        self.assertEqual("patient/Patient.rs", less["scope"])
        self.assertEqual(403, self.fhir(less["access_token"], "Observation").status)
        self.refused(app.refresh(first["refresh_token"]), "invalid_grant")
        self.refused(app.refresh(less["refresh_token"]), "invalid_grant")
        for t in (first, second, less):
            self.assertEqual(401, self.fhir(t["access_token"], "Patient/" + self.one).status)

    def test_introspection_and_revocation(self):
        app = App(self, "launch/patient offline_access " + RESOURCES, token_endpoint_auth_method="client_secret_basic")
        other = App(self, RESOURCES)
        t = app.launch("pat.one", PATIENT)
        said = app.other("introspect", t["access_token"]).json
        self.assertEqual((True, app.id, self.one), (said["active"], said["client_id"], said["patient"]))
        self.assertTrue(app.other("introspect", t["refresh_token"]).json["active"])
        for token in ("nothing", t["access_token"][:-1], self.nurse):
            self.assertEqual({"active": False}, app.other("introspect", token).json)
        self.assertEqual({"active": False}, other.other("introspect", t["access_token"]).json)
        self.assertEqual(200, other.other("revoke", t["access_token"]).status)
        self.assertEqual(200, self.fhir(t["access_token"], "Patient/" + self.one).status)
        self.assertEqual(200, app.other("revoke", t["refresh_token"]).status)
        self.assertEqual(401, self.fhir(t["access_token"], "Patient/" + self.one).status)
        self.assertEqual({"active": False}, app.other("introspect", t["access_token"]).json)
        self.refused(app.refresh(t["refresh_token"]), "invalid_grant")
        app.secret = "wrong"
        self.refused(app.other("introspect", t["access_token"]), "invalid_client", 401)

    def test_a_code_is_used_once(self):
        app = App(self, "launch/patient " + RESOURCES)
        app.ask()
        app.sign_in("pat.one", PATIENT)
        code = app.code_of(app.allow())
        t = app.exchange(code).json["access_token"]
        self.assertEqual(200, self.fhir(t, "Patient/" + self.one).status)
        self.refused(app.exchange(code), "invalid_grant")
        self.assertEqual(401, self.fhir(t, "Patient/" + self.one).status)

    def test_a_code_is_bound(self):
        app, other = App(self, RESOURCES), App(self, RESOURCES)

        def code():
            app.ask()
            app.sign_in("pat.one", PATIENT)
            return app.code_of(app.allow())
        self.refused(app.exchange(code(), code_verifier=pkce()[0]), "invalid_grant")
        self.refused(app.exchange(code(), code_verifier=None), "invalid_grant")
        self.refused(app.exchange(code(), redirect_uri=REDIRECT + "&y=2"), "invalid_grant")
        stolen = code()
        other.verifier = app.verifier
        self.refused(other.exchange(stolen), "invalid_grant")
        self.refused(app.exchange("nothing"), "invalid_grant")
        a = self.server.call("POST", "/oauth/token", "grant_type=refresh_token&grant_type=x", headers=FORM)
        self.refused(a, "invalid_request")
        self.refused(app.token_call(grant_type="password", username="a", password="b"), "unsupported_grant_type")

    # ---- attacks on the authorisation endpoint ----

    def test_pkce_and_parameters(self):
        app = App(self, RESOURCES)
        for over, error in (({"code_challenge_method": "plain"}, "invalid_request"),
                            ({"code_challenge_method": None}, "invalid_request"),
                            ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
                            ({"code_challenge": "short"}, "invalid_request"),
                            ({"response_type": "token"}, "unsupported_response_type"),
                            ({"aud": "https://evil.example/fhir"}, "invalid_request"),
                            ({"aud": None}, "invalid_request"), ({"state": None}, "invalid_request"),
                            ({"scope": "user/*.cruds openid"}, "invalid_scope"),
                            ({"scope": "system/*.rs"}, "invalid_scope"), ({"prompt": "none"}, "login_required"),
                            ({"launch": "forged", "scope": "launch " + RESOURCES}, None)):
            a = app.ask(**over)
            if error is None:
                self.assertEqual(200, a.status)  # launch was not registered: the word is left out
                continue
            self.assertEqual(303, a.status, (over, a.body))
            self.assertEqual([error], parse_qs(urlsplit(a.header("Location")).query)["error"], over)

    def test_redirect_tricks(self):
        app = App(self, RESOURCES)
        for bad in ("https://evil.example/", REDIRECT + "/", REDIRECT + "#a", REDIRECT.upper(),
                    REDIRECT.replace("127.0.0.1", "127.0.0.1@evil.example"), REDIRECT[:-1], "",
                    REDIRECT + "\r\nX-Evil: 1", "javascript:alert(1)", None):
            a = app.ask(redirect_uri=bad)
            self.assertEqual(400, a.status, bad)
            self.assertEqual("", a.header("Location"))
            self.assertIn("text/html", a.header("Content-Type"))
        self.assertEqual(400, app.ask(client_id="app-nobody").status)
        for uri in ("http://evil.example/", "javascript:alert(1)", "https://a@b.example/", "https://a.example/#x",
                    "http://127.0.0.1.evil.example/", "data:text/html,x", "https:/a", "ftp://x/"):
            a = self.server.call("POST", "/oauth/register", {"client_name": "x", "redirect_uris": [uri],
                                                             "scope": "openid", "token_endpoint_auth_method": "none"})
            self.refused(a, "invalid_redirect_uri")

    def test_a_launch_is_one_browsers(self):
        app = App(self, RESOURCES)
        app.ask()
        for cookie in ("", "weft-launch=forged", "weft=1"):
            self.assertEqual(400, app.step([("user", "pat.one"), ("password", PATIENT)], cookie=cookie,
                                           handle=app.handle).status)
            self.assertIsNone(app.handle)
            app.ask()
        app.sign_in("pat.one", PATIENT)
        handle = app.handle
        app.allow()
        self.assertEqual(400, app.step([("allow", "1")], handle=handle).status)
        self.assertIn("over", app.text)

    def test_apps_wait_and_end(self):
        app = App(self, "offline_access " + RESOURCES, status=None)
        self.assertEqual("pending", app.metadata["status"])
        self.assertEqual(400, app.ask().status)
        self.refused(app.token_call(grant_type="refresh_token", refresh_token="x"), "invalid_client", 401)
        self.assertEqual(403, self.server.call("POST", "/auth/apps/" + app.id, {"status": "approved"},
                                               self.nurse).status)
        self.assertEqual(403, self.server.call("GET", "/auth/apps", token=self.nurse).status)
        app.decide({"status": "approved", "minute": 5})
        t = app.launch("pat.one", PATIENT)["access_token"]
        got = [self.fhir(t, "Patient/" + self.one).status for _ in range(8)]
        self.assertIn(429, got)
        self.assertEqual(400, app.decide({"role": "admin"}).status)
        app.decide({"minute": 1000})
        self.assertEqual(200, self.fhir(t, "Patient/" + self.one).status)
        app.decide({"status": "refused"})
        self.assertEqual(401, self.fhir(t, "Patient/" + self.one).status)
        app.decide({"status": "approved", "expires": "2020-01-01T00:00:00Z"})
        self.assertEqual(401, self.fhir(t, "Patient/" + self.one).status)
        listed = self.server.call("GET", "/auth/apps", token=self.admin).json["apps"]
        self.assertIn(app.id, [a["client_id"] for a in listed])
        self.assertNotIn("secret", json.dumps(listed))

    def test_launches_can_be_looked_at(self):
        app = App(self, RESOURCES)
        app.ask(aud="https://other.example/fhir")
        self.assertEqual(403, self.server.call("GET", "/auth/launches", token=self.nurse).status)
        steps = self.server.call("GET", "/auth/launches", token=self.admin).json["steps"]
        last = next(s for s in steps if s["app"] == app.id and not s["ok"])
        self.assertEqual("invalid_request", last["error"])
        self.assertIn("aud", last["why"])
        self.assertIn("aud=https://other.example/fhir", last["parameters"])
        self.assertNotIn(app.state, json.dumps(steps))

    def test_pages_of_apps_may_read_answers(self):
        app = App(self, RESOURCES, redirect="http://127.0.0.1:9/cors")
        t = app.launch("pat.one", PATIENT)["access_token"]
        for origin, allowed in (("http://127.0.0.1:9", True), ("http://127.0.0.1:91", False),
                                ("http://evil.example", False), ("null", False)):
            a = self.server.call("GET", "/fhir/Patient/" + self.one, token=t, headers={"Origin": origin})
            self.assertEqual(origin if allowed else "", a.header("Access-Control-Allow-Origin"))
            a = self.server.call("OPTIONS", "/fhir/Patient/" + self.one, headers={
                "Origin": origin, "Access-Control-Request-Method": "GET"})
            self.assertEqual(allowed, "Authorization" in a.header("Access-Control-Allow-Headers"))
            self.assertEqual("", a.header("Access-Control-Allow-Credentials"))

    def test_everything_is_in_the_trail(self):
        app = App(self, RESOURCES)
        app.launch("pat.one", PATIENT)
        app.exchange("nothing")
        a = self.server.call("GET", "/fhir/AuditEvent?_count=200", token=self.system)
        said = json.dumps(a.json)
        for word in ("oauth-register", "oauth-app", "oauth-permit", "oauth-token"):
            self.assertIn(word, said)
        self.assertIn(app.id, said)


class Backend(Case):
    roles = ("nurse", "system", "admin")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        from jwcrypto import jwk
        cls.rsa = jwk.JWK.generate(kty="RSA", size=2048, kid="r1")
        cls.ec = jwk.JWK.generate(kty="EC", crv="P-384", kid="e1")
        cls.small = jwk.JWK.generate(kty="RSA", size=1024, kid="s1")
        self = cls()
        cls.keys = {"keys": [cls.rsa.export_public(as_dict=True), cls.ec.export_public(as_dict=True)]}
        cls.app = App(self, "system/Patient.rs system/Observation.r", redirect_uris=[],
                      token_endpoint_auth_method="private_key_jwt", grant_types=["client_credentials"],
                      jwks=cls.keys, decision={"role": "nurse"})
        cls.who = self.patient()

    n = 0

    def assertion(self, key=None, alg="RS384", head=None, **over):
        from jwcrypto import jwt
        Backend.n += 1
        now = int(time.time())
        body = {"iss": self.app.id, "sub": self.app.id, "aud": self.app.base + "/oauth/token", "exp": now + 240,
                "jti": f"j{Backend.n}", **over}
        key = key or self.rsa
        t = jwt.JWT(header={"alg": alg, "kid": key.get('kid'), **(head or {})},
                    claims={k: v for k, v in body.items() if v is not None})
        t.make_signed_token(key)
        return t.serialize()

    def token(self, assertion, **more):
        return self.server.call("POST", "/oauth/token", urlencode({
            "grant_type": "client_credentials", "scope": "system/Patient.rs system/Observation.rs",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion, **more}), headers=FORM)

    def refused(self, a, code="invalid_client", status=401):
        self.assertEqual(status, a.status, a.body)
        self.assertEqual(code, a.json["error"], a.body)

    def test_both_algorithms(self):
        for key, alg in ((self.rsa, "RS384"), (self.ec, "ES384")):
            a = self.token(self.assertion(key, alg))
            self.assertEqual(200, a.status, a.body)
            self.assertEqual("system/Patient.rs", a.json["scope"])  # Observation.rs is more than registered
            self.assertLessEqual(a.json["expires_in"], 300)
            self.assertNotIn("refresh_token", a.json)
            t = a.json["access_token"]
            self.assertEqual(200, self.server.call("GET", "/fhir/Patient/" + self.who, token=t).status)
            self.assertEqual(403, self.server.call("GET", "/fhir/Observation", token=t).status)
            self.assertEqual(403, self.server.call("POST", "/fhir/Patient", {"resourceType": "Patient"}, t).status)

    def test_claims(self):
        now = int(time.time())
        for over in ({"exp": now - 5}, {"exp": now + 900}, {"exp": None}, {"aud": "https://evil.example"},
                     {"iss": "other"}, {"sub": "other"}, {"jti": None}, {"jti": ""}, {"nbf": now + 900},
                     {"aud": None}, {"aud": [self.app.base + "/oauth/token", "https://evil.example"]}):
            self.refused(self.token(self.assertion(**over)))
        once = self.assertion()
        self.assertEqual(200, self.token(once).status)
        self.refused(self.token(once))
        self.refused(self.token(self.assertion(), scope="user/*.rs"), "invalid_scope", 400)
        self.refused(self.token(self.assertion(), client_assertion_type="x"))
        self.refused(self.token(self.assertion(), client_id="app-other"))

    def part(self, o):
        return base64.urlsafe_b64encode(json.dumps(o).encode()).rstrip(b"=").decode()

    def test_forged(self):
        from jwcrypto import jwk
        good = self.assertion()
        head, body, sig = good.split(".")
        other = jwk.JWK.generate(kty="RSA", size=2048, kid="r1")
        stranger = jwk.JWK.generate(kty="RSA", size=2048, kid="nobody")
        forged = [
            ".".join([self.part({"alg": "none", "kid": "r1"}), body, ""]),
            ".".join([self.part({"alg": "None", "kid": "r1"}), body, sig]),
            ".".join([head, body, sig[:-4] + "AAAA"]),
            ".".join([head, body, ""]), ".".join([head, body]), "x", good + ".x",
            self.assertion(other), self.assertion(stranger),
            self.assertion(other, head={"jwk": other.export_public(as_dict=True)}),
            self.assertion(other, head={"kid": "../../../../dev/null"}),
            self.assertion(other, head={"kid": "r1' OR '1'='1"}),
            self.assertion(other, head={"jku": "https://evil.example/keys"}),
            self.assertion(self.rsa, "RS256"), self.assertion(self.rsa, "PS384"),
            self.assertion(self.rsa, head={"kid": "e1"}),
            self.assertion(self.ec, "ES384", head={"kid": "r1"}),
        ]
        for crit in ({"crit": ["exp"], "exp": 1}, {"b64": False}):
            h = self.part({"alg": "RS384", "kid": "r1", **crit})
            forged.append(".".join([h, body, sig]))
        # key confusion: the public key as an HMAC secret
        pem = self.rsa.export_to_pem()
        for alg, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384)):
            h = self.part({"alg": alg, "kid": "r1"})
            mac = hmac.new(pem, f"{h}.{body}".encode(), digest).digest()
            forged.append(f"{h}.{body}." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode())
        for f in forged:
            self.refused(self.token(f))
        self.assertEqual(200, self.token(good).status)

    def test_key_sets(self):
        for keys in ({"keys": []}, {"keys": [self.rsa.export_private(as_dict=True)]},
                     {"keys": [self.small.export_public(as_dict=True)]},
                     {"keys": [{**self.rsa.export_public(as_dict=True), "kid": ""}]},
                     {"keys": [self.rsa.export_public(as_dict=True)] * 2},
                     {"keys": [{"kty": "oct", "k": "AAAA", "kid": "x"}]},
                     {"keys": [{**self.ec.export_public(as_dict=True), "x": "AAAA"}]}, {}):
            a = self.server.call("POST", "/oauth/register", {
                "client_name": "x", "scope": "system/*.rs", "token_endpoint_auth_method": "private_key_jwt",
                "grant_types": ["client_credentials"], "jwks": keys})
            self.refused(a, "invalid_client_metadata", 400)


if __name__ == "__main__":
    main()
