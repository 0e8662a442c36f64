/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors over HTTP; see api_error.h.
 */
#include "api_error.h"

#include "json_text.h"

int api_error_status(enum err_code code)
{
	switch (code) {
	case ERR_USAGE:
	case ERR_FORMAT:
	case ERR_UNSUPPORTED:
	case ERR_EXTRACT:
		return 400;
	case ERR_DENIED:
	case ERR_POLICY:
		return 403;
	case ERR_LIMIT:
		return 413;
	case ERR_VALUE:
	case ERR_MAC:
	case ERR_EMIT:
	case ERR_NO_KEY:
	case ERR_NOT_FOUND:
		return 422;
	case ERR_UNREACHABLE:
	case ERR_NOMEM:
		return 503;
	default:
		return 500;
	}
}

static void begin(struct http_exchange *exchange, const struct err *err)
{
	buf_release(&exchange->answer);
	exchange->status = api_error_status(err->code);
	exchange->content_type = "application/json";
	if (exchange->status == 503) {
		exchange->headers[0][0] = "Retry-After";
		exchange->headers[0][1] = "1";
	}
	buf_add_str(&exchange->answer, "{\"error\": ");
	json_text_add_lossy(span_str(err_joined(err).msg), &exchange->answer);
	if (err->hint[0]) {
		buf_add_str(&exchange->answer, ", \"hint\": ");
		json_text_add_lossy(span_str(err->hint), &exchange->answer);
	}
	buf_printf(&exchange->answer, ", \"exitStatus\": %d", err_exit_status(err->code));
}

void api_error_give(struct http_exchange *exchange, const struct err *err)
{
	begin(exchange, err);
	buf_add_str(&exchange->answer, "}\n");
}

void api_error_give_report(struct http_exchange *exchange, const struct report *report,
			   const struct err *err)
{
	size_t i;

	begin(exchange, report->count ? &report->entries[0].err : err);
	buf_add_str(&exchange->answer, ", \"errors\": [");
	for (i = 0; i < report->count; i++) {
		buf_add_str(&exchange->answer, i ? ", " : "");
		json_text_add_lossy(span_str(err_joined(&report->entries[i].err).msg),
				    &exchange->answer);
	}
	buf_printf(&exchange->answer, "], \"count\": %zu}\n", report->all);
}
