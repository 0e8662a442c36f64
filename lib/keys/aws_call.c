/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed and unsigned POSTs; see aws_call.h. Each try is signed anew, as a signature holds for minutes only.
 */
#include "keys/aws_call.h"

#include "doc/scalar.h"
#include "keys/http_retry.h"

#include <stdio.h>

enum {
	SKEW_MIN =
		4 *
		60, /* seconds that a clock must be wrong by: signatures are taken up to five minutes */
	DATE_TEXT_MAX = 32,
};

static bool printable(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	}
	return true;
}

int aws_keys_check(const struct aws_keys *keys, struct err *err)
{
	if (!keys->access_key.len || !keys->secret_key.len)
		return err_set(err, ERR_NO_KEY, "AWS credentials without access key or secret key");
	if (!printable(keys->access_key) || !printable(keys->secret_key) ||
	    !printable(keys->session_token))
		return err_set(err, ERR_FORMAT,
			       "AWS credentials with a blank, a line feed or another byte that "
			       "can not be in them");
	return 0;
}

int64_t aws_clock_now(const struct aws_clock *clock)
{
	return clock->host->clock(clock->host->cookie) + clock->skew;
}

/* The headers that are signed, in their order; the last of them is x-amz-target. */
static size_t list_headers(const struct aws_call *call, const char *date,
			   struct aws_header headers[static AWS_CALL_HEADERS_MAX])
{
	size_t n = 0;

	headers[n++] = (struct aws_header){"content-type", span_str(call->content_type)};
	headers[n++] = (struct aws_header){"host", span_str(call->endpoint->host)};
	if (call->keys) {
		headers[n++] = (struct aws_header){"x-amz-date", span_str(date)};
		if (call->keys->session_token.len)
			headers[n++] = (struct aws_header){"x-amz-security-token",
							   call->keys->session_token};
	}
	if (call->target)
		headers[n++] = (struct aws_header){"x-amz-target", span_str(call->target)};
	return n;
}

static void add_authorization(struct aws_call *call, const struct aws_header *headers, size_t n,
			      const char *date)
{
	const struct aws_sigv4 request = {
		.access_key = call->keys->access_key,
		.secret_key = call->keys->secret_key,
		.date = date,
		.service = aws_service_name(call->service),
		.region = call->region,
		.method = "POST",
		.path = call->endpoint->path,
		.headers = headers,
		.header_count = n,
		.body = buf_span(&call->body),
	};

	buf_add_str(&call->lines, "authorization: ");
	aws_sigv4_authorize(&request, &call->lines);
	buf_add_char(&call->lines, 0);
}

/* Fills http's "in". */
static int prepare(struct aws_call *call, struct err *err)
{
	struct aws_header headers[AWS_CALL_HEADERS_MAX];
	char date[AWS_DATE_LEN + 1];
	size_t n, i;
	const char *line;

	call->signed_at = aws_clock_now(call->clock);
	if (aws_sigv4_date(call->signed_at, date, err) < 0)
		return -1;
	n = list_headers(call, date, headers);
	buf_reset(&call->lines);
	for (i = 0; i < n; i++) {
		buf_printf(&call->lines, "%s: ", headers[i].name);
		buf_add_span(&call->lines, headers[i].value);
		buf_add_char(&call->lines, 0);
	}
	if (call->keys)
		add_authorization(call, headers, n++, date);
	if (buf_check(&call->lines, err) < 0 || buf_check(&call->body, err) < 0)
		return -1;
	line = (const char *)call->lines.data;
	for (i = 0; i < n; i++, line += strlen(line) + 1)
		call->headers[i] = line;
	call->http.method = "POST";
	call->http.url = call->endpoint->url;
	call->http.plain = call->endpoint->plain;
	call->http.headers = call->headers;
	call->http.header_count = n;
	call->http.body = buf_span(&call->body);
	call->http.lane = call->service == AWS_KMS ? "AWS KMS" : "AWS STS";
	call->http.tls = call->tls;
	return 0;
}

int aws_call_send(struct aws_call *call, struct http *http, struct err *err)
{
	if (prepare(call, err) < 0)
		return -1;
	http_add(http, &call->http);
	return 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) as seconds since 1970. */
static bool parse_date(struct span text, int64_t *ret_seconds)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char form[DATE_TEXT_MAX];
	struct doc_time time;
	const char *month;
	const char *t = (const char *)text.data;

	if (text.len != 29 || !span_ends(text, SPAN(" GMT")))
		return false;
	month = memmem(months, sizeof(months) - 1, t + 8, 3);
	if (!month || (month - months) % 3)
		return false;
	snprintf(form, sizeof(form), "%.4s-%02d-%.2sT%.8sZ", t + 12, (int)(month - months) / 3 + 1,
		 t + 5, t + 17);
	if (!scalar_parse_time(span_str(form), &time))
		return false;
	*ret_seconds = time.seconds;
	return true;
}

/* A signature that is not taken may be one of another time: the answer says what time it is there. Once. */
static bool set_clock(struct aws_call *call)
{
	const struct key_host *host = call->clock->host;
	int64_t there;

	if (call->clock_set || !call->keys ||
	    !parse_date(http_call_header(&call->http, "Date"), &there))
		return false;
	if (there - call->signed_at <= SKEW_MIN && call->signed_at - there <= SKEW_MIN)
		return false;
	call->clock_set = true;
	call->clock->skew = there - host->clock(host->cookie);
	return true;
}

static enum http_verdict verdict(const struct aws_call *call, enum aws_class class)
{
	switch (class) {
	case AWS_UNKNOWN:
		return http_judge(&call->http);
	case AWS_THROTTLED:
		return HTTP_THROTTLED;
	case AWS_TRANSIENT:
	case AWS_IDENTITY:
		return HTTP_TRANSIENT;
	default:
		return HTTP_FINAL;
	}
}

bool aws_call_again(struct aws_call *call, struct http *http, struct aws_error error)
{
	struct err ignored = ERR_INIT;
	bool clock = error.class == AWS_UNSIGNED && set_clock(call);

	if (!clock && verdict(call, error.class) == HTTP_FINAL)
		return false;
	if (prepare(call, &ignored) < 0)
		return false;
	if (!clock)
		return http_retry(http, &call->http, verdict(call, error.class));
	http_again(http, &call->http, 0);
	return true;
}

void aws_call_tell(const struct aws_call *call, struct aws_error error, struct err *ret_why)
{
	http_tell(&call->http, ret_why);
	if (call->http.failure != HTTP_NONE)
		return;
	ret_why->code = aws_error_code(error.class, call->http.status);
	if (error.code)
		(void)err_wrap(ret_why, "%s", error.code);
}

void aws_call_release(struct aws_call *call)
{
	if (!call)
		return;
	http_call_release(&call->http);
	buf_release(&call->body);
	buf_release(&call->lines);
}
