/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials for the clouds' key services; see keys_clouds.h. What they hold is read where it is used, below lib/keys.
 */
#include "keys_clouds.h"

#include "doc/white.h"
#include "keys/key_azure_kv.h"
#include "keys/key_gcp_kms.h"
#include "keys/key_hckms.h"

/* An empty value is one, too: that is what is wrong with it. */
static struct span value_of(struct span value)
{
	return value.data ? value : SPAN("");
}

int keys_clouds_import_gcp(const struct key_data *secret, struct span name, struct span value,
			   struct err *err)
{
	return key_gcp_kms_add(secret->ring, white_trim(value_of(value)), err);
}

int keys_clouds_import_azure(const struct key_data *secret, struct span name, struct span value,
			     struct err *err)
{
	return key_azure_kv_add(secret->ring, value_of(value), err);
}

int keys_clouds_ambient(struct keyring *ring, struct err *err)
{
	if (!ring->host || !ring->http)
		return 0;
	if (!keyring_has(ring, SOPS_KEY_GCP_KMS) && key_gcp_kms_add(ring, SPAN_NULL, err) < 0)
		return -1;
	if (!keyring_has(ring, SOPS_KEY_AZURE_KV) && key_azure_kv_add(ring, SPAN_NULL, err) < 0)
		return -1;
	return keyring_has(ring, SOPS_KEY_HCKMS) ? 0 : key_hckms_add(ring, err);
}
