/* Force-included into every C file (-include): libc calls that lose bounds, locale or threads.
 * Use the base/ room instead. */
#ifndef WEFT_BASE_BANNED_H
#define WEFT_BASE_BANNED_H

/* Pull the declarations in before poisoning the names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef alloca

#pragma GCC poison strcpy strcat sprintf vsprintf strtok strtok_r gets sscanf fscanf scanf vsscanf
#pragma GCC poison atoi atol atoll atof gmtime localtime ctime asctime strncpy strncat alloca      \
    tmpnam mktemp

#endif
