/* SPDX-License-Identifier: Apache-2.0
 *
 * Names in Kubernetes; see kube_name.h.
 */
#include "keys/kube_name.h"

bool kube_name_valid(struct span name)
{
	size_t i;

	if (!name.len || name.len > KUBE_NAME_MAX)
		return false;
	for (i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		bool edge = i == 0 || i + 1 == name.len;

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      (!edge && (c == '-' || c == '.'))))
			return false;
	}
	return true;
}
