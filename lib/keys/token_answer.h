/* SPDX-License-Identifier: Apache-2.0
 *
 * What the clouds answer: a JSON object, or a refusal with a word for its reason. Bodies never come into a message, as they may repeat what was sent.
 */
#ifndef KEYS_TOKEN_ANSWER_H
#define KEYS_TOKEN_ANSWER_H

#include "keys/answer.h"
#include "keys/http.h"

/* The object of an answer with status 200 to 299; its texts live as long as the call's answer. from: who has answered, for messages. Errors: those of
 * token_answer_failed(); ERR_FORMAT where it is no JSON object. */
int token_answer_read(const struct http_call *call, const char *from, struct answer *ret_answer,
		      struct err *err) NODISCARD;

/* What a call that did not bring what was wanted comes to: "FROM: 'invalid_grant' (HTTP status 400)". ERR_UNREACHABLE for what may pass (429, 5xx,
 * and failures that are so), ERR_NO_KEY for 404, else ERR_DENIED; failures of other kinds keep their code. Always returns -1. */
int token_answer_failed(const struct http_call *call, const char *from, struct err *err);

/* The word for the reason in an answer's body, appended: `error` where it is a string, else `error.status`, `error.code` or `error.error_code`, else
 * `error_code`. Only what looks like a word, and is none of what was sent, is taken; nothing where there is none. */
void token_answer_reason(const struct http_call *call, struct buf *out);

/* A number of seconds, also as a string; one that no clock has is none. */
bool token_answer_seconds(const struct answer *answer, const char *path, int64_t *ret_seconds);

/* A member that is a time as RFC 3339 writes it, as seconds since 1970. */
int token_answer_time(const struct answer *answer, const char *path, int64_t *ret) NODISCARD;

#endif
