#pragma once

#include "hub/hub_private.h"

/* Tokens looked at again once the keys changed. On the hub's thread; the looking is the workers'. */

/* The keys may have changed: every token is looked at again, by the workers. */
void recheck_start(struct hub *hub);
/* What a recheck still holds, once the workers are gone. Fine when none runs. */
void recheck_free(struct hub *hub);
