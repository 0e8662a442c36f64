/* SPDX-License-Identifier: Apache-2.0
 *
 * One call's own memory; see http_call.h.
 */
#include "keys/http_call.h"

#include <strings.h>

void http_call_clear(struct http_call *call)
{
	call->failure = HTTP_NONE;
	call->why = (struct err)ERR_INIT;
	call->status = 0;
	call->lost = false;
	buf_reset(&call->head);
	buf_reset(&call->answer);
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct span http_call_header(const struct http_call *call, const char *name)
{
	struct span head = buf_span(&call->head), line;
	size_t at, end, len = strlen(name);

	for (at = 0; at < head.len; at = end + 1) {
		end = span_find(head, at, '\n');
		line = span_sub(head, at, end - at);
		if (line.len <= len || line.data[len] != ':' ||
		    strncasecmp((const char *)line.data, name, len) != 0)
			continue;
		line = span_from(line, len + 1);
		while (line.len && blank(line.data[0]))
			line = span_from(line, 1);
		while (line.len && blank(line.data[line.len - 1]))
			line.len--;
		return line;
	}
	return SPAN_NULL;
}

void http_call_release(struct http_call *call)
{
	if (!call)
		return;
	buf_release(&call->head);
	buf_release(&call->answer);
}
