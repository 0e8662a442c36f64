/* SPDX-License-Identifier: Apache-2.0
 *
 * A key service that runs a command. sops runs its commands for each age entry, with the entry's recipient in SOPS_AGE_RECIPIENT, before it
 * looks whether another identity would do. The result is the same where a command runs only for an entry that nothing else opened (which
 * is why this is a service of its own, and not an offline one: datakey asks it last), and only once for each recipient; and not even that
 * where what an earlier run printed opens the entry, as commands that look at the recipient print that recipient's key and the others
 * always the same. Refuses recipients with control characters.
 *
 * Differs: how often a command runs, as just said, for how many recipients and how long; and it does not find SOPS_AGE_KEY in its
 * environment, as it needs no key of ours.
 *
 * sops: age/keysource.go (getOutputFromCmd, loadIdentities)
 */
#include "keys_command.h"

#include "keys/age_keyfile.h"
#include "keys/age_ssh.h"
#include "keys/key_age.h"
#include "keys_run.h"
#include "shell_words.h"

#include <string.h>
#include <unistd.h>

#define RECIPIENT "SOPS_AGE_RECIPIENT="

/* One run of the command. */
struct run {
	struct run *next;
	struct span recipient;
	char why[KEY_WHY_MAX]; /* what went wrong; "" where nothing did */
};

/* Lies in the ring's pool with all that it points to. */
struct service {
	struct keyring *ring;
	const char *name;
	char **words;
	char **environment; /* NULL at its end */
	bool ssh;
	struct age_keys keys; /* all that was printed so far */
	struct run *runs;
	size_t run_count;
};

static size_t list_length(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* The process's environment, what the command was given, and the recipient. */
static int make_environment(const struct service *service, struct span recipient,
			    struct secret_pool *pool, char ***ret, struct err *err)
{
	const struct span name = SPAN(RECIPIENT);
	size_t n = 0, i;
	char **list, *text;

	list = (char **)(void *)secret_alloc(
		pool,
		(list_length(environ) + list_length(service->environment) + 2) * sizeof(*list),
		err);
	text = list ? (char *)secret_alloc(pool, name.len + recipient.len + 1, err) : NULL;
	if (!text)
		return -1;
	memcpy(text, name.data, name.len);
	if (recipient.len)
		memcpy(text + name.len, recipient.data, recipient.len);
	for (i = 0; environ && environ[i]; i++) {
		if (strncmp(environ[i], RECIPIENT, name.len) != 0)
			list[n++] = environ[i];
	}
	for (i = 0; service->environment[i]; i++)
		list[n++] = service->environment[i];
	list[n++] = text;
	list[n] = NULL;
	*ret = list;
	return 0;
}

/* Runs the command and takes up what it prints. */
static int take_output(struct service *service, struct span recipient, struct secret_pool *pool,
		       struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool scratch = SECRET_POOL_INIT;
	struct age_identity *list = NULL;
	char **environment;
	struct span output;

	if (make_environment(service, recipient, &scratch, &environment, err) < 0 ||
	    keys_run(service->words, environment, KEYS_COMMAND_SECONDS, &scratch, &output, err) < 0)
		return -1;
	if (service->ssh) {
		if (age_ssh_parse(output, pool, &list, err) < 0)
			return -1;
	} else if (age_keyfile_parse(output, AGE_KEYFILE_LINES, pool, &list, err) < 0) {
		return -1;
	}
	if (keyring_drop_refused(service->ring, &list, err) < 0)
		return -1;
	return key_age_add(&service->keys, list, err);
}

static struct run *find_run(const struct service *service, struct span recipient)
{
	struct run *run = service->runs;

	while (run && !span_eq(run->recipient, recipient))
		run = run->next;
	return run;
}

/* The run for a recipient; what goes wrong in it is kept there. NULL: out of memory. */
static struct run *new_run(struct service *service, struct span recipient, struct secret_pool *pool,
			   struct err *err)
{
	struct run *run = (struct run *)(void *)secret_alloc(pool, sizeof(*run), err);
	struct err why = ERR_INIT;

	if (!run || secret_dup(pool, recipient, &run->recipient, err) < 0)
		return NULL;
	run->next = service->runs;
	service->runs = run;
	service->run_count++;
	if (take_output(service, recipient, pool, &why) == 0)
		return run;
	if (why.code == ERR_NOMEM) {
		(void)err_nomem(err);
		return NULL;
	}
	(void)err_wrap(&why, "%s", service->name);
	memcpy(run->why, why.msg, sizeof(run->why) - 1);
	return run;
}

/* Text from a document goes into the environment of the operator's command: nothing that could be two lines there. */
static bool presentable(struct span recipient)
{
	size_t i;

	for (i = 0; i < recipient.len; i++) {
		if (recipient.data[i] < 0x20 || recipient.data[i] == 0x7f)
			return false;
	}
	return true;
}

static int refuse(struct key_request *request, enum err_code code, const char *text)
{
	request->verdict = KEY_FAILED;
	request->code = code;
	memset(request->why, 0, sizeof(request->why));
	memcpy(request->why, text, strnlen(text, sizeof(request->why) - 1));
	return 0;
}

static int open_one(struct service *service, struct secret_pool *pool, struct key_request *request,
		    struct err *err)
{
	struct span recipient = request->key->id;
	struct run *run = find_run(service, recipient);

	if (run || service->keys.count) {
		if (key_age_try(&service->keys, pool, request, err) < 0)
			return -1;
		if (request->verdict == KEY_OPENED)
			return 0;
	}
	if (!run) {
		if (!presentable(recipient))
			return refuse(request, ERR_FORMAT, "recipient with control characters");
		if (service->run_count == KEYS_COMMAND_RUNS_MAX)
			return refuse(request, ERR_LIMIT,
				      "the key command has run for too many recipients");
		run = new_run(service, recipient, pool, err);
		if (!run || key_age_try(&service->keys, pool, request, err) < 0)
			return -1;
	}
	if (request->verdict == KEY_NOT_MINE && run->why[0])
		return refuse(request, ERR_SYSTEM, run->why);
	return 0;
}

static int open_all(void *cookie, struct secret_pool *pool, struct key_request *requests, size_t n,
		    struct err *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (open_one(cookie, pool, &requests[i], err) < 0)
			return -1;
	}
	return 0;
}

/* All that there is lies in the keyring's pool. */
static void close_none(void *cookie)
{
}

static const struct keyservice command_service = {
	.name = "age command",
	.type = SOPS_KEY_AGE,
	.offline = false,
	.open = open_all,
	.close = close_none,
};

static int copy_environment(struct service *service, const struct keys_command *command,
			    struct secret_pool *pool, struct err *err)
{
	size_t i;

	service->environment = (char **)(void *)secret_alloc(
		pool, (command->environment_count + 1) * sizeof(char *), err);
	if (!service->environment)
		return -1;
	for (i = 0; i < command->environment_count; i++) {
		struct span entry = command->environment[i];
		uint8_t *copy = secret_alloc(pool, entry.len + 1, err);

		if (!copy)
			return -1;
		memcpy(copy, entry.data, entry.len);
		service->environment[i] = (char *)copy;
	}
	return 0;
}

int keys_command_add(struct keyring *ring, const struct keys_command *command, struct err *err)
{
	struct service *service;
	size_t count;

	service = (struct service *)(void *)secret_alloc(&ring->pool, sizeof(*service), err);
	if (!service)
		return -1;
	service->ring = ring;
	service->name = command->name;
	service->ssh = command->ssh;
	if (shell_words(command->line, &ring->pool, &service->words, &count, err) < 0)
		return err_wrap(err, "%s", command->name);
	if (count == 0)
		return err_set(err, ERR_FORMAT, "%s: command is empty", command->name);
	if (copy_environment(service, command, &ring->pool, err) < 0)
		return -1;
	return keyring_add_service(ring, &command_service, service, err);
}
