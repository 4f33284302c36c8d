#pragma once

#include "face/face.h"

/* What pts shows of a course or video beyond progress: the catalogue's title, else the CMS's, else
 * (mock_data) an invented one, else the placeholder. What must be asked first is looked for before anything
 * is encoded. Source: contract 2, Titles and durations, CMS. */

enum { TITLES_WANTED_MAX = 64 }; /* asked for one request; the rest show placeholders until they are known */

struct titles {
    struct request *request;
    struct arena *arena; /* where texts go */
    bool asked;          /* everything wanted has been asked: do not ask again */
    int wanted_count;
    struct wanted {
        bool course;
        const char *id;
    } wanted[TITLES_WANTED_MAX];
    atomic_int open; /* questions under way */
};

/* The request's titles, made on first use; NULL: out of memory. */
struct titles *titles_of(struct request *request);

struct title {
    const char *text;
    int64_t duration_ms; /* the catalogue's, else the CMS's or invented; 0: unknown, or there is neither CMS
                          * nor mock_data: the document's own answer has no duration */
    bool mock;
};

/* Notes what has to be asked; key may be 0 (unknown to the catalogue). Under the model's lock, like the next.
 */
void titles_want(struct titles *titles, struct view view, bool course, uint32_t key, const char *id);

/* What there is to show by now. */
struct title titles_look(struct titles *titles, struct view view, bool course, uint32_t key, const char *id);

/* When something is wanted: asks for all of it, with the request suspended, and calls again (on a server
 * thread) when it is known; true. Else false. */
bool titles_fetch(struct titles *titles, void (*again)(struct request *request));
