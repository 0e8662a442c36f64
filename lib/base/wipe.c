/* SPDX-License-Identifier: Apache-2.0
 *
 * Wiping; see wipe.h.
 */
#include "base/wipe.h"

#include <stdlib.h>
#include <string.h>

#ifdef KRMSOPS_TEST
void (*wipe_hook)(const void *data, size_t size);
#endif

void wipe(void *data, size_t len)
{
	if (len)
		explicit_bzero(data, len);
}

void wipe_free(void *data, size_t size)
{
	if (!data)
		return;
	wipe(data, size);
#ifdef KRMSOPS_TEST
	if (wipe_hook)
		wipe_hook(data, size);
#endif
	free(data);
}
