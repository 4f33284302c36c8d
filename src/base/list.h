#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Growing arrays. A list is any struct with the members `type *at; uint32_t count, capacity;`: at[0] to
 * at[count - 1] are its entries, and all of it zero is an empty list. It owns the array. One thread at a
 * time.
 */

/* Room for that many more entries. False: out of memory, and the list is as it was. */
#define list_reserve(list, more)                                                                             \
    list_grow(&(list)->at, sizeof *(list)->at, (list)->count, &(list)->capacity, (more))

/* Appends one entry. False: out of memory, and the list is as it was. */
#define list_add(list, ...) (list_reserve((list), 1) && ((list)->at[(list)->count++] = (__VA_ARGS__), true))

/* Frees the array: the list is empty again. */
#define list_done(list) (free((list)->at), (list)->at = NULL, (void)((list)->count = (list)->capacity = 0))

/* Behind list_reserve: at is the address of the array's pointer, width the bytes of an entry. Doubles, so
 * that appending is constant on average. */
bool list_grow(void *at, size_t width, uint32_t count, uint32_t *capacity, size_t more);

/* Sorts count entries of width bytes; of those that compare as equal the first stays. Returns how many are
 * left. */
uint32_t list_sort_unique(void *at, uint32_t count, size_t width, int (*compare)(const void *, const void *));
