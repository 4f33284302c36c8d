#pragma once

#include "cli/oulad/oulad_table.h"

/* What the rows of each file say: checked, and put into the dataset. Private to oulad*.c. Read them in this
 * order, since later ones name what earlier ones list. */
extern const struct oulad_file_kind oulad_courses, oulad_sites, oulad_assessments, oulad_students,
    oulad_registrations, oulad_submissions, oulad_clicks;

/* For qsort and bsearch: struct oulad_learner by id. */
int oulad_by_learner(const void *a, const void *b);

/* Appends; abort when out of memory, as nothing is imported yet. */
void oulad_add_item(struct oulad_course *course, struct oulad_item item);

/* Appends a step; aborts when out of memory, as oulad_add_item does. */
void oulad_add_step(struct oulad_course *course, struct oulad_step step);
