/* A large JSON document, an entry at a time. */
#ifndef WEFT_API_JSON_ITEMS_H
#define WEFT_API_JSON_ITEMS_H

#include "base/str.h"

#define JSON_ITEM_MAX ((size_t)8 << 20)

struct json_items {
    /* line: where the entry begins. False ends it. */
    bool (*fn)(void *ctx, str item, uint64_t line);
    void *ctx;
    uint64_t line;     /* 1 at the start */
    const char *wrong; /* NULL; "" when fn ended it */
    /* its own: */
    char *buf;
    size_t n, cap;
    unsigned depth, level; /* level: where entries lie; 0: the document is one */
    uint64_t from;
    bool open, string, escape, rest;
};
bool json_items_add(struct json_items *s, str chunk);
/* Was that all of it? */
bool json_items_end(struct json_items *s);
void json_items_free(struct json_items *s);

#endif
