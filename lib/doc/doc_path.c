/* SPDX-License-Identifier: Apache-2.0
 *
 * The path of a value in words; see doc_path.h.
 */
#include "doc/doc_path.h"

#include <stdio.h>

static void put_step(const struct doc_path *step, char *text, size_t size)
{
	if (step->key.data)
		snprintf(text, size, "%s%s", step->up ? "." : "", text_quote(step->key).text);
	else
		snprintf(text, size, "[%zu]", step->index);
}

/* From the end backwards, so that the last steps, which tell most, are always there. */
struct doc_path_text doc_path_text(const struct doc_path *path)
{
	struct doc_path_text ret = {"(top)"};
	char rest[DOC_PATH_SHOWN_MAX] = "", step[sizeof(struct quoted) + 2];

	if (!path)
		return ret;
	for (; path; path = path->up) {
		put_step(path, step, sizeof(step));
		if (strlen(step) + strlen(rest) + sizeof("...") > sizeof(rest)) {
			memcpy(ret.text, "...", 3);
			memcpy(ret.text + 3, rest, strlen(rest) + 1);
			return ret;
		}
		memmove(rest + strlen(step), rest, strlen(rest) + 1);
		memcpy(rest, step, strlen(step));
	}
	memcpy(ret.text, rest, sizeof(ret.text));
	return ret;
}
