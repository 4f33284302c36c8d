#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

/* A larger array takes the place of one that readers look at, when index needs it: copied without the lock,
 * which is held for the swap alone. What is new in it is zero. *room: how many entries it has place for,
 * width: bytes of each; least: how many the first one gets. Engine thread only. False: out of memory. */
bool grow_apart(struct model *model, void **array, uint32_t *room, size_t width, uint32_t index,
                uint32_t least);
