/* SPDX-License-Identifier: Apache-2.0
 *
 * How far up from the working directory a run may look for files; see walk.h. design.md, "Where promises meet", Paths.
 */
#include "walk.h"

#include "base/text.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int resolve(const char *path, char ret[static WALK_PATH_MAX], struct err *err)
{
	char *full = realpath(path, NULL);
	size_t len;

	if (!full)
		return err_errno(err, "cannot find folder '%s'", text_quote(span_str(path)).text);
	len = strlen(full);
	if (len < WALK_PATH_MAX)
		memcpy(ret, full, len + 1);
	free(full);
	if (len >= WALK_PATH_MAX)
		return err_set(err, ERR_LIMIT, "the path of '%s' has more than %d bytes",
			       text_quote(span_str(path)).text, WALK_PATH_MAX - 1);
	return 0;
}

bool walk_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (strncmp(path, root, len) != 0)
		return false;
	return path[len] == '\0' || path[len] == '/' || (len && root[len - 1] == '/');
}

/* dir is below argocd's source root where it ends with the path that Argo CD names, folder by folder. */
static bool cut_argocd(char *dir)
{
	const char *part = getenv("ARGOCD_APP_SOURCE_PATH");
	size_t dir_len = strlen(dir), len;

	if (!part)
		return false;
	while (strncmp(part, "./", 2) == 0)
		part += 2;
	len = strlen(part);
	while (len && part[len - 1] == '/')
		len--;
	if (len == 0 || (len == 1 && part[0] == '.'))
		return true; /* the application is the whole source */
	if (len >= dir_len || dir[dir_len - len - 1] != '/' ||
	    memcmp(dir + dir_len - len, part, len) != 0)
		return false;
	dir[dir_len - len - 1 ? dir_len - len - 1 : 1] = '\0';
	return true;
}

/* The nearest folder from dir up that holds `.git`: a folder, or a file in worktrees and submodules. */
static bool cut_git(char *dir)
{
	char path[WALK_PATH_MAX + sizeof("/.git")];
	size_t len = strlen(dir);
	struct stat st;

	for (;;) {
		memcpy(path, dir, len);
		memcpy(path + len, "/.git", sizeof("/.git"));
		if (lstat(path, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))) {
			dir[len ? len : 1] = '\0';
			return true;
		}
		if (len == 0)
			return false;
		while (len && dir[len - 1] != '/')
			len--;
		len -= len > 0; /* the slash; "" stands for the topmost folder */
	}
}

int walk_root(const char *asked, char ret_root[static WALK_PATH_MAX], struct err *err)
{
	char here[WALK_PATH_MAX], root[WALK_PATH_MAX];

	if (resolve(".", here, err) < 0)
		return -1;
	if (asked) {
		if (resolve(asked, root, err) < 0)
			return -1;
		if (!walk_below(here, root))
			return err_set(err, ERR_USAGE,
				       "the working directory is not below the root '%s'",
				       text_quote(span_str(asked)).text);
	} else {
		memcpy(root, here, sizeof(root));
		if (!cut_argocd(root))
			(void)cut_git(root);
	}
	memcpy(ret_root, root, sizeof(root));
	return 0;
}
