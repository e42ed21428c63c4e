/* The api room: the only way in from outside. Route table (spec/routes.csv), FHIR REST, sign-in,
 * live events, messages, metrics and the embedded web apps, over the net room's server. Each
 * handler is a short row of calls into the rooms below; nothing is decided here. */
#ifndef WEFT_API_H
#define WEFT_API_H

#include "base/config.h"
#include "fleet/fleet.h"
#include "identity/identity.h"
#include "monitor/monitor.h"
#include "outreach/outreach.h"
#include "partners/partners.h"
#include "programme/programme.h"
#include "rules/rules.h"
#include "survey/survey.h"
#include "terms/terms.h"

struct api_options {
    struct record *rec;
    struct identity *id;
    struct monitor *monitor;     /* may be NULL: its routes answer 501 */
    struct fleet *fleet;         /* likewise */
    struct outreach *outreach;   /* may be NULL likewise */
    struct campaigns *campaigns; /* likewise */
    struct surveys *surveys;     /* likewise */
    struct programmes *programmes;
    struct partners *partners; /* likewise */
    struct rules *rules;       /* likewise */
    struct terms *terms;       /* likewise */
    const struct config *config;
    str web_dir; /* serve the web apps from this folder (development); empty: the embedded ones */
};
struct api;
/* Listens as the configuration says and serves until api_stop(). The rooms must outlive it. Errors
 * as net_http_start(). */
MUST err api_start(struct op *op, const struct api_options *o, struct api **ret);
/* Address to open in a browser, e.g. "http://127.0.0.1:8080". */
str api_url(const struct api *api);
/* Ends the live streams, waits up to ms for requests under way, closes. NULL allowed. False: a
 * request is still at work long after (a disk that hangs); the rooms must stay, or the process end.
 */
bool api_stop(struct api *api, int64_t ms);

#endif
