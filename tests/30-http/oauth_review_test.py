"""What hostile reviews of the OAuth provider found (R120 and on), one test each."""
from concurrent.futures import ThreadPoolExecutor

from oauth_kit import App
from weft_http import Case, main, observation, weft

NURSE, PATIENT = "correct horse battery 7", "another long phrase 9"
WIDE = "launch/patient offline_access user/*.cruds patient/Patient.rs patient/Observation.rs"


class OauthReview(Case):
    roles = ("nurse", "system", "admin")
    accounts = ((("--user", "nurse.ada", "--role", "nurse", "--name", "Ada N."), NURSE),
                (("--user", "privacy.pia", "--role", "privacy", "--name", "Pia P."), NURSE))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        self = cls()
        cls.one = self.patient()
        self.create(observation(cls.one, 60))
        weft("user", "add", "--data", cls.server.data, "--user", "pat.one", "--role", "patient", "--patient",
             cls.one, "--reference", "Patient/" + cls.one, text=PATIENT + "\n")

    def status(self, token, path):
        return self.server.call("GET", "/fhir/" + path, token=token).status

    def test_the_host_header_names_no_issuer(self):
        """Without public_url, iss and aud were whatever Host said."""
        for path in ("/.well-known/openid-configuration", "/fhir/.well-known/smart-configuration",
                     "/oauth/authorize?client_id=x", "/oauth/jwks"):
            for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::1"):
                a = self.server.call("GET", path, headers={"Host": host})
                self.expect(400, a, "public_url")
        for host in (f"127.0.0.1:{self.server.port}", f"localhost:{self.server.port}", "[::1]:1"):
            a = self.server.call("GET", "/.well-known/openid-configuration", headers={"Host": host})
            self.assertEqual("http://" + host, self.expect(200, a).json["issuer"])
        a = self.server.call("POST", "/oauth/token", "grant_type=x", headers={"Host": "evil.example"})
        self.expect(400, a, "public_url")

    def test_r120_an_apps_token_is_no_session(self):
        """A token put into the cookie signed its user in for any app, with any scope."""
        app = App(self, WIDE)
        app.ask()
        app.sign_in("pat.one", PATIENT)
        little = app.exchange(app.code_of(app.allow(["patient/Observation.rs"]))).json["access_token"]
        script = self.server.call("POST", "/auth/sign-in", {"user": "pat.one", "password": PATIENT}).json["token"]
        for token, status in ((little, 400), (self.nurse, 400), (script, 200)):
            app.ask()
            a = app.step([("open", "1")], cookie=f"{app.cookie}; weft={token}")
            self.assertEqual(status, a.status)
            self.assertEqual(status == 200, 'name="allow"' in app.text)

    def test_r121_a_flood_of_refusals_does_not_fill_the_trail(self):
        app = App(self, WIDE)
        app.decide({"minute": 1000})

        def lines():
            return self.server.call("GET", "/fhir/AuditEvent?_summary=count", token=self.system).json["total"]
        before = lines()
        for _ in range(300):
            self.assertEqual(400, app.token_call(grant_type="authorization_code", code="nothing").status)
        self.assertGreater(lines(), before)
        self.assertLess(lines(), before + 280)  # 120 a minute, and a minute may end meanwhile

    def test_r193_leaving_a_purpose_out_frees_no_app_of_it(self):
        """Registered or permitted for operations alone: asking, ticking or refreshing without says the same."""
        treat = {"X-Purpose-Of-Use": "TREAT"}
        more = "offline_access user/Observation.rs"

        def refused(t):
            self.assertIn("purpose/HOPERAT", t["scope"].split())
            for headers, status in ((treat, 403), ({}, 200)):
                a = self.server.call("GET", "/fhir/Observation?_count=1", token=t["access_token"], headers=headers)
                self.assertEqual(status, a.status, a.body)
        app = App(self, more + " purpose/HOPERAT")
        refused(app.launch("nurse.ada", NURSE, scope=more))
        app.ask()
        app.sign_in("nurse.ada", NURSE)
        refused(app.exchange(app.code_of(app.allow(more.split()))).json)
        app = App(self, more + " purpose/HOPERAT purpose/TREAT")
        t = app.launch("nurse.ada", NURSE, scope=more + " purpose/HOPERAT")
        refused(t)
        refused(app.refresh(t["refresh_token"], scope=more).json)
        app = App(self, more)
        t = app.launch("nurse.ada", NURSE)
        self.assertEqual(200, self.server.call("GET", "/fhir/Observation", token=t["access_token"], headers=treat).status)

    def test_r122_what_is_taken_from_an_app_is_taken_from_its_tokens(self):
        app = App(self, WIDE)
        t = app.launch("pat.one", PATIENT)
        self.assertEqual(200, self.status(t["access_token"], "Observation"))
        app.decide({"scope": "offline_access patient/Patient.rs"})
        self.assertEqual(403, self.status(t["access_token"], "Observation"))
        self.assertEqual(200, self.status(t["access_token"], "Patient/" + self.one))
        t = app.refresh(t["refresh_token"]).json
        self.assertEqual("offline_access patient/Patient.rs", t["scope"])
        self.assertEqual(403, self.status(t["access_token"], "Observation"))
        app.decide({"scope": "openid"})  # nothing is left of it: that is not everything
        self.assertEqual(401, self.status(t["access_token"], "Patient/" + self.one))
        a = app.refresh(t["refresh_token"])
        self.assertEqual((400, "invalid_scope"), (a.status, a.json["error"]))

    def test_r123_strangers_do_not_use_up_an_apps_requests(self):
        app = App(self, WIDE, decision={"minute": 20})
        t = app.launch("pat.one", PATIENT)["access_token"]
        got = [app.other("introspect", "x").status for _ in range(30)]
        self.assertIn(429, got)
        self.assertIn(429, [app.token_call(grant_type="authorization_code", code="nothing").status for _ in range(30)])
        self.assertEqual(200, self.status(t, "Patient/" + self.one))

    def test_r126_an_app_is_not_fresh_for_its_user(self):
        app = App(self, "user/*.rs")
        t = app.launch("privacy.pia", NURSE)["access_token"]
        self.assertEqual(200, self.status(t, "Patient/" + self.one))
        a = self.server.call("GET", "/fhir/$export", token=t)
        self.assertEqual(403, a.status)
        self.assertIn("an app cannot for its user", a.text())

    def test_r120b_a_code_used_twice_at_once_gives_nothing(self):
        app = App(self, WIDE, decision={"minute": 10000})
        for _ in range(12):
            app.ask()
            app.sign_in("pat.one", PATIENT)
            code = app.code_of(app.allow())
            with ThreadPoolExecutor(8) as pool:
                got = list(pool.map(lambda _, c=code: app.exchange(c), range(8)))
            self.assertLessEqual({a.status for a in got}, {200, 400})
            for a in got:
                if a.status == 200:
                    self.assertEqual(401, self.status(a.json["access_token"], "Patient/" + self.one))
                    self.assertEqual(400, app.refresh(a.json["refresh_token"]).status)

    def test_an_app_opens_no_case_for_its_user(self):
        app = App(self, "launch/patient patient/AuditEvent.rs patient/Patient.rs")
        t = app.launch("pat.one", PATIENT)["access_token"]
        self.assertEqual(200, self.status(t, "Patient/" + self.one))
        lines = self.server.call("GET", "/fhir/AuditEvent?_count=1", token=t).json["entry"]
        a = self.server.call("POST", f"/fhir/AuditEvent/{lines[0]['resource']['id']}/$report", {}, t)
        self.assertEqual(403, a.status)
        self.assertIn("not for apps", a.text())

    def test_r127_names_that_turn_the_page_around(self):
        for name in ("Weft\u202etset", "a\u2066b", "a\nb", "a\u0085b", "a\u200fb", "a\u2028b", "a\x7fb"):
            a = self.server.call("POST", "/oauth/register", {
                "client_name": name, "redirect_uris": ["https://a.example/"], "scope": "user/*.rs"})
            self.assertEqual((400, "invalid_client_metadata"), (a.status, a.json["error"]), name)
        App(self, WIDE, client_name="\u064a\u0648\u0645\u064a\u0627\u062a \u00e1\u00f1 \u20ac\u2019")


if __name__ == "__main__":
    main()
