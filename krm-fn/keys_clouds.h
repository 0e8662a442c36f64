/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials for Google Cloud KMS, Azure Key Vault and Huawei Cloud KMS: those of a decryption Secret, and those that lie around.
 */
#ifndef KEYS_CLOUDS_H
#define KEYS_CLOUDS_H

#include "key_data.h"

/* `sops.gcp-kms`: a credential file, with white space around it. Errors: those of key_gcp_kms_add(). */
int keys_clouds_import_gcp(const struct key_data *secret, struct span name, struct span value,
			   struct err *err) NODISCARD;

/* `sops.azure-kv`. Errors: those of key_azure_kv_add(). */
int keys_clouds_import_azure(const struct key_data *secret, struct span name, struct span value,
			     struct err *err) NODISCARD;

/* What the machine has for each of the three that the ring has no service of yet, as in Flux a Secret's credentials stand for the controller's own.
 * Nothing is read before a document wants it. ERR_LIMIT, ERR_NOMEM. */
int keys_clouds_ambient(struct keyring *ring, struct err *err) NODISCARD;

#endif
