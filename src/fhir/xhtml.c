/* The basic check of Narrative.div (https://hl7.org/fhir/R4/narrative.html): one well-formed <div>
 * with the XHTML name space, only the elements and attributes that may stand in a narrative, no
 * script, no events, no addresses that run something, something to see. Not an XML parser: it
 * accepts exactly the narrow language above. Invariant: depth is capped, one pass, no allocation.
 */
#include "fhir_int.h"

#define OPEN_MAX 64u
#define ATTRIBUTES_MAX 32u

struct scan {
    str in; /* what is left */
    str open[OPEN_MAX];
    size_t depth;
    bool rooted, spaced, seen;
};

/* Attributes of one tag. */
struct seen {
    str names[ATTRIBUTES_MAX];
    size_t n;
};

static const char elements[] =
    " a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd dfn div dl "
    "dt"
    " em h1 h2 h3 h4 h5 h6 hr i img ins del kbd li map area ol p pre q samp small span strong sub"
    " sup table tbody td tfoot th thead tr tt u ul var ";
static const char attributes[] =
    " abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff cite class"
    " color colspan compact coords datetime dir frame headers height href hreflang hspace id lang"
    " name noshade nowrap rel rev rowspan rules scope shape span src start style summary tabindex"
    " target title type usemap valign value vspace width xml:lang xml:space xmlns ";

static bool listed(const char *list, str word)
{
    for (const char *at = list; word.n && (at = strstr(at, " ")) && at[1]; at++)
        if (strncmp(at + 1, word.p, word.n) == 0 && at[1 + word.n] == ' ')
            return true;
    return false;
}

static void skip(struct scan *s, size_t n)
{
    s->in = str_sub(s->in, n, s->in.n);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void spaces(struct scan *s)
{
    size_t n = 0;
    while (n < s->in.n && is_space(s->in.p[n]))
        n++;
    skip(s, n);
}

static bool name_char(char c)
{
    char low = (char)(c | 32);
    return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '-' || c == '_';
}

static str name(struct scan *s)
{
    size_t n = 0;
    while (n < s->in.n && name_char(s->in.p[n]))
        n++;
    str word = str_sub(s->in, 0, n);
    skip(s, n);
    return word;
}

/* "&name;" or "&#n;" at the front. */
static bool entity(str s)
{
    size_t end = str_find_char(str_sub(s, 0, 32), ';', 1);
    if (end == SIZE_MAX || end < 2)
        return false;
    for (size_t i = s.p[1] == '#' ? 2 : 1; i < end; i++)
        if (!name_char(s.p[i]) || s.p[i] == ':')
            return false;
    return true;
}

/* Relative, or one of the schemes that only fetch or address. */
static bool address_ok(str s, bool image)
{
    static const char *const fine[] = {
        "http:", "https:", "mailto:", "tel:", "urn:", "cid:", "ftp:"};
    s = str_trim(s);
    size_t stop = 0;
    while (stop < s.n && !strchr(":/?#&%\\", s.p[stop]) && (uint8_t)s.p[stop] > 32)
        stop++;
    if (stop == s.n || strchr("/?#", s.p[stop]))
        return true;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (str_eq_nocase(str_sub(s, 0, stop + 1), str_of(fine[i])))
            return true;
    return image && str_starts(s, STR("data:image/")) && !str_starts(s, STR("data:image/svg"));
}

static bool style_ok(str s)
{
    static const char *const bad[] = {"\\",     "&",      "url",     "expression",
                                      "import", "script", "behavior"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t at = 0; at + strlen(bad[i]) <= s.n; at++)
            if (str_eq_nocase(str_sub(s, at, at + strlen(bad[i])), str_of(bad[i])))
                return false;
    return true;
}

static const char *attribute_value(struct scan *s, str element, str attribute, str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] == '<' || (value.p[i] == '&' && !entity(str_sub(value, i, value.n))))
            return "an attribute holds a bare < or &";
    if (str_eq(attribute, STR("xmlns"))) {
        s->spaced = true;
        return str_eq(value, STR("http://www.w3.org/1999/xhtml")) ? NULL
                                                                  : "a name space is not XHTML's";
    }
    bool image = str_eq(element, STR("img"));
    s->seen |= image;
    bool address = str_eq(attribute, STR("href")) || str_eq(attribute, STR("src")) ||
                   str_eq(attribute, STR("cite"));
    if (address && !address_ok(value, image))
        return "a link's address is of a kind that is not allowed";
    if (str_eq(attribute, STR("style")) && !style_ok(value))
        return "a style may not load or run anything";
    return NULL;
}

/* One name="value"; NULL when fine. */
static const char *attribute(struct scan *s, str element, struct seen *seen)
{
    str word = name(s);
    if (!word.n)
        return "a tag is broken";
    for (size_t i = 0; i < seen->n; i++)
        if (str_eq(seen->names[i], word))
            return "an attribute stands twice";
    if (seen->n == ATTRIBUTES_MAX)
        return "a tag has too many attributes";
    seen->names[seen->n++] = word;
    if (!listed(attributes, word))
        return "an attribute is not allowed in a narrative (events and form controls never are)";
    spaces(s);
    if (!str_starts(s->in, STR("=")))
        return "an attribute has no value";
    skip(s, 1);
    spaces(s);
    char quote = s->in.n ? s->in.p[0] : 0;
    size_t end = quote == '"' || quote == '\'' ? str_find_char(s->in, quote, 1) : SIZE_MAX;
    if (end == SIZE_MAX)
        return "an attribute's value is not in quotes";
    str value = str_sub(s->in, 1, end);
    skip(s, end + 1);
    return attribute_value(s, element, word, value);
}

static const char *open_tag(struct scan *s)
{
    skip(s, 1);
    str word = name(s);
    struct seen seen = {.n = 0};
    if (!listed(elements, word))
        return "an element is not allowed in a narrative";
    if (s->depth == 0 && (s->rooted || !str_eq(word, STR("div"))))
        return "it must be one <div>";
    s->rooted = true;
    for (;;) {
        size_t before = s->in.n;
        spaces(s);
        bool empty = str_starts(s->in, STR("/>"));
        if (empty || str_starts(s->in, STR(">"))) {
            skip(s, empty ? 2 : 1);
            if (!s->spaced)
                return "the <div> lacks xmlns=\"http://www.w3.org/1999/xhtml\"";
            if (empty)
                return NULL;
            if (s->depth == OPEN_MAX)
                return "its elements are nested too deeply";
            s->open[s->depth++] = word;
            return NULL;
        }
        if (before == s->in.n)
            return "a tag is broken";
        const char *fault = attribute(s, word, &seen);
        if (fault)
            return fault;
    }
}

static const char *close_tag(struct scan *s)
{
    skip(s, 2);
    str word = name(s);
    spaces(s);
    if (!str_starts(s->in, STR(">")) || s->depth == 0 || !str_eq(s->open[s->depth - 1], word))
        return "its tags do not match; close every element that is opened";
    skip(s, 1);
    s->depth--;
    return NULL;
}

static const char *markup(struct scan *s)
{
    if (str_starts(s->in, STR("</")))
        return close_tag(s);
    if (!str_starts(s->in, STR("<!--")))
        return open_tag(s);
    size_t end = str_find(s->in, STR("-->"), 4);
    if (end == SIZE_MAX)
        return "a comment is not closed";
    skip(s, end + 3);
    return NULL;
}

const char *fhir_xhtml_fault(str div)
{
    struct scan s = {.in = str_trim(div)};
    while (s.in.n) {
        const char *fault = NULL;
        char c = s.in.p[0];
        if (c == '<') {
            fault = markup(&s);
        } else if (s.depth == 0) {
            fault = "it must be one <div> and nothing else";
        } else {
            s.seen |= (uint8_t)c > 32;
            if (c == '&' && !entity(s.in))
                fault = "it holds a bare &; write &amp;";
            skip(&s, 1);
        }
        if (fault)
            return fault;
    }
    if (s.depth || !s.rooted)
        return "its tags do not match; close every element that is opened";
    return s.seen ? NULL : "there is nothing to see in it";
}
