/* SPDX-License-Identifier: Apache-2.0
 *
 * The key pair that clients of the KMS door sign with. It is read by the keeper, with the keys, and each worker of the door has it from there: so one that
 * is started later has the same pair as the others, whatever stands in the file by then.
 */
#ifndef KMS_PAIR_H
#define KMS_PAIR_H

#include "exchange.h"
#include "kms_sign.h"

#include "base/secret.h"

/* Reads the pair from a file in the form of AWS's shared credentials, section [default], into the pool. Errors: ERR_FORMAT, and those of keys_read_file();
 * they name the file. */
int kms_pair_read(const char *path, struct secret_pool *pool, struct kms_pair *ret_pair,
		  struct err *err) NODISCARD;

/* The keeper's side: the answer to one who asked with EXCHANGE_PAIR, into fd, which stays the caller's. What can not be said at once is not said, and who
 * asked hears that there is no keeper. */
void kms_pair_give(const struct kms_pair *pair, int fd);

/* The worker's side. The pair is copied into the pool. Errors: those of exchange_ask(); ERR_FORMAT. */
int kms_pair_ask(int line, int timeout_ms, struct secret_pool *pool, struct kms_pair *ret_pair,
		 struct err *err) NODISCARD;

#endif
