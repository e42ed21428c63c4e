/* A job of the command line as bytes between two processes on one machine, and back.
 * Invariant: what control_unpack() accepts is whole, and every word of it ends in NUL. */
#include "api/cli.h"
#include "base/buf.h"

/* verb, then for each word a byte that says whether it was given, and the word. All end in NUL. */
str control_pack(struct arena *a, const struct cli_job *job)
{
    struct buf b;
    buf_init(&b, a, CONTROL_MESSAGE_MAX);
    buf_add(&b, str_of(job->verb));
    buf_u8(&b, 0);
    for (int i = 0; i < CLI_WORDS; i++) {
        buf_u8(&b, job->words[i] ? '+' : '-');
        buf_add(&b, str_of(job->words[i]));
        buf_u8(&b, 0);
    }
    return buf_ok(&b) ? buf_str(&b) : STR_NONE;
}

bool control_unpack(str in, struct cli_job *ret)
{
    for (int i = -1; i < CLI_WORDS; i++) {
        size_t end = str_find_char(in, 0, 0);
        if (end == SIZE_MAX || (i >= 0 && end == 0))
            return false;
        if (i < 0)
            ret->verb = in.p;
        else
            ret->words[i] = in.p[0] == '+' ? in.p + 1 : NULL;
        in = str_sub(in, end + 1, in.n);
    }
    return str_empty(in);
}
