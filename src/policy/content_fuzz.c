/* Any bytes as a message: every analysis ends, stays inside the text, and calls a keyword a stop.
 */
#include "policy/content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(64u << 20);
    struct op op;
    if (!arena)
        return 0;
    op_init(&op, arena, NULL, 0);
    str text = str_make((const char *)data, size);
    const str brand = STR("weft.example");
    struct sms_shape before, after;
    struct content_report report;
    struct reply reply;
    struct grade grade;
    content_sms_shape(text, &before);
    content_sms_shape(content_sms_plain(&op, text), &after);
    if (after.blockers > before.blockers || (before.characters > 0) != (before.segments > 0))
        __builtin_trap();
    content_grade(text, STR("en"), &grade);
    content_grade(text, STR("es"), &grade);
    content_grade(text, STR("ar"), &grade);
    (void)content_sender_neutral(text);
    if (content_reply(&op, text, &reply) && reply.keyword && reply.intent == REPLY_NONE)
        __builtin_trap();
    if (content_scan(&op, text, &brand, 1, &report)) {
        for (size_t i = 0; i < report.n_hits; i++)
            if (report.hits[i].at + report.hits[i].n > size)
                __builtin_trap();
        content_facts(&op, &report, facts_new(&op));
    }
    arena_free(arena);
    return 0;
}
