/* The one list of error categories; every row of the table in err.c has an HTTP status, a FHIR
 * issue code (http://hl7.org/fhir/issue-type) and whether trying again can help. */
#ifndef WEFT_BASE_ERR_H
#define WEFT_BASE_ERR_H

#include "base/str.h"

#define MUST __attribute__((warn_unused_result))

typedef enum err {
    OK = 0,
    ERR_INVALID,         /* 400 invalid: malformed request or parameter */
    ERR_UNPROCESSABLE,   /* 422 well-formed, but breaks a rule of the content */
    ERR_UNAUTHENTICATED, /* 401 login */
    ERR_FORBIDDEN,       /* 403 forbidden */
    ERR_NOT_FOUND,       /* 404 not-found */
    ERR_GONE,            /* 410 deleted */
    ERR_CONFLICT,        /* 409 conflict */
    ERR_PRECONDITION,    /* 412 conflict */
    ERR_TOO_LARGE,       /* 413 too-long */
    ERR_TOO_COSTLY,      /* 403 too-costly: narrow the request */
    ERR_UNSUPPORTED,     /* 501 not-supported */
    ERR_METHOD,          /* 405 not-supported: the method is not one of the route's */
    ERR_MEDIA_TYPE,      /* 415 not-supported: media type */
    ERR_BUSY,            /* 429 throttled; try again */
    ERR_UNAVAILABLE,     /* 503 transient; try again */
    ERR_TIMEOUT,         /* 504 timeout; try again */
    ERR_FAULT,           /* 500 exception: ours */
    ERR_COUNT
} err;

struct err_row {
    const char *name;       /* "invalid" … for logs */
    int http;               /* status */
    const char *issue_code; /* FHIR IssueType */
    bool retry;
};

/* Never NULL; an unknown value gives the ERR_FAULT row. */
const struct err_row *err_row(err e);
/* It passes when it is tried again: the row says so, or somebody else was quicker. */
bool err_passes(err e);

#endif
