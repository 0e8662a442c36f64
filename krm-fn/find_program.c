/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs on PATH; see find_program.h.
 */
#include "find_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool find_program(const char *name, char ret_path[static PATH_MAX])
{
	const char *at = getenv("PATH");
	size_t len;
	int made;

	if (strchr(name, '/')) {
		len = strlen(name);
		if (len >= PATH_MAX)
			return false;
		memmove(ret_path, name, len + 1);
		return is_program(ret_path);
	}
	for (; at && *at; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		if (*at != '/')
			continue;
		made = snprintf(ret_path, PATH_MAX, "%.*s/%s", (int)len, at, name);
		if (made > 0 && made < PATH_MAX && is_program(ret_path))
			return true;
	}
	return false;
}
