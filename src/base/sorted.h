#pragma once

#include <stddef.h>

/* Looking things up in sorted arrays.
 *
 * The first index below count for which `before`, an expression of the index i, does not hold; count when it
 * holds for all. What it holds for stands before what it does not hold for.
 */
#define sorted_place(i, count, before)                                                                       \
    ({                                                                                                       \
        size_t low_ = 0, high_ = (count);                                                                    \
        while (low_ < high_) {                                                                               \
            size_t i = low_ + (high_ - low_) / 2;                                                            \
            if (before)                                                                                      \
                low_ = i + 1;                                                                                \
            else                                                                                             \
                high_ = i;                                                                                   \
        }                                                                                                    \
        low_;                                                                                                \
    })
