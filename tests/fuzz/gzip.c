#include "world.h"

#include "http/gzip.h"

/* Compressed bodies. What begins with 'p' is packed here first, so that the inside is reached too. */

enum { MAX_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buf body = {0};
    struct fault fault = {NULL, NULL};
    bool packs = size && *bytes == 'p';

    buf_add(&body, (const char *)bytes + packs, size - packs);
    bool packed = packs && gzip_deflate(&body);
    enum rc rc = gzip_inflate(&body, MAX_BYTES, &fault);
    MUST(rc == RC_OK || rc == RC_INVALID || rc == RC_TOO_LARGE, "rc %d", (int)rc);
    MUST(rc != RC_OK || body.size <= MAX_BYTES, "%zu bytes", body.size);
    MUST(!packed || (rc == RC_OK && body.size == size - 1 && memcmp(body.bytes, bytes + 1, size - 1) == 0),
         "what was packed does not come back");
    buf_done(&body);
    return 0;
}
