/* SPDX-License-Identifier: Apache-2.0
 *
 * Environment variables that hold secrets; see variables.h. unsetenv() only forgets the pointer: the text stays on the stack's end.
 */
#include "variables.h"

#include "base/wipe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char **variables_find(char **at, const char *name)
{
	size_t len = strlen(name);

	for (; at && *at; at++) {
		if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			return at;
	}
	return NULL;
}

void variables_forget(const char *name)
{
	size_t skip = strlen(name) + 1;
	char **at;

	for (at = variables_find(environ, name); at; at = variables_find(at + 1, name))
		wipe(*at + skip, strlen(*at + skip));
	(void)unsetenv(name);
}
