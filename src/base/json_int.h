/* What the JSON files of base share: how deep a tree may be, and room for one more. */
#ifndef WEFT_BASE_JSON_INT_H
#define WEFT_BASE_JSON_INT_H

#include "base/json.h"

/* Trees deeper than this are refused by the reader and the writer: the walks recurse. */
#define JSON_DEPTH_MAX 256u

#endif
