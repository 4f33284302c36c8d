#pragma once

/* What is known by an id and a number: a learner, a course, an item of content. The order is that of the
 * store's files and of exports: never change it. */
enum entity { ENTITY_LEARNER, ENTITY_COURSE, ENTITY_ITEM, ENTITIES };
