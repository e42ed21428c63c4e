/* Scopes of SMART App Launch 2.2 (hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html):
 * what an app was given of what its user's role may do. Pure; part of policy.h, which asks them on
 * every entry in addition to the role's row. A scope never widens. An actor without scopes (NULL)
 * is no app: its role alone counts. */
#ifndef WEFT_POLICY_SCOPE_H
#define WEFT_POLICY_SCOPE_H

#include "policy/policy.h"

#define SCOPES_MAX 32u        /* about resources, in one token */
#define SCOPES_TEXT_MAX 1024u /* bytes of all scopes of a token */
#define SCOPE_WORD_MAX 256u

enum scope_level { LEVEL_PATIENT, LEVEL_USER, LEVEL_SYSTEM };
enum scope_letter {
    LETTER_CREATE = 1, /* c */
    LETTER_READ = 2,   /* r: read, vread, history of one */
    LETTER_UPDATE = 4, /* u: update, patch */
    LETTER_DELETE = 8, /* d */
    LETTER_SEARCH = 16 /* s; what a search finds is shown with it */
};
struct scope {
    enum scope_level level;
    int type;         /* 0: every type */
    unsigned letters; /* of scope_letter; v1's read is rs, write is cud, * is all */
    str query;        /* "category=a|b,c|d": one parameter; empty: all of the type */
};
/* Strings point into what was parsed. */
struct scopes {
    str text;         /* what was parsed */
    uint64_t patient; /* resource number of the patient that patient/ scopes are about; 0: none */
    size_t n;
    struct scope at[SCOPES_MAX];
};

/* One word, "patient/Observation.rs?category=vital-signs". False for anything else, and for a
 * restriction of every type at once or of more than one parameter. */
bool scope_parse(str word, struct scope *ret);
/* Words with spaces between; what is not about resources (openid, launch …) is passed over. False
 * when there are more than SCOPES_MAX. */
bool scopes_parse(str text, struct scopes *ret);
/* Everything that scope a allows, scope b allows too. Levels are equal only to themselves. */
bool scope_within(const struct scope *a, const struct scope *b);
/* Narrows what the role's row allowed: refuses, or sets how a search is narrowed. who->scopes is
 * set and ret->allowed true. policy_access() has done it already. joint: narrow and confine each
 * give a part of a search, policy_scope_holds() is asked of every hit; beside: all of confine is
 * one. */
void policy_scope(const struct actor *who, const struct access_request *request,
                  struct access_verdict *ret);
/* Does a scope give the action on this very document (patient, scopes_held of the request)? Of a
 * search, too. Says nothing of the role. */
bool policy_scope_holds(const struct actor *who, const struct access_request *request);
/* Holds nothing of any patient: readable beside a patient/ scope, wherever it lives. */
bool policy_type_shared(int type);

#endif
