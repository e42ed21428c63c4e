/* A line of the trail taken apart: whatever the bytes, no slice leaves them, and what was
 * understood can be shown as a valid AuditEvent's parts. */
#include "record/record_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(str all, str part)
{
    return part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str entry = str_make((const char *)data, size);
    struct audit_line l;
    if (!audit_decode(entry, &l))
        return 0;
    const str parts[] = {l.user, l.reference, l.session, l.id, l.rule, l.code, l.detail};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!inside(entry, parts[i]))
            abort();
    if (l.n_patients > sizeof l.patients / sizeof *l.patients || audit_action_code(l.action).n > 1)
        abort();
    (void)audit_subtype_code(&l);
    return 0;
}
