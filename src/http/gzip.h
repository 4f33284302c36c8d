#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/fault.h"

/* Replaces buf by what it inflates to, at most max bytes. RC_TOO_LARGE: more; RC_INVALID: cut or damaged. */
MUST_CHECK enum rc gzip_inflate(struct buf *buf, size_t max, struct fault *fault);

/* Replaces buf by its gzip form. False: out of memory or no gain; buf is as it was. */
bool gzip_deflate(struct buf *buf);
