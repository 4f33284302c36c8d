#include "face/cursor.h"

#include <string.h>

#include "base/ident.h"

bool cursor_read(const char *text, int64_t *out, int count)
{
    for (int i = 0; i < count; i++, text++) {
        size_t size = strcspn(text, "."), sign = *text == '-'; /* instants may lie before 1970 */
        if (!ident_integer(text + sign, size - sign, &out[i]))
            return false;
        out[i] = sign ? -out[i] : out[i];
        text += size;
        if (*text != (i + 1 < count ? '.' : '\0'))
            return false;
    }
    return true;
}
