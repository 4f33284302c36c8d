#include "face/own/own_page.h"

#include <string.h>

#include "face/face.h"

extern const unsigned char ui_index_html[], ui_app_js[], ui_style_css[], ui_icon_svg[];
extern const unsigned long ui_index_html_size, ui_app_js_size, ui_style_css_size, ui_icon_svg_size;

/* As the value of an attribute between double quotes. */
static void add_attribute(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (*text == '"' || *text == '&' || *text == '<')
            buf_printf(out, "&#%d;", *text);
        else
            buf_add(out, text, 1);
}

static void add_meta(struct buf *out, const char *name, const char *content)
{
    buf_printf(out, "<meta name=\"%s\" content=\"", name);
    add_attribute(out, content);
    buf_text(out, "\">\n");
}

/* scheme://host:port of an address (kind_issuer has looked at it), in the request's arena; NULL: out of
 * memory, then the page may call nobody else. */
static const char *origin_of(struct request *request, const char *address)
{
    const char *host = strstr(address, "://") + 3;
    return arena_copy(&request->arena, address, (size_t)(host - address) + strcspn(host, "/"));
}

static void add_index(struct request *request, const struct face_context *context)
{
    static const char title[] = "<title>";
    const char *page = (const char *)ui_index_html; /* the build ends it with a NUL */
    const char *at = strstr(page, title);

    if (!context->oidc_issuer || !*context->oidc_issuer || !*context->oidc_client_id || !at) {
        buf_add(&request->out, page, ui_index_html_size);
        return;
    }
    buf_add(&request->out, page, (size_t)(at - page));
    add_meta(&request->out, "oidc-issuer", context->oidc_issuer);
    add_meta(&request->out, "oidc-client-id", context->oidc_client_id);
    buf_add(&request->out, at, ui_index_html_size - (size_t)(at - page));
    request->may_call = origin_of(request, context->oidc_issuer);
}

void own_page(struct request *request)
{
    const char *pattern = request->route->pattern;

    if (strcmp(pattern, "/ui/app.js") == 0) {
        buf_add(&request->out, ui_app_js, ui_app_js_size);
        request_reply(request, 200, "text/javascript; charset=utf-8");
    } else if (strcmp(pattern, "/ui/style.css") == 0) {
        buf_add(&request->out, ui_style_css, ui_style_css_size);
        request_reply(request, 200, "text/css; charset=utf-8");
    } else if (strcmp(pattern, "/ui/icon.svg") == 0) {
        buf_add(&request->out, ui_icon_svg, ui_icon_svg_size);
        request_reply(request, 200, "image/svg+xml");
    } else {
        add_index(request, face_of(request));
        request_reply(request, 200, "text/html; charset=utf-8");
    }
}
