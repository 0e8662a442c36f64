/* SPDX-License-Identifier: Apache-2.0
 *
 * One map of a Secret that is being made, `data` or `stringData`: what decrypted files put into it.
 */
#ifndef GENERATE_VALUES_H
#define GENERATE_VALUES_H

#include "doc/doc.h"

struct generate_value {
	struct span key, value;
};

/* Keys in order of their first mention; the last value counts. */
struct generate_values {
	struct arena *arena; /* owns keys and values */
	struct generate_value *at;
	size_t count, cap;
};

enum { GENERATE_VALUE_MAX = 1024 * 1024 * 1024 /* bytes of one value in base64 */ };

/* Sets one value, as it is or in base64. Errors: ERR_LIMIT, ERR_NOMEM. */
int generate_values_set(struct generate_values *values, struct span key, struct span value,
			struct err *err) NODISCARD;
int generate_values_set_base64(struct generate_values *values, struct span key, struct span bytes,
			       struct err *err) NODISCARD;

/* Sets what a dotenv of godotenv's dialect holds: KSOPS's `envs`. Errors: godotenv_parse()'s. */
int generate_values_set_envs(struct generate_values *values, struct span text, struct err *err)
	NODISCARD;

/* Sets, in base64, what a SopsSecretGenerator takes from an `envs` file: lines of a dotenv literally, or the scalars of a YAML or JSON map.
 * Errors: ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int generate_values_set_source(struct generate_values *values, enum doc_format format,
			       struct span text, struct err *err) NODISCARD;

#endif
