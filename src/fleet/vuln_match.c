/* Does a known vulnerability concern a part, and how grave is it? Pure. */
#include "fleet/parts_int.h"

#include <math.h>

/* ---- versions ---- */

/* Takes a run of digits or of letters off the front. */
static str run_of(str *s, bool *ret_number)
{
    size_t i = 0;
    while (i < s->n && !((s->p[i] >= '0' && s->p[i] <= '9') || (s->p[i] >= 'a' && s->p[i] <= 'z') ||
                         (s->p[i] >= 'A' && s->p[i] <= 'Z') || s->p[i] == '~'))
        i++;
    size_t from = i;
    *ret_number = i < s->n && s->p[i] >= '0' && s->p[i] <= '9';
    while (i < s->n && ((s->p[i] >= '0' && s->p[i] <= '9') == *ret_number) &&
           (*ret_number || (s->p[i] >= 'a' && s->p[i] <= 'z') ||
            (s->p[i] >= 'A' && s->p[i] <= 'Z') || s->p[i] == '~'))
        i++;
    str got = str_sub(*s, from, i);
    *s = str_sub(*s, i, s->n);
    return got;
}

static int number_order(str a, str b)
{
    while (a.n && *a.p == '0')
        a = str_sub(a, 1, a.n);
    while (b.n && *b.p == '0')
        b = str_sub(b, 1, b.n);
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    int c = str_cmp(a, b);
    return (c > 0) - (c < 0);
}

/* Words that stand before the release they name; others after, as a patch letter (1.0.2k) is. "a"
 * and "b" are of the first with a number behind (1.0a1). */
static bool is_before(str word, str rest)
{
    static const char *const all[] = {"alpha",   "beta", "rc",       "pre",
                                      "preview", "dev",  "snapshot", "~"};
    bool one = str_eq_nocase(word, STR("a")) || str_eq_nocase(word, STR("b"));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (str_eq_nocase(word, str_of(all[i])))
            return true;
    return one && rest.n && *rest.p >= '0' && *rest.p <= '9';
}

/* One has more behind what both have: "1.0-rc1" is before "1.0", "1.0.1" and "1.0a" after; but
 * after a hyphen any word is before it (semver). */
static int longer(str rest, bool hyphen)
{
    bool number;
    str run = run_of(&rest, &number);
    if (!run.n || (number && !number_order(run, STR("0")) && !rest.n))
        return 0; /* 1.0 is 1 */
    return !number && (hyphen || is_before(run, rest)) ? -1 : 1;
}

static bool starts_hyphen(str s)
{
    return s.n && *s.p == '-';
}

/* Without what says which build it is, and a v before the number. */
static str bare(str v)
{
    size_t plus = str_find_char(v, '+', 0);
    v = plus == SIZE_MAX ? v : str_sub(v, 0, plus);
    return v.n > 1 && (*v.p == 'v' || *v.p == 'V') ? str_sub(v, 1, v.n) : v;
}

int version_order(str a, str b)
{
    a = bare(a);
    b = bare(b);
    while (a.n && b.n) {
        bool an, bn, ah = starts_hyphen(a), bh = starts_hyphen(b);
        str was_a = a, was_b = b, x = run_of(&a, &an), y = run_of(&b, &bn);
        if (!x.n || !y.n)
            return x.n ? longer(was_a, ah) : y.n ? -longer(was_b, bh) : 0;
        if (ah != bh && (!an || !bn)) /* 1.0-rc against 1.0.1 */
            return ah ? -1 : 1;
        if (an != bn)
            return an ? 1 : -1; /* 1.0.1 is after 1.0.rc */
        int c = an ? number_order(x, y) : str_cmp(x, y);
        if (c)
            return c < 0 ? -1 : 1;
    }
    return a.n ? longer(a, starts_hyphen(a)) : b.n ? -longer(b, starts_hyphen(b)) : 0;
}

bool span_holds(const struct span *s, str version)
{
    if (s->is.n)
        return version.n && version_order(version, s->is) == 0;
    if (!version.n) /* nobody knows: it may */
        return true;
    if (s->from.n && !str_eq(s->from, STR("0")) && version_order(version, s->from) < 0)
        return false;
    if (s->fixed.n)
        return version_order(version, s->fixed) < 0;
    return !s->last.n || version_order(version, s->last) <= 0;
}

bool vuln_hits(const struct vuln *v, const struct part *p, str *ret_fixed)
{
    bool hit = false;
    *ret_fixed = STR_NONE;
    for (size_t i = 0; i < v->n_spans; i++) {
        const struct span *s = &v->spans[i];
        bool mine = s->key.n && (str_eq(s->key, p->keys[0]) || str_eq(s->key, p->keys[1]));
        if (!mine || !span_holds(s, p->version))
            continue;
        hit = true;
        if (s->fixed.n)
            *ret_fixed = s->fixed;
    }
    return hit;
}

/* ---- CVSS 3 (https://www.first.org/cvss/v3.1/specification-document, section 7) ---- */

static char metric(str vector, const char *name)
{
    str part;
    while (str_take_until(&vector, '/', &part)) {
        size_t n = strlen(name);
        if (part.n == n + 2 && str_starts(part, str_of(name)) && part.p[n] == ':')
            return part.p[n + 1];
    }
    return 0;
}

/* The weight that stands for the letter; below 0: none does. */
static double weight(str vector, const char *name, const char *letters, const double *of)
{
    char c = metric(vector, name);
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? of[at - letters] : -1;
}

static double round_up(double v)
{
    long n = lround(v * 100000), tenths = n / 10000 + (n % 10000 != 0);
    return (double)tenths / 10;
}

double cvss3_score(str vector)
{
    static const double av[] = {0.85, 0.62, 0.55, 0.2}, ac[] = {0.77, 0.44}, ui[] = {0.85, 0.62},
                        cia[] = {0.56, 0.22, 0}, pr[] = {0.85, 0.62, 0.27},
                        changed[] = {0.85, 0.68, 0.5};
    if (!str_starts(vector, STR("CVSS:3.")))
        return 0;
    char scope = metric(vector, "S");
    double v[] = {weight(vector, "AV", "NALP", av),
                  weight(vector, "AC", "LH", ac),
                  weight(vector, "PR", "NLH", scope == 'C' ? changed : pr),
                  weight(vector, "UI", "NR", ui),
                  weight(vector, "C", "HLN", cia),
                  weight(vector, "I", "HLN", cia),
                  weight(vector, "A", "HLN", cia)};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        if (v[i] < 0 || (scope != 'C' && scope != 'U'))
            return 0;
    double iss = 1 - (1 - v[4]) * (1 - v[5]) * (1 - v[6]);
    double impact = scope == 'C' ? 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15) : 6.42 * iss;
    double easy = 8.22 * v[0] * v[1] * v[2] * v[3];
    if (impact <= 0)
        return 0;
    double sum = scope == 'C' ? 1.08 * (impact + easy) : impact + easy;
    return round_up(sum < 10 ? sum : 10);
}

const char *cvss_severity(double score)
{
    return score >= 9   ? "critical"
           : score >= 7 ? "high"
           : score >= 4 ? "medium"
           : score > 0  ? "low"
                        : "";
}
