/* The table behind err.h: one row a category, so that log name, HTTP status and FHIR issue code
 * cannot drift apart. Codes: http://hl7.org/fhir/R4/valueset-issue-type.html. */
#include "base/err.h"

static const struct err_row rows[] = {
    [OK] = {"ok", 200, "informational", false},
    [ERR_INVALID] = {"invalid", 400, "invalid", false},
    [ERR_UNPROCESSABLE] = {"unprocessable", 422, "processing", false},
    [ERR_UNAUTHENTICATED] = {"unauthenticated", 401, "login", false},
    [ERR_FORBIDDEN] = {"forbidden", 403, "forbidden", false},
    [ERR_NOT_FOUND] = {"not-found", 404, "not-found", false},
    [ERR_GONE] = {"gone", 410, "deleted", false},
    [ERR_CONFLICT] = {"conflict", 409, "conflict", false},
    [ERR_PRECONDITION] = {"precondition", 412, "conflict", false},
    [ERR_TOO_LARGE] = {"too-large", 413, "too-long", false},
    [ERR_TOO_COSTLY] = {"too-costly", 400, "too-costly", false},
    [ERR_UNSUPPORTED] = {"unsupported", 501, "not-supported", false},
    [ERR_METHOD] = {"method", 405, "not-supported", false},
    [ERR_MEDIA_TYPE] = {"media-type", 415, "not-supported", false},
    [ERR_BUSY] = {"busy", 429, "throttled", true},
    [ERR_UNAVAILABLE] = {"unavailable", 503, "transient", true},
    [ERR_TIMEOUT] = {"timeout", 504, "timeout", true},
    [ERR_FAULT] = {"fault", 500, "exception", false},
};
_Static_assert(sizeof rows / sizeof rows[0] == ERR_COUNT, "one row a category");

const struct err_row *err_row(err e)
{
    return &rows[(unsigned)e < ERR_COUNT ? e : ERR_FAULT];
}

bool err_passes(err e)
{
    return err_row(e)->retry || e == ERR_CONFLICT || e == ERR_PRECONDITION;
}
