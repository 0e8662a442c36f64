/* SPDX-License-Identifier: Apache-2.0
 *
 * The data keys of a decryption Secret, as Flux reads them: by the end or the whole of their name (kustomize-controller: internal/decryptor,
 * ImportKeys). Each is used, noted, or ignored here; where the Secret lies is keys_secret.c's business.
 */
#ifndef KEY_DATA_H
#define KEY_DATA_H

#include "keys/keyring.h"

struct key_data {
	struct keyring *ring;
	const char *secret; /* "NAMESPACE/NAME", for messages */
	bool from_input;    /* it came inside the function's input: age and PGP keys only */
	bool age_only;      /* keys_where.age_only */
};

/* True where Flux knows the name: only such values are read at all. */
bool key_data_known(struct span name);

/* Imports one. Errors: ERR_FORMAT and ERR_UNSUPPORTED for a malformed value, ERR_POLICY for credentials from the input, ERR_NOMEM. */
int key_data_import(const struct key_data *secret, struct span name, struct span value,
		    struct err *err) NODISCARD;

#endif
