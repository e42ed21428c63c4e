/* Versions in order, ranges, package names, scores; documents of each shape. */
#include "fleet/parts_int.h"

#include "base/test.h"

static void versions_have_an_order(void **state)
{
    (void)state;
    static const char *const up[] = {"0.9",       "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2",
                                     "1.0.0-rc1", "1.0.0",       "1.0.1",         "1.0.2k",
                                     "1.2",       "1.10",        "2.0.0"};
    size_t n = sizeof up / sizeof *up;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            int want = i < k ? -1 : i > k;
            if (version_order(str_of(up[i]), str_of(up[k])) != want)
                fail_msg("%s against %s", up[i], up[k]);
        }
    assert_int_equal(version_order(STR("v1.2"), STR("1.2")), 0);
    assert_int_equal(version_order(STR("1.2+build7"), STR("1.2")), 0);
    assert_int_equal(version_order(STR("1.0"), STR("1")), 0);
    assert_int_equal(version_order(STR("007"), STR("7")), 0);
    assert_int_equal(version_order(STR("1.0.2a"), STR("1.0.2")), 1); /* a patch letter */
    assert_int_equal(version_order(STR("1.0.2a"), STR("1.0.2k")), -1);
    assert_int_equal(version_order(STR("1.0a1"), STR("1.0")), -1);
}

static void a_range_holds_what_it_says(void **state)
{
    (void)state;
    struct span fixed = {.from = STR("1.2.0"), .fixed = STR("1.4.3")};
    assert_false(span_holds(&fixed, STR("1.1.9")));
    assert_true(span_holds(&fixed, STR("1.2.0")));
    assert_true(span_holds(&fixed, STR("1.4.2")));
    assert_false(span_holds(&fixed, STR("1.4.3")));
    assert_true(span_holds(&fixed, STR_NONE)); /* nobody knows */
    struct span last = {.from = STR("0"), .last = STR("2.0")};
    assert_true(span_holds(&last, STR("2.0")));
    assert_false(span_holds(&last, STR("2.0.1")));
    struct span is = {.is = STR("3.1")};
    assert_true(span_holds(&is, STR("3.1")));
    assert_false(span_holds(&is, STR("3.1.1")));
    assert_false(span_holds(&is, STR_NONE));
}

/* R509: ranges past a ceiling were dropped, so that nobody was told of them. */
static void too_many_ranges_are_refused_not_dropped(void **state)
{
    (void)state;
    for (size_t n = VULN_SPANS_MAX; n <= VULN_SPANS_MAX + 1; n++) {
        struct op op = test_op();
        struct buf b = {0};
        struct vulns all;
        buf_init(&b, op.arena, 4u << 20);
        buf_add(
            &b,
            STR("{\"id\":\"CVE-2026-1\",\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":"
                "\"left\"},\"versions\":["));
        for (size_t i = 0; i < n; i++)
            buf_printf(&b, "%s\"1.%zu\"", i ? "," : "", i);
        buf_add(&b, STR("]}]}"));
        err e = vulns_read(&op, buf_str(&b), &all);
        assert_int_equal(e, n == VULN_SPANS_MAX ? OK : ERR_TOO_LARGE);
        if (e == OK)
            assert_int_equal(all.all[0].n_spans, n);
        arena_free(op.arena);
    }
}

static void names_have_a_key(void **state)
{
    struct op op = test_op();
    str v;
    (void)state;
    assert_str(purl_key(&op, STR("pkg:NPM/%40scope/Name@1.2.3?a=b@c#d"), &v),
               "pkg:npm/%40scope/name");
    assert_str(v, "1.2.3");
    assert_str(purl_key(&op, STR("pkg:deb/debian/zlib"), &v), "pkg:deb/debian/zlib");
    assert_int_equal(v.n, 0);
    assert_int_equal(purl_key(&op, STR("zlib@1"), &v).n, 0);
    assert_str(cpe_key(&op, STR("cpe:2.3:a:OpenSSL:openssl:1.0.2k:*:*:*:*:*:*:*"), &v),
               "cpe:openssl:openssl");
    assert_str(v, "1.0.2k");
    assert_str(cpe_key(&op, STR("cpe:/a:gnu:glibc:2.31"), &v), "cpe:gnu:glibc");
    assert_str(v, "2.31");
    assert_str(cpe_key(&op, STR("cpe:2.3:o:vx\\:works:rtos:*:*:*:*:*:*:*:*"), &v),
               "cpe:vx\\:works:rtos");
    assert_int_equal(v.n, 0);
    assert_int_equal(cpe_key(&op, STR("cpe:2.3:a:x"), &v).n, 0);
    test_op_done(&op);
}

/* Scores of examples of FIRST's CVSS 3.1 guide. */
static void scores_are_the_published_ones(void **state)
{
    (void)state;
    static const struct {
        const char *vector;
        double score;
    } all[] = {{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8},
               {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0},
               {"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1},
               {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5},
               {"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8},
               {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0},
               {"CVSS:3.1/AV:X", 0},
               {"AV:N/AC:L/Au:N/C:P/I:P/A:P", 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_true(cvss3_score(str_of(all[i].vector)) == all[i].score);
    assert_string_equal(cvss_severity(9.0), "critical");
    assert_string_equal(cvss_severity(6.9), "medium");
}

#define CDX                                                                                        \
    "{\"bomFormat\":\"CycloneDX\",\"metadata\":{\"component\":{\"name\":\"H\",\"version\":\"3\"}}" \
    ","                                                                                            \
    "\"components\":[{\"name\":\"zlib\",\"version\":\"1.2.11\",\"purl\":\"pkg:generic/"            \
    "zlib@1.2.11\""                                                                                \
    ",\"components\":[{\"name\":\"inner\",\"cpe\":\"cpe:2.3:a:elm:inner:2.0:*:*:*:*:*:*:*\"}]}]}"
#define SPDX                                                                                       \
    "{\"spdxVersion\":\"SPDX-2.3\",\"name\":\"H\",\"documentDescribes\":[\"S1\"],\"packages\":["   \
    "{\"SPDXID\":\"S1\",\"name\":\"fw\",\"versionInfo\":\"3\"},{\"name\":\"zlib\","                \
    "\"versionInfo\":"                                                                             \
    "\"1.2.11\",\"externalRefs\":[{\"referenceType\":\"purl\",\"referenceLocator\":"               \
    "\"pkg:generic/zlib@1.2.11\"}]}]}"

static void both_formats_are_one_list(void **state)
{
    struct op op = test_op();
    struct parts p;
    (void)state;
    assert_int_equal(parts_read(&op, STR(CDX), &p), OK);
    assert_int_equal(p.n, 2);
    assert_str(p.version, "3");
    assert_str(p.all[0].keys[0], "pkg:generic/zlib");
    assert_str(p.all[1].version, "2.0");
    assert_int_equal(parts_read(&op, STR(SPDX), &p), OK);
    assert_int_equal(p.n, 2);
    assert_str(p.version, "3");
    assert_str(p.all[1].keys[0], "pkg:generic/zlib");
    assert_int_equal(parts_read(&op, STR("{}"), &p), ERR_INVALID);
    op_clear(&op);
    assert_int_equal(parts_read(&op, STR("[1"), &p), ERR_INVALID);
    test_op_done(&op);
}

static const char osv[] =
    "[{\"id\":\"OSV-1\",\"modified\":\"2026-01-01T00:00:00Z\",\"aliases\":[\"CVE-2026-0001\"],"
    "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/"
    "A:H\"}],"
    "\"affected\":[{\"package\":{\"ecosystem\":\"npm\",\"name\":\"@a/b\"},\"ranges\":[{\"type\":"
    "\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2.0\"},{\"introduced\":\"2.0.0\"}"
    ","
    "{\"last_affected\":\"2.1.0\"}]}]}]},{\"id\":\"OSV-2\",\"withdrawn\":\"2026-01-02T00:00:00Z\","
    "\"affected\":[]}]";
static const char cve[] = "{\"cveMetadata\":{\"cveId\":\"CVE-2026-0002\",\"state\":\"PUBLISHED\"},"
                          "\"containers\":{\"cna\":{"
                          "\"descriptions\":[{\"lang\":\"en\",\"value\":\"Bad.\"}],\"metrics\":[{"
                          "\"cvssV3_1\":{\"baseScore\":"
                          "7.5,\"vectorString\":\"CVSS:3.1/x\"}}],\"affected\":[{\"vendor\":\"Elm "
                          "Works\",\"product\":\"Tiny"
                          "\",\"versions\":[{\"version\":\"1.0\",\"status\":\"affected\","
                          "\"lessThan\":\"1.5\"},{\"version\":"
                          "\"1.6\",\"status\":\"unaffected\"}]}]}}}";

static bool hits(const struct vuln *v, const char *key, const char *version, const char *want)
{
    struct part p = {.version = str_of(version), .keys = {str_of(key)}};
    str fixed;
    bool hit = vuln_hits(v, &p, &fixed);
    if (hit)
        assert_true(str_eq(fixed, str_of(want)));
    return hit;
}

static void documents_become_ranges(void **state)
{
    struct op op = test_op();
    struct vulns all;
    (void)state;
    assert_int_equal(vulns_read(&op, str_of(osv), &all), OK);
    assert_int_equal(all.n, 1); /* a withdrawn one is none */
    const struct vuln *v = all.all;
    assert_true(v->score == 9.8);
    assert_true(hits(v, "pkg:npm/%40a/b", "1.1.9", "1.2.0"));
    assert_false(hits(v, "pkg:npm/%40a/b", "1.2.0", ""));
    assert_true(hits(v, "pkg:npm/%40a/b", "2.1.0", ""));
    assert_false(hits(v, "pkg:npm/%40a/b", "2.1.1", ""));
    assert_false(hits(v, "pkg:npm/b", "1.0", ""));
    assert_int_equal(vulns_read(&op, str_of(cve), &all), OK);
    v = all.all;
    assert_str(v->severity, "high");
    assert_true(hits(v, "cpe:elm_works:tiny", "1.4.9", "1.5"));
    assert_false(hits(v, "cpe:elm_works:tiny", "1.6", ""));
    assert_int_equal(vulns_read(&op,
                                STR("{\"vulnerabilities\":[{\"cveID\":\"CVE-2026-0001\","
                                    "\"dueDate\":\"2026-12-01\"}]}"),
                                &all),
                     OK);
    assert_int_equal(all.n_exploited, 1);
    assert_int_equal(vulns_read(&op, STR("{\"id\":\"x\"}"), &all), ERR_INVALID);
    op_clear(&op);
    assert_int_equal(vulns_read(&op, STR("[{}]"), &all), ERR_INVALID);
    test_op_done(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_have_an_order),
        cmocka_unit_test(a_range_holds_what_it_says),
        cmocka_unit_test(too_many_ranges_are_refused_not_dropped),
        cmocka_unit_test(names_have_a_key),
        cmocka_unit_test(scores_are_the_published_ones),
        cmocka_unit_test(both_formats_are_one_list),
        cmocka_unit_test(documents_become_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
