/* Inside of the api room: one call (a request being answered), the route table, the helpers that
 * every handler uses. A handler returns OK with the answer written, or an error told in call.op. */
#ifndef WEFT_API_INT_H
#define WEFT_API_INT_H

#include "api/api.h"
#include "base/language.h"
#include "base/log.h"
#include "base/uuid.h"
#include "identity/oauth.h"
#include "net/net.h"
#include "routes_gen.h"

#include <stdatomic.h>

#define ANSWER_MAX (512u << 20)
#define FHIR_JSON "application/fhir+json; charset=utf-8"
#define FHIR_XML "application/fhir+xml; charset=utf-8"

/* Who may call: see spec/routes.csv. */
enum auth { AUTH_NONE, AUTH_BEARER, AUTH_FRESH, AUTH_COOKIE };
enum kind { KIND_FHIR, KIND_JSON, KIND_TEXT, KIND_PAGE, KIND_LIVE };

enum segment_kind {
    SEGMENT_LITERAL,
    SEGMENT_TYPE,
    SEGMENT_ID,
    SEGMENT_VID,
    SEGMENT_WITHIN, /* a type or * of a compartment, in call.rest */
    SEGMENT_REST
};
struct segment {
    enum segment_kind kind;
    str text;
};
#define STR_CONST(lit)                                                                             \
    {                                                                                              \
        (lit), sizeof(lit) - 1                                                                     \
    }

struct route {
    const char *name, *path;
    struct segment segments[6];
    enum net_method method;
    unsigned n_segments;
    err (*handle)(struct call *c);
    const char *interaction, *except, *doc;
    const unsigned char *params; /* in api_route_params */
    unsigned n_params;
    enum auth auth;
    enum net_run run;
    bool memory; /* inline, and asks the record nothing: never waits */
    enum kind kind;
};
extern const struct route api_routes[ROUTE_COUNT];
/* What is compared first: of most rows four bytes are all that is read. */
struct route_sieve {
    unsigned char fixed, open, hints[2]; /* of the first segments; 0: a variable, or none */
};
extern const struct route_sieve api_route_sieve[ROUTE_COUNT];
/* What routes take in their address, beside the search parameters of a type. */
struct route_param {
    const char *name, *example, *doc;
};
extern const struct route_param api_route_params[];
extern const unsigned api_route_param_count;

enum format { FORMAT_NONE, FORMAT_JSON, FORMAT_XML, FORMAT_ANY };
struct media {
    str name; /* without parameters */
    enum format format;
    unsigned weight; /* q, in thousandths */
    bool other_charset;
};

enum prefer_return { RETURN_REPRESENTATION, RETURN_MINIMAL, RETURN_OUTCOME, RETURN_DEFAULT };

struct call {
    struct api *api;
    struct net_request *rq;
    struct op op;
    const struct route *route; /* NULL: none fits */
    str type_name, id, vid, rest;
    fhir_type type;
    struct identity_account account;
    str token;                  /* of the session, as it came */
    bool cookie;                /* it came as one */
    uint64_t feed;              /* how far the record was then: a page listens from there */
    str base;                   /* base_url(), once it was asked */
    str query;                  /* without _format and _pretty */
    const struct fhir_query *q; /* of a search by GET */
    enum prefer_return prefer;
    bool lenient, pretty;
    bool late;          /* admitted where it is handled, not at the door */
    bool sealed;        /* the search came in a body: its links do not show it */
    bool json_patch;    /* the body of a PATCH is one */
    enum format wanted; /* by _format or Accept */
    bool xml;           /* the answer goes out as XML */
    bool xml_body;      /* the request comes as XML */
    size_t unpacked;    /* bytes of api->unpacked that are this call's */
    str form_action;    /* a page with a form (oauth_page.c): where else it may lead */
};

#define LATENCY_BUCKETS 12u
struct route_metrics {
    atomic_uint_fast64_t by_class[6]; /* [status / 100] */
    atomic_uint_fast64_t buckets[LATENCY_BUCKETS + 1], sum_us, bytes;
};

struct listeners;
struct api {
    struct record *rec;
    struct identity *id;
    struct monitor *monitor;
    struct fleet *fleet;
    struct outreach *outreach;
    struct campaigns *campaigns;
    struct surveys *surveys;
    struct programmes *programmes;
    struct partners *partners;
    struct rules *rules;
    struct terms *terms;
    const struct config *config;
    struct net_http *http;
    struct listeners *live, *sublive;
    /* House-keeping; posted search parameters; jobs; versions of the rulebook. */
    struct net_ticker *ticker, *custom, *bulk, *due;
    atomic_bool stopping;
    struct arena *arena; /* process long */
    str url, web_dir;
    bool tls;
    bool fixed_url; /* public_url is set: links use it and not the Host header */
    struct {
        str body, gzip, etag;
        size_t *type_at; /* by fhir_type: where its object begins in body */
    } capability;
    struct route_metrics metrics[ROUTE_COUNT + 1]; /* the last: no route */
    atomic_int_fast64_t refusal_minute;
    atomic_uint refusals; /* written to the trail in that minute */
    int64_t started;
    atomic_size_t unpacked; /* bytes of bodies that came compressed, of files given out */
    atomic_bool open;       /* all parts are up */
};

/* route.c */
/* The row for a method and path, its variables set in c. ERR_NOT_FOUND, ERR_METHOD (Allow is set).
 */
MUST err route_find(struct call *c);

/* edge.c */
/* Refusals of who is not known go into the trail too, but a flood of them may not fill the disk:
 * false when this minute's are told. */
bool refusal_room(struct call *c);

/* negotiate.c */
MUST err negotiate(struct call *c);
/* Sets c->xml for what is answered before negotiate(): refusals at the door. */
void negotiate_format(struct call *c);
/* Value of a parameter of the query text, percent-decoded; false when absent. */
bool query_get(struct arena *a, str query, str name, str *ret);
str url_decode(struct arena *a, str s);

/* media.c */
/* ret may be NULL. */
enum format media_read(str value, struct media *ret);
/* By _format, else by Accept; FORMAT_NONE: none that this server has. */
enum format media_wanted(struct call *c);

/* xml.c */
/* The body as JSON. */
MUST err xml_in(struct call *c);
/* A JSON answer as XML. */
MUST err xml_out(struct call *c, str body, str *ret);

/* unpack.c */
/* The body as it was before Content-Encoding. */
MUST err unpack_body(struct call *c);
/* Counts n bytes as held until the call ends: all that is unpacked, and files that are given out,
 * have together the ceiling of the bodies that come plain. False, with the fault, past it. */
bool hold_bytes(struct call *c, size_t n);
/* form.c */
#define FORM_FIELDS_MAX 100u
struct form {
    str names[FORM_FIELDS_MAX], values[FORM_FIELDS_MAX];
    size_t n;
};
MUST err form_read(struct op *op, str body, struct form *ret);
/* Empty when there is no such field. */
str form_field(const struct form *f, str name);

/* search.c */
/* Reads the query of a search by GET and says where it may run: a short one on the server's own
 * thread, any other on one that is kept for long ones. */
MUST err search_begin(struct call *c, enum net_run *ret);

/* cookie.c */
/* The session token of the browser's cookie; empty when there is none, or two. */
str cookie_token(struct call *c);
/* Sets it in the answer; an empty token takes it away. */
void cookie_set(struct call *c, str token);
/* Does the request come from a page of ours, as far as the browser says? */
bool same_origin(const struct call *c);
/* May the cookie count for this request? ERR_FORBIDDEN. */
MUST err cookie_check(struct call *c, str token);

/* auth.c */
/* Does the body ask for a browser session? ERR_FORBIDDEN when a foreign page does. */
MUST err session_wanted(struct call *c, const struct json *in, bool *ret_cookie);
/* The same, and by what the body signs in; t is not checked. */
MUST err session_asked(struct call *c, struct json **ret_in, bool *ret_cookie,
                       struct identity_try *ret);
MUST err session_answer(struct call *c, const struct identity_session *s, bool cookie);
/* "Firefox, Linux": what people know their session by. */
str device_label(struct call *c);

/* answer.c */
struct buf answer_buf(struct call *c);
/* status and body with the kind's media type, no-store. */
MUST err answer(struct call *c, int status, struct buf *body);
MUST err answer_json(struct call *c, int status, const struct json *v);
/* 200 with a file to be saved under that name; nobody keeps a copy on the way. */
MUST err answer_file(struct call *c, str type, const char *name, str body);
/* op->fault as an OperationOutcome with the status of the error. */
void answer_error(struct call *c, err e);

/* language.c: what a person reads is said in their language. */
/* By Accept-Language; English where nothing of ours is asked for. */
enum language language_wanted(struct call *c);
/* A sentence of the server in that language; unchanged where it has no row. */
str language_say(struct op *op, enum language l, str text);
/* answer_json() of what has "clocks": what they ask, in the reader's language. */
MUST err answer_clocks(struct call *c, int status, struct json *o);
/* The fault as an OperationOutcome in the reader's language, with Content-Language. */
void language_outcome(struct call *c, struct buf *b);
/* ETag and Last-Modified of a stored version. */
void answer_version(struct call *c, uint32_t vid, int64_t updated);
void answer_header(struct call *c, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* What a write answers, by Prefer: representation, nothing or an outcome. */
MUST err answer_result(struct call *c, const struct record_result *r);
/* Writes head and body of a document, made pretty when asked. */
MUST err answer_doc(struct call *c, const struct record_doc *doc);
/* "http://host:port" for links, from configuration or the Host header. */
str base_url(struct call *c);
/* Is base_url() an address of ours: public_url, the one listened on, or this machine's? Else it is
 * what the caller says. */
bool host_known(struct call *c);
/* W/"3" or "3" to 3; empty header gives empty. ERR_INVALID. */
MUST err version_tag(struct call *c, const char *header, str *ret);
/* The JSON object of a small request body. */
MUST err body_object(struct call *c, struct json **ret);

/* csv.c: a cell; the last ends the line. */
void csv_cell(struct buf *b, str text, bool last);

/* write.c */
/* Conditions from address and headers into e (verb and content are set), then the record door.
 */
MUST err write_entry(struct call *c, struct fhir_entry *e, struct record_result *ret);

/* transaction.c */
/* The plan's new Observations come in by the monitor's intake, alone or with others. One that
 * cannot be taken spoils a transaction, of a batch its entry only. */
MUST err readings_take(struct call *c, struct fhir_plan *plan);

/* read.c */
/* By If-None-Match, else by If-Modified-Since (an HTTP date or, in a Bundle, an instant). */
bool answer_unmodified(str none, str since, const struct record_doc *doc);

/* bundle.c */
/* Behind the entries of a Bundle: what of them is shown in part, and what is kept, as far as it may
 * be named. */
void hidden_entry(struct call *c, struct buf *b, const struct record_page *page);
/* Is there anything to say, and the OperationOutcome that says it. */
bool hidden_any(const struct record_page *page);
void hidden_outcome(struct call *c, struct buf *b, const struct record_page *page);
MUST err bundle_search(struct call *c, struct buf *b, const struct fhir_query *q,
                       const struct record_page *page);
/* query: what was asked, at: the position it came with; for the links. */
void bundle_history(struct call *c, struct buf *b, str query, str at,
                    const struct record_page *page);
MUST err bundle_answers(struct call *c, struct buf *b, const struct fhir_plan *plan,
                        const struct record_answer *answers);

/* subset.c */
/* Of a read's address: _summary and _elements; *ret NULL when neither is there. */
MUST err subset_read(struct call *c, const struct fhir_query **ret);
/* The document with less in it, marked SUBSETTED. */
MUST err doc_subset(struct call *c, const struct fhir_query *q, const struct record_doc *doc,
                    struct buf *b);

/* custom.c */
struct buf;
void custom_tick(void *api);
/* rule_change.c: effective dates and ends of trials */
void rules_due(void *api);
/* The CapabilityStatement with the posted search parameters that are ready. */
MUST err custom_statement(struct call *c, struct buf *b, bool *ret_any);
/* capability.c */
const char *capability_param_type(const struct fhir_param *p);
MUST err capability_make(struct op *op, struct api *api);

/* "prefixes eq, ne …; modifiers :missing …": what a search parameter takes, as a sentence. */
str capability_says(struct op *op, const struct fhir_param *p);
/* A value that the parameter understands, percent-encoded. */
str capability_sample(struct op *op, const struct fhir_param *p);
/* The object of one type in rest.resource, as JSON text. */
str capability_of_type(const struct api *api, fhir_type type);

/* metrics.c */
void metrics_count(struct api *api, const struct route *route, int status, int64_t ns,
                   size_t bytes);

/* live.c, subscription_live.c: the threads of listeners.h */
void *live_run(void *listeners);
void *sublive_run(void *listeners);

/* cors.c */
/* Lets pages of approved apps' origins read the answer. */
void cors_headers(struct call *c);

/* edge.c */
extern const struct net_handler edge_handler;

#endif
