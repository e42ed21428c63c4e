/* OperationOutcome of an operation's fault: one issue a problem, code from the one error table. */
#include "fhir_int.h"

static const char *const severities[] = {
    [SEVERITY_ERROR] = "error",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_INFORMATION] = "information",
};

static void issue(struct buf *b, const struct issue *i)
{
    buf_printf(b, "{\"severity\":\"%s\",\"code\":\"%s\",\"details\":{\"text\":",
               severities[i->severity], err_row(i->code)->issue_code);
    buf_json_string(b, str_empty(i->message) ? STR("No details") : i->message);
    buf_char(b, '}');
    if (!str_empty(i->expression)) {
        buf_add(b, STR(",\"expression\":["));
        buf_json_string(b, i->expression);
        buf_char(b, ']');
    }
    buf_char(b, '}');
}

void fhir_outcome_write(struct buf *b, const struct op *op)
{
    const struct fault *f = &op->fault;
    buf_add(b, STR("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
    for (size_t i = 0; i < f->n; i++) {
        if (i)
            buf_char(b, ',');
        issue(b, &f->issues[i]);
    }
    if (f->n == 0 && f->code == OK)
        issue(b, &(struct issue){.severity = SEVERITY_INFORMATION, .message = STR("All OK")});
    else if (f->n == 0)
        issue(b, &(struct issue){.code = f->code, .message = STR("The details are lost")});
    if (f->n && f->dropped) {
        buf_printf(
            b,
            ",{\"severity\":\"information\",\"code\":\"informational\",\"details\":{\"text\":"
            "\"%zu more problems are not listed; mend these first.\"}}",
            f->dropped);
    }
    buf_add(b, STR("]}"));
}
