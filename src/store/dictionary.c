/* The compression dictionary of new stores (spec/store/fhir.dict, made by tools/train_dict.py),
 * embedded as it is. A store keeps the one it was made with, so this file may change freely. */
#include "store/store_int.h"

__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        "store_dictionary:\n"
        ".incbin \"store/fhir.dict\"\n"
        "store_dictionary_end:\n"
        ".popsection\n");

extern const char store_dictionary[] __attribute__((visibility("hidden")));
extern const char store_dictionary_end[] __attribute__((visibility("hidden")));

str pack_dictionary(void)
{
    return str_make(store_dictionary, (size_t)(store_dictionary_end - store_dictionary));
}
