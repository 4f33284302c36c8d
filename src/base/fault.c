#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

enum rc fault_text(struct fault *fault, enum rc rc, const char *message, const char *format, ...)
{
    va_list list;

    (void)fault_set(fault, rc, NULL, message); /* its rc is the return value */
    va_start(list, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, list); /* cut is fine */
    va_end(list);
    return rc;
}
