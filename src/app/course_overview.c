#include "app/course_overview.h"

struct course_overview course_overview(struct view view, uint32_t course, int32_t today)
{
    const struct course_sums *sums = view_course_sums(view, course);
    struct course_facts facts = view_course_facts(view, course);
    struct course_figures figures = course_sums_figures(sums, &facts, today);

    return (struct course_overview){
        .enrolments = figures.total,
        .completed = figures.completed,
        .average_hundredths =
            rounded_ratio(figures.completed_required, 10000, figures.total * facts.required),
        .last_activity_ms = figures.last_activity_ms,
    };
}
