/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials as a JSON object: of the metadata services, of a helper.
 */
#ifndef KEYS_AWS_CREDS_JSON_H
#define KEYS_AWS_CREDS_JSON_H

#include "keys/aws_creds.h"

/* The end of a fetch: takes what the text holds, or fails with `what` before the reason. token_name: "Token" or "SessionToken". */
void aws_creds_json(struct aws_creds *creds, struct http *http, struct span text,
		    const char *token_name, const char *what);

#endif
