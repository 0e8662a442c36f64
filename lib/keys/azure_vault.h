/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses of Azure's key vaults, and the challenges that they answer with: what decides whether a token may go to the host that a document names.
 */
#ifndef KEYS_AZURE_VAULT_H
#define KEYS_AZURE_VAULT_H

#include "base/err.h"
#include "base/span.h"

struct azure_vault {
	struct span
		authority; /* host, with a port where the operator has named one: part of the address */
	struct span
		resource; /* what tokens for it are for: "https://vault.azure.net"; null: its challenge says it */
};

/* suffixes: hosts that the operator takes for vaults besides Azure's own, and all below them: "host[:port],...". Errors: ERR_FORMAT; ERR_POLICY for
 * another host. */
int azure_vault_parse(struct span address, struct span suffixes, struct azure_vault *ret_vault,
		      struct err *err) NODISCARD;

/* Is it a name that can be part of a path: letters, digits and "-", at most 127? A key's, or a version's. */
bool azure_name_good(struct span name);

/* What a WWW-Authenticate header asks for; parts of it. */
struct azure_challenge {
	struct span resource; /* without "/.default" */
	struct span tenant;   /* null where it names none */
};

/* Bearer, with authorization and resource or scope. ERR_FORMAT. */
int azure_challenge_parse(struct span header, struct azure_challenge *ret_challenge,
			  struct err *err) NODISCARD;

/* May a token for this resource go to a vault of that authority? Only where the host is one below the resource's: else whoever writes a document
 * could have a token for another service sent to himself. ERR_POLICY, ERR_FORMAT. Azure SDK: sdk/security/keyvault/internal (challenge_policy.go) */
int azure_challenge_check(const struct azure_challenge *challenge, struct span authority,
			  struct err *err) NODISCARD;

#endif
