/* What may come over the socket in the data folder: a job that is taken is packed again the same.
 */
#include "api/cli.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(16u << 20);
    struct cli_job job = {0};
    if (!a)
        return 0;
    str in = arena_str(a, str_make((const char *)data, size));
    if (size < CONTROL_MESSAGE_MAX && control_unpack(in, &job)) {
        struct cli_job again = {0};
        str out = control_pack(a, &job);
        if (!out.p || !control_unpack(out, &again) || strcmp(again.verb, job.verb) != 0)
            __builtin_trap();
        for (int i = 0; i < CLI_WORDS; i++)
            if (!again.words[i] != !job.words[i] ||
                (job.words[i] && strcmp(again.words[i], job.words[i]) != 0))
                __builtin_trap();
    }
    arena_free(a);
    return 0;
}
