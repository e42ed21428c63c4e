/* Between the oauth_*.c files of the api room. */
#ifndef WEFT_OAUTH_API_INT_H
#define WEFT_OAUTH_API_INT_H

#include "api/api_int.h"

/* A fault with an OAuth code as the JSON of RFC 6749 5.2; others stay what they are. */
err oauth_error(struct call *c, err e);
/* The body's form; a parameter that comes twice is refused ("s", the ticked scopes, is a list). */
MUST err oauth_form(struct call *c, struct form *ret);

/* oauth_authorize.c: the launch of a page's handle and this browser's cookie. */
MUST err oauth_launch_of(struct call *c, str handle, struct oauth_launch *ret);

/* The cookie that binds a launch to its browser. */
str launch_cookie(struct call *c);
void launch_cookie_set(struct call *c, str browser);
/* 303, not kept. */
err oauth_go(struct call *c, str url);

/* oauth_words.c */
enum oauth_word {
    W_SIGN_IN,
    W_FOR_APP,
    W_USER,
    W_PASSWORD,
    W_CODE,
    W_CODE_HINT,
    W_NEXT,
    W_PATIENT,
    W_WHOSE,
    W_NO_SHARE,
    W_NAME,
    W_SEARCH,
    W_NOBODY,
    W_BORN,
    W_VISIT,
    W_NO_VISIT,
    W_WANTS,
    W_ASKS,
    W_ABOUT_ONE,
    W_ABOUT_ALL,
    W_SEE,
    W_ADD,
    W_CHANGE,
    W_DELETE,
    W_ONLY,
    W_WHO,
    W_EMAIL,
    W_WHO_ELSE,
    W_STAY,
    W_STAY_ONLINE,
    W_ALLOW,
    W_DENY,
    W_LATER,
    W_STOPPED,
    W_ALL_TYPES,
    W_OUTSIDE,
    W_OPEN,
    W_COUNT
};
const char *oauth_word(enum language l, enum oauth_word w);
/* What people call a type of resource; its name where there is no word. */
str oauth_type_word(enum language l, int type);
enum language oauth_language_of(struct call *c, const struct oauth_launch *l);

/* oauth_page.c: pages without script. why: of a refused step, or empty. */
MUST err oauth_page(struct call *c, const struct oauth_launch *l, str why, str asked);
MUST err oauth_page_stopped(struct call *c, str why);
/* What of c's form action the launch may lead to: the origin of its redirect address. */
str oauth_origin_of(str address);

#endif
