#include "base/text.h"

bool text_in_list(const char *list, const char *separators, const char *word)
{
    size_t size = word ? strlen(word) : 0;

    for (const char *at = list; at && size && (at = strstr(at, word)); at++)
        if ((at == list || strchr(separators, at[-1])) && (!at[size] || strchr(separators, at[size])))
            return true;
    return false;
}
