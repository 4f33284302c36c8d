#pragma once

#include "hub/hub_private.h"

/* What a commit brought, told to all whose filter it passes; and who may no longer see. On the hub's thread.
 */

/* Tells everybody what the batch holds. */
void tell_batch(struct hub *hub, const struct live_batch *batch);

/* Ends the streams of those who may no longer see what they see; before anything is told that happened after
 * that. */
void tell_rights(struct hub *hub);

/* The same for one. False: it may not, and is told so. */
bool tell_right(struct subscriber *stream);
