/* SPDX-License-Identifier: Apache-2.0
 *
 * Landlock's three system calls; see landlock.h. Only what is async-signal-safe is called, as this runs behind fork().
 */
#include "landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By version of the interface, so that a header older than the kernel does. */
enum {
	RIGHTS_1 = (1 << 13) - 1,
	RIGHT_REFER = 1 << 13,    /* 2 */
	RIGHT_TRUNCATE = 1 << 14, /* 3 */
};

static uint64_t rights_of(long version)
{
	uint64_t rights = RIGHTS_1;

	if (version >= 2)
		rights |= RIGHT_REFER;
	if (version >= 3)
		rights |= RIGHT_TRUNCATE;
	return rights;
}

static void add(int rules, const struct landlock_path *path)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access =
							     LANDLOCK_ACCESS_FS_READ_FILE};
	struct stat st;

	if (path->right == LANDLOCK_RUN)
		beneath.allowed_access |= LANDLOCK_ACCESS_FS_EXECUTE;
	beneath.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
	if (beneath.parent_fd < 0)
		return;
	if (fstat(beneath.parent_fd, &st) == 0 && S_ISDIR(st.st_mode))
		beneath.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	(void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(beneath.parent_fd);
}

bool landlock_bind(const struct landlock_path *paths, size_t count)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = {.handled_access_fs = rights_of(version)};
	long rules;
	size_t i;

	if (version < 1)
		return false;
	/* Only the first field: what later versions have is not asked for. */
	rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (rules < 0)
		return false;
	for (i = 0; i < count; i++)
		add((int)rules, &paths[i]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, (int)rules, 0) < 0)
		return false;
	close((int)rules);
	return true;
}
