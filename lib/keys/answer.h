/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON answers of key services: what stands at a path, without a copy outside of wiped memory. Read by the reader of JSON documents, whose
 * trees are wiped; strings may point into the text, which must outlive the answer (call->answer does until the call is sent again or
 * released).
 *
 * A path names members with "." between: "data.plaintext", "errors.0", "error.code". Names hold no "." in what services answer.
 */
#ifndef KEYS_ANSWER_H
#define KEYS_ANSWER_H

#include "base/secret.h"
#include "base/text.h"
#include "doc/doc.h"

struct answer {
	struct doc doc;
};

#define ANSWER_INIT             \
	{                       \
		.doc = DOC_INIT \
	}
#define CLEAN_ANSWER CLEANUP(answer_release)

/* An object, whatever stands behind it. ret_answer must be ANSWER_INIT. Errors: ERR_FORMAT ("the answer is not JSON"), ERR_LIMIT, ERR_NOMEM. */
int answer_read(struct span text, struct answer *ret_answer, struct err *err) NODISCARD;

/* Wipes and frees. NULL is fine. */
void answer_release(struct answer *answer);

/* What stands there, or NULL. */
const struct doc_node *answer_at(const struct answer *answer, const char *path);

/* The string that stands there; a null span where there is none or something else. */
struct span answer_text(const struct answer *answer, const char *path);

/* A whole number, also one that is written as a string, as in "expires_in": "3599". */
bool answer_number(const struct answer *answer, const char *path, int64_t *ret_number);

/* A string that has to be there and not be empty, as a copy in the pool. Errors: ERR_FORMAT, which names the path only; ERR_NOMEM. */
int answer_secret(const struct answer *answer, const char *path, struct secret_pool *pool,
		  struct span *ret_text, struct err *err) NODISCARD;

/* The same, base64 decoded: a data key. */
int answer_base64(const struct answer *answer, const char *path, enum base64_rule rule,
		  struct secret_pool *pool, struct span *ret_bytes, struct err *err) NODISCARD;

#endif
