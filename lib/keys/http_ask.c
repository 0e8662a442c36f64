/* SPDX-License-Identifier: Apache-2.0
 *
 * A call and its texts; see http_ask.h.
 */
#include "keys/http_ask.h"

#include "base/text.h"

void http_ask_reset(struct http_ask *ask)
{
	buf_reset(&ask->url);
	buf_reset(&ask->headers);
	buf_reset(&ask->body);
	ask->line_count = 0;
	http_call_release(&ask->call);
}

void http_ask_header(struct http_ask *ask, const char *name, struct span value)
{
	ask->line_count++;
	buf_add_str(&ask->headers, name);
	buf_add_str(&ask->headers, ": ");
	buf_add_span(&ask->headers, value);
	buf_add_char(&ask->headers, 0);
}

void http_ask_escape(struct span text, struct buf *out)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == '_' || c == '~') {
			buf_add_char(out, c);
		} else {
			buf_add_char(out, '%');
			hex_encode(span_of(&c, 1), true, out);
		}
	}
}

static void add_pair(struct buf *out, const char *name, struct span value)
{
	http_ask_escape(span_str(name), out);
	buf_add_char(out, '=');
	http_ask_escape(value, out);
}

void http_ask_field(struct http_ask *ask, const char *name, struct span value)
{
	if (ask->body.len)
		buf_add_char(&ask->body, '&');
	add_pair(&ask->body, name, value);
}

void http_ask_query(struct http_ask *ask, const char *name, struct span value)
{
	bool first = span_find(buf_span(&ask->url), 0, '?') == ask->url.len;

	buf_add_char(&ask->url, first ? '?' : '&');
	add_pair(&ask->url, name, value);
}

/* Finds the header lines again, now that their text does not move any more. */
static int take_lines(struct http_ask *ask, struct err *err)
{
	struct span text = buf_span(&ask->headers);
	size_t i, end;

	if (ask->line_count > HTTP_ASK_HEADERS)
		return err_set(err, ERR_BUG, "more than %d headers", HTTP_ASK_HEADERS);
	for (i = 0; i < ask->line_count; i++) {
		end = span_find(text, 0, 0);
		ask->lines[i] = (const char *)text.data;
		text = span_from(text, end + 1);
	}
	if (text.len || span_find(buf_span(&ask->headers), 0, '\n') < ask->headers.len ||
	    span_find(buf_span(&ask->headers), 0, '\r') < ask->headers.len)
		return err_set(err, ERR_FORMAT, "a header with a line break or NUL in it");
	return 0;
}

int http_ask_send(struct http *http, struct http_ask *ask, struct err *err)
{
	buf_add_char(&ask->url, 0);
	if (buf_check(&ask->url, err) < 0 || buf_check(&ask->headers, err) < 0 ||
	    buf_check(&ask->body, err) < 0 || take_lines(ask, err) < 0)
		return -1;
	ask->call.url = (const char *)ask->url.data;
	ask->call.headers = ask->lines;
	ask->call.header_count = ask->line_count;
	ask->call.body = buf_span(&ask->body);
	http_add(http, &ask->call);
	return 0;
}

void http_ask_release(struct http_ask *ask)
{
	buf_release(&ask->url);
	buf_release(&ask->headers);
	buf_release(&ask->body);
	http_call_release(&ask->call);
}
