/* SPDX-License-Identifier: Apache-2.0
 *
 * Libraries that are loaded when first wanted; see dynlib.h.
 */
#include "base/dynlib.h"

#include "base/text.h"

#include <dlfcn.h>
#include <string.h>

int dynlib_load(struct dynlib *library, struct err *err)
{
	void *handle, *found;
	size_t i;

	if (library->loaded)
		return 0;
	handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(err, ERR_UNSUPPORTED, "%s", text_quote(span_str(dlerror())).text);
	for (i = 0; i < library->count; i++) {
		found = dlsym(handle, library->symbols[i].name);
		if (!found) {
			(void)dlclose(handle);
			return err_set(err, ERR_UNSUPPORTED, "%s has no %s()", library->file,
				       library->symbols[i].name);
		}
		/* For C a pointer to a function is no pointer to an object. */
		memcpy(library->symbols[i].at, &found, sizeof(found));
	}
	library->loaded = true;
	return 0;
}
