/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths of kustomizations, put together without looking at the file system; see flux_sources.h. Go: path/filepath (Join, Clean)
 */
#include "flux_sources.h"

/* Takes the last part off. false where there is none but "..". */
static bool climb(char *path, size_t *len)
{
	size_t cut = *len;

	while (cut > 0 && path[cut - 1] != '/')
		cut--;
	if (*len == 0 || (*len - cut == 2 && memcmp(path + cut, "..", 2) == 0))
		return false;
	*len = cut ? cut - 1 : 0;
	return true;
}

static void push(char *path, size_t *len, struct span part)
{
	if (*len)
		path[(*len)++] = '/';
	memcpy(path + *len, part.data, part.len);
	*len += part.len;
}

static void append(char *clean, size_t *len, struct span path)
{
	size_t at, end;

	for (at = 0; at < path.len; at = end + 1) {
		struct span part;

		end = span_find(path, at, '/');
		part = span_sub(path, at, end - at);
		if (!part.len || span_is(part, "."))
			continue;
		if (span_is(part, "..") && climb(clean, len))
			continue;
		push(clean, len, part);
	}
}

char *flux_path_join(struct arena *arena, const char *folder, struct span path, struct err *err)
{
	size_t folder_len = strlen(folder), len = 0;
	char *clean = arena_alloc(arena, folder_len + path.len + 3, err);

	if (!clean)
		return NULL;
	append(clean, &len, span_of(folder, folder_len));
	append(clean, &len, path);
	if (!len)
		clean[len++] = '.';
	clean[len] = '\0';
	return clean;
}
