/* SPDX-License-Identifier: Apache-2.0
 *
 * What Vault's answers mean.
 */
#ifndef KEYS_VAULT_ANSWER_H
#define KEYS_VAULT_ANSWER_H

#include "keys/answer.h"
#include "keys/http_retry.h"

/* As http_judge(), with the statuses that only Vault has: 412 (a replica is behind), 472, 473 (standby). */
enum http_verdict vault_judge(const struct http_call *call);

/* Reads an answer of status 200; any other end of the call is put into *err: with what Vault says, where it is one of the texts that we know, and
 * as ERR_DENIED, ERR_UNREACHABLE or ERR_NO_KEY. None of the answer's own text gets into the message. */
int vault_answer_read(const struct http_call *call, struct answer *ret_answer, struct err *err)
	NODISCARD;

#endif
