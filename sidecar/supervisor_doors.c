/* SPDX-License-Identifier: Apache-2.0
 *
 * The doors that the supervisor opens; see supervisor_parts.h.
 */
#include "listen.h"
#include "supervisor_parts.h"

#include <sys/stat.h>
#include <unistd.h>

static int open_door(struct supervisor *supervisor, const struct serve_listen *listen,
		     struct err *err)
{
	struct door *door = &supervisor->doors[supervisor->door_count];
	struct stat st;

	*door = (struct door){.name = listen->path, .kind = WORKER_API};
	if (listen->keyset)
		door->set = policy_key_set(&supervisor->policy, listen->keyset);
	if (exchange_line_open(&door->line, err) < 0)
		return -1;
	door->listener = listen_inherited(listen->path);
	door->inherited = door->listener >= 0;
	if (!door->inherited)
		door->listener = listen_unix(listen->path, supervisor->group, err);
	if (door->listener < 0)
		return -1;
	if (lstat(listen->path, &st) == 0) {
		door->dev = st.st_dev;
		door->ino = st.st_ino;
	}
	supervisor->door_count++;
	return 0;
}

static int open_kms_door(struct supervisor *supervisor, struct err *err)
{
	struct door *door = &supervisor->doors[supervisor->door_count];
	int port = 0;

	*door = (struct door){.name = supervisor->options->aws_kms, .kind = WORKER_KMS};
	if (exchange_line_open(&door->line, err) < 0)
		return -1;
	door->listener = listen_loopback(supervisor->options->aws_kms, &port, err);
	if (door->listener < 0)
		return -1;
	supervisor->door_count++;
	return 0;
}

int supervisor_doors_open(struct supervisor *supervisor, struct err *err)
{
	const struct serve_options *options = supervisor->options;
	size_t i;

	supervisor->group = (gid_t)-1;
	if (options->group && listen_group(options->group, &supervisor->group, err) < 0)
		return -1;
	for (i = 0; i < options->listen_count; i++) {
		if (open_door(supervisor, &options->listens[i], err) < 0)
			return -1;
	}
	return options->aws_kms ? open_kms_door(supervisor, err) : 0;
}

void supervisor_doors_close(const struct supervisor *supervisor)
{
	size_t i;

	for (i = 0; i < supervisor->door_count; i++) {
		const struct door *door = &supervisor->doors[i];

		if (door->kind == WORKER_API && !door->inherited)
			listen_remove(door->name, door->dev, door->ino);
		(void)close(door->listener);
	}
}
