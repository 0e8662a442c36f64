/* SPDX-License-Identifier: Apache-2.0
 *
 * What the clouds answer; see token_answer.h.
 */
#include "keys/token_answer.h"

#include "doc/scalar.h"
#include "keys/http_retry.h"

#include <ctype.h>

enum {
	REASON_MAX = 64, /* bytes of a word */
	STATUS_OK = 200,
	STATUS_OK_END = 300,
	STATUS_NOT_FOUND = 404,
};

int token_answer_read(const struct http_call *call, const char *from, struct answer *ret_answer,
		      struct err *err)
{
	if (call->failure || call->status < STATUS_OK || call->status >= STATUS_OK_END)
		return token_answer_failed(call, from, err);
	if (answer_read(buf_span(&call->answer), ret_answer, err) < 0)
		return err_wrap(err, "%s", from);
	return 0;
}

static const int64_t SECONDS_MAX = (int64_t)1 << 40; /* 34,000 years */

static enum err_code code_of(const struct http_call *call)
{
	if (http_judge(call) != HTTP_FINAL)
		return ERR_UNREACHABLE;
	return call->status == STATUS_NOT_FOUND ? ERR_NO_KEY : ERR_DENIED;
}

int token_answer_failed(const struct http_call *call, const char *from, struct err *err)
{
	CLEAN_BUF struct buf reason = BUF_INIT(REASON_MAX + 4);
	struct err why = ERR_INIT;

	http_tell(call, &why);
	if (call->failure) {
		*err = why;
		return err_wrap(err, "%s", from);
	}
	token_answer_reason(call, &reason);
	if (reason.len)
		return err_set(err, code_of(call), "%s: '%.*s' (%s)", from, (int)reason.len,
			       (const char *)reason.data, why.msg);
	return err_set(err, code_of(call), "%s: %s", from, why.msg);
}

static bool is_word(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (!(c < 0x80 && isalnum(c)) && c != '_' && c != '-' && c != '.')
			return false;
	}
	return text.len > 0 && text.len <= REASON_MAX;
}

/* A server, or a proxy before it, that says our own words again may say a token. */
static bool was_sent(const struct http_call *call, struct span word)
{
	size_t i;

	if (span_search(call->body, word) != SIZE_MAX)
		return true;
	for (i = 0; i < call->header_count; i++) {
		if (span_search(span_str(call->headers[i]), word) != SIZE_MAX)
			return true;
	}
	return false;
}

void token_answer_reason(const struct http_call *call, struct buf *out)
{
	static const char *const paths[] = {"error", "error.status", "error.code",
					    "error.error_code", "error_code"};
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err ignored = ERR_INIT;
	struct span found = SPAN_NULL;
	size_t i;

	if (answer_read(buf_span(&call->answer), &answer, &ignored) < 0)
		return;
	for (i = 0; i < ARRAY_LEN(paths) && !found.len; i++)
		found = answer_text(&answer, paths[i]);
	if (is_word(found) && !was_sent(call, found))
		buf_add_span(out, found);
}

bool token_answer_seconds(const struct answer *answer, const char *path, int64_t *ret_seconds)
{
	int64_t seconds;

	if (!answer_number(answer, path, &seconds) || seconds < 0 || seconds > SECONDS_MAX)
		return false;
	*ret_seconds = seconds;
	return true;
}

int token_answer_time(const struct answer *answer, const char *path, int64_t *ret)
{
	struct doc_time time;

	if (!scalar_parse_time(answer_text(answer, path), &time))
		return -1;
	*ret = time.seconds;
	return 0;
}
