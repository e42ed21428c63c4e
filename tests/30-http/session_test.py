"""The browser's session: a cookie no script can read, and what keeps other pages from riding on it;
a person's own sessions; showing again who one is before a sensitive act."""
from weft_http import Case, main

WORDS = "correct horse battery 7"


class Session(Case):
    roles = ("nurse", "system")
    accounts = ((("--user", "nurse.ada", "--role", "nurse"), WORDS),
                (("--user", "nurse.bea", "--role", "nurse"), WORDS),
                (("--user", "admin.cy", "--role", "admin"), WORDS))

    def begin(self, user="nurse.ada", **headers):
        a = self.call("POST", "/auth/sign-in",
                      {"user": user, "password": WORDS, "session": "cookie"}, None, headers=headers)
        if a.status != 200:
            return a, None, None
        cookie = a.header("Set-Cookie")
        return a, cookie.split(";")[0], a.json["csrf"]

    def with_cookie(self, method, path, cookie, csrf=None, body=None, **more):
        headers = {"Cookie": cookie, **{k.replace("_", "-"): v for k, v in more.items()}}
        if csrf:
            headers["X-Weft-Csrf"] = csrf
        return self.call(method, path, body, None, headers=headers)

    def test_flags(self):
        a, cookie, csrf = self.begin()
        told = a.header("Set-Cookie")
        for flag in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(flag, told)
        self.assertNotIn("Domain", told)
        self.assertNotIn("token", a.json)
        self.assertNotIn(cookie.split("=")[1], a.body.decode())
        self.assertEqual(900, a.json["rest"])
        self.assertEqual("no-store", a.header("Cache-Control"))
        me = self.expect(200, self.with_cookie("GET", "/auth/me", cookie))
        self.assertEqual(csrf, me.json["csrf"])
        self.expect(200, self.with_cookie("GET", "/fhir/Patient", cookie, csrf))
        # A page's live stream goes on from where its first answers were read.
        self.assertFalse(self.call("GET", "/fhir/Patient").header("X-Weft-Feed"))
        read = self.with_cookie("GET", "/fhir/Patient", cookie, csrf).header("X-Weft-Feed")
        self.patient()
        then = self.with_cookie("GET", "/fhir/Patient", cookie, csrf).header("X-Weft-Feed")
        self.assertLess(int(read), int(then))
        self.expect(204, self.with_cookie("POST", "/auth/sign-out", cookie, csrf))
        self.expect(401, self.with_cookie("GET", "/fhir/Patient", cookie, csrf))

    def test_no_proof_no_answer(self):
        """CSRF: what a foreign page can make a browser send."""
        _, cookie, csrf = self.begin()
        _, _, other = self.begin("nurse.bea")
        patient = {"resourceType": "Patient"}
        self.expect(403, self.with_cookie("GET", "/fhir/Patient", cookie))
        self.expect(403, self.with_cookie("POST", "/fhir/Patient", cookie, None, patient))
        for wrong in ("x", other, csrf[:-1], csrf + "0", csrf.upper()):
            self.expect(403, self.with_cookie("POST", "/fhir/Patient", cookie, wrong, patient))
        for foreign in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
                        {"Sec_Fetch_Site": "none"}):
            self.expect(403, self.with_cookie("POST", "/fhir/Patient", cookie, csrf, patient, **foreign))
        self.expect(403, self.with_cookie("GET", "/auth/me", cookie, Sec_Fetch_Site="cross-site"))
        own = f"http://127.0.0.1:{self.server.port}"
        self.expect(201, self.with_cookie("POST", "/fhir/Patient", cookie, csrf, patient, Origin=own,
                                          Sec_Fetch_Site="same-origin"))
        self.expect(201, self.call("POST", "/fhir/Patient", patient, "nurse"))

    def test_signing_in_from_elsewhere(self):
        """Login CSRF: a foreign page may not begin a session in this browser."""
        for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            a, cookie, _ = self.begin(**foreign)
            self.expect(403, a)
            self.assertEqual("", a.header("Set-Cookie"))

    def test_fixation(self):
        """A planted cookie is never adopted, and two of one name count as none."""
        planted = "weft=" + "a" * 52
        a = self.call("POST", "/auth/sign-in", {"user": "nurse.ada", "password": WORDS,
                                                "session": "cookie"}, None, headers={"Cookie": planted})
        fresh = self.expect(200, a).header("Set-Cookie").split(";")[0]
        self.assertNotEqual(planted, fresh)
        self.expect(401, self.with_cookie("GET", "/auth/me", planted))
        self.expect(401, self.with_cookie("GET", "/auth/me", planted + "; " + fresh))
        self.expect(200, self.with_cookie("GET", "/auth/me", "a=1; " + fresh + "; b=2"))

    def test_own_sessions(self):
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        _, here, proof = self.begin("nurse.bea", **{"User-Agent": agent})
        _, there, there_proof = self.begin("nurse.bea")
        _, ada, ada_proof = self.begin("nurse.ada")
        rows = self.expect(200, self.with_cookie("GET", "/auth/sessions", here, proof)).json["sessions"]
        self.assertEqual(1, sum(r["current"] for r in rows))
        self.assertIn("Firefox, Linux", {r["device"] for r in rows})
        other = next(r["id"] for r in rows if not r["current"])
        self.expect(404, self.with_cookie("DELETE", f"/auth/sessions/{other}", ada, ada_proof))
        for row in rows:
            if not row["current"]:
                self.expect(204, self.with_cookie("DELETE", f"/auth/sessions/{row['id']}", here, proof))
        self.expect(401, self.with_cookie("GET", "/auth/me", there))
        _, there, there_proof = self.begin("nurse.bea")
        self.expect(204, self.with_cookie("POST", "/auth/sign-out-everywhere", here, proof))
        for cookie in (here, there):
            self.expect(401, self.with_cookie("GET", "/auth/me", cookie))
        self.expect(200, self.with_cookie("GET", "/auth/me", ada))

    def test_step_up(self):
        """An export asks who is there once the sign-in is five minutes old; see identity's tests for
        the clock. A script's token has nobody to ask."""
        _, cookie, csrf = self.begin("admin.cy")
        self.expect(401, self.with_cookie("POST", "/auth/step-up", cookie, csrf, {"password": "wrong one"}))
        self.expect(400, self.with_cookie("POST", "/auth/step-up", cookie, csrf, {}))
        self.expect(204, self.with_cookie("POST", "/auth/step-up", cookie, csrf, {"password": WORDS}))
        self.expect(403, self.call("POST", "/auth/step-up", {"password": WORDS}, "nurse"))

    def test_headers(self):
        a = self.call("GET", "/docs", token=None)
        csp = a.header("Content-Security-Policy")
        for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"):
            self.assertIn(part, csp)
        self.assertNotIn("unsafe", csp)
        for path in ("/docs", "/auth/me", "/fhir/metadata", "/nothing"):
            a = self.call("GET", path, token=None)
            self.assertEqual("nosniff", a.header("X-Content-Type-Options"))
            self.assertEqual("no-referrer", a.header("Referrer-Policy"))


main()
