#include "face/own/own_demo.h"

#include <string.h>

#include "face/face.h"

/* The build carries the files of demo/page, the tracker's modules as they are written, and a clip that it
 * made itself (demo/clip.sh); without an ffmpeg the clip is empty, and the page makes a tone. */
#define FILE_OF(name)                                                                                        \
    extern const unsigned char demo_##name[];                                                                \
    extern const unsigned long demo_##name##_size
FILE_OF(index_html);
FILE_OF(demo_js);
FILE_OF(demo_css);
FILE_OF(tracker_js);
FILE_OF(meter_js);
FILE_OF(queue_js);
FILE_OF(live_js);
FILE_OF(clip_webm);
#undef FILE_OF

static const struct demo_file {
    const char *name, *type;
    const unsigned char *bytes;
    const unsigned long *size;
} files[] = {
#define ROW(file, type, name)                                                                                \
    {                                                                                                        \
        file, type, demo_##name, &demo_##name##_size                                                         \
    }
    ROW("", "text/html; charset=utf-8", index_html),
    ROW("demo.js", "text/javascript; charset=utf-8", demo_js),
    ROW("demo.css", "text/css; charset=utf-8", demo_css),
    ROW("tracker.js", "text/javascript; charset=utf-8", tracker_js),
    ROW("meter.js", "text/javascript; charset=utf-8", meter_js),
    ROW("queue.js", "text/javascript; charset=utf-8", queue_js),
    ROW("live.js", "text/javascript; charset=utf-8", live_js),
    ROW("clip.webm", "video/webm", clip_webm),
#undef ROW
};

static const struct demo_file *file_asked_for(struct request *request)
{
    const char *name = strchr(request->route->pattern, '{') ? request->params[0].bytes : "";

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(name, files[i].name) == 0)
            return *files[i].size ? &files[i] : NULL;
    return NULL;
}

void own_demo(struct request *request)
{
    const struct demo_file *file = face_of(request)->demo ? file_asked_for(request) : NULL;

    if (!file) {
        request_fail(request, RC_NOT_FOUND, &(struct fault){NULL, "no such path"});
        return;
    }
    buf_add(&request->out, file->bytes, *file->size);
    request_reply(request, 200, file->type);
}
