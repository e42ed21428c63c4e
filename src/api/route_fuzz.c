/* Addresses as peers may send them, through the route table and the decoders of queries and forms.
 */
#include "api/api_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(16u << 20);
    if (!a || size == 0) {
        arena_free(a);
        return 0;
    }
    str text = str_make((const char *)data + 1, size - 1);
    size_t mark = str_find_char(text, '?', 0);
    struct net_request rq = {.arena = a,
                             .method = (enum net_method)(data[0] % (NET_OTHER + 1)),
                             .path = str_sub(text, 0, mark),
                             .query =
                                 mark == SIZE_MAX ? STR_NONE : str_sub(text, mark + 1, SIZE_MAX)};
    struct call c = {.rq = &rq};
    str value;
    op_init(&c.op, a, NULL, 0);
    err e = route_find(&c);
    if (e == OK ? !c.route && rq.method != NET_OPTIONS : c.op.fault.n == 0)
        __builtin_trap();
    if (query_get(a, rq.query, STR("name"), &value) && value.n > rq.query.n)
        __builtin_trap();
    arena_free(a);
    return 0;
}
