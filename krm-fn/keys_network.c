/* SPDX-License-Identifier: Apache-2.0
 *
 * The services behind the network that use what the machine itself has: variables, files, workload identity. Each is only put down here, and looks for its
 * credentials when the first entry needs it: a run without such an entry pays nothing.
 */
#include "keys.h"

#include "keys/key_vault.h"
#include "keys_aws.h"
#include "keys_clouds.h"

int keys_network(struct keyring *ring, bool secret_ref, struct err *err)
{
	if (keys_aws_ambient(ring, secret_ref, err) < 0 || keys_clouds_ambient(ring, err) < 0)
		return -1;
	return key_vault_add_ambient(ring, err);
}
