#include "model/grow_apart.h"

#include <stdlib.h>
#include <string.h>

#include "model/model_private.h"

bool grow_apart(struct model *model, void **array, uint32_t *room, size_t width, uint32_t index,
                uint32_t least)
{
    if (index < *room)
        return true;
    uint32_t more = *room ? *room : least;
    while (more <= index)
        more *= 2;
    void *next = calloc(more, width); /* a large one's pages are zeroed as they are touched */
    if (!next)
        return false;
    if (*room)
        memcpy(next, *array, *room * width);
    (void)pthread_rwlock_wrlock(&model->lock); /* cannot fail: not held */
    void *before = *array;
    *array = next;
    *room = more;
    (void)pthread_rwlock_unlock(&model->lock); /* held above */
    free(before);
    return true;
}
