/* SPDX-License-Identifier: Apache-2.0
 *
 * The services behind which GnuPG stands; see key_gpg.h. Each has one helper process, started by the first question. One that does not answer in
 * time, or ends, is not asked again: a run waits for it once.
 *
 * Differs: sops waits as long as gpg likes and gives it its own environment; here time and sizes are bounded, and GnuPG sees what it needs.
 */
#include "keys/key_gpg.h"

#include "base/wipe.h"
#include "keys/gpg_watch.h"
#include "keys/gpg_wire.h"
#include "keys/key_host.h"

#include <stdio.h>
#include <stdlib.h>

/* The cookie of both services. */
struct key_gpg {
	const struct key_host *host;
	struct gpg_plan plan;   /* but for the keys it is made when first wanted */
	struct gpg_keys **last; /* where the next text goes */
	size_t keys_len;
	struct secret_pool
		pool; /* all that plan points to: the ring's own is none of the helper's business */
	struct gpg_link link;
	int (*allowed)(const void *cookie, const struct sops_key *key,
		       struct err *err); /* the ring's */
	const void *allowed_cookie;
	bool dead;
	char why[KEY_WHY_MAX]; /* it is dead */
};

/* What GnuPG and its pinentry may see of the environment. */
static const char *const variables[] = {
	"HOME",
	"PATH",
	"USER",
	"LOGNAME",
	"TMPDIR",
	"TERM",
	"LANG",
	"LC_ALL",
	"LC_CTYPE",
	"LC_MESSAGES",
	"DISPLAY",
	"WAYLAND_DISPLAY",
	"XAUTHORITY",
	"XDG_RUNTIME_DIR",
	"XDG_SESSION_TYPE",
	"DBUS_SESSION_BUS_ADDRESS",
	"PINENTRY_USER_DATA",
	"INSIDE_EMACS",
	"SSH_CONNECTION",
};

enum { KEY_ID_LEN = 16 /* hex digits: the end of a fingerprint of version 4 */ };

#define PATH_USUAL "/usr/local/bin:/usr/bin:/bin"

static const char *variable(const struct key_host *host, const char *name)
{
	const char *value = host->variable ? host->variable(host->cookie, name) : NULL;

	return value && *value ? value : NULL;
}

/* A copy, "NAME=VALUE" or the value alone. */
static int copy_text(struct key_gpg *gpg, const char *name, const char *value, char **ret,
		     struct err *err)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *copy = (char *)secret_alloc(&gpg->pool, size, err);

	if (!copy)
		return -1;
	snprintf(copy, size, "%s%s%s", name, *name ? "=" : "", value);
	*ret = copy;
	return 0;
}

static int copy_environment(struct key_gpg *gpg, struct err *err)
{
	const struct key_host *host = gpg->host;
	const char *home = gpg->plan.private ? NULL : variable(host, "GNUPGHOME");
	const char *terminal = host->terminal ? host->terminal(host->cookie) : NULL;
	const char *path = host->variable ? host->variable(host->cookie, "PATH") : NULL;
	size_t n = 0, i;
	char **list;

	list = (char **)(void *)secret_alloc(&gpg->pool, (ARRAY_LEN(variables) + 3) * sizeof(*list),
					     err);
	if (!list)
		return -1;
	for (i = 0; i < ARRAY_LEN(variables); i++) {
		const char *value = variable(host, variables[i]);

		if (value && strcmp(variables[i], "PATH") != 0 &&
		    copy_text(gpg, variables[i], value, &list[n++], err) < 0)
			return -1;
	}
	if (copy_text(gpg, "PATH", path ? path : PATH_USUAL, &list[n++], err) < 0 ||
	    (home && copy_text(gpg, "GNUPGHOME", home, &list[n++], err) < 0) ||
	    (terminal && copy_text(gpg, "GPG_TTY", terminal, &list[n++], err) < 0))
		return -1;
	gpg->plan.environment = list;
	gpg->plan.ask = terminal || variable(host, "DISPLAY") || variable(host, "WAYLAND_DISPLAY");
	return 0;
}

static int copy_places(struct key_gpg *gpg, struct err *err)
{
	const struct key_host *host = gpg->host;
	const char *const values[GPG_HOME_BASES] = {variable(host, "XDG_RUNTIME_DIR"), "/dev/shm",
						    variable(host, "TMPDIR")};
	size_t i;
	char *copy;

	for (i = 0; i < GPG_HOME_BASES; i++) {
		if (values[i] && copy_text(gpg, "", values[i], &copy, err) < 0)
			return -1;
		gpg->plan.bases[i] = values[i] ? copy : NULL;
	}
	return 0;
}

static int copy_user(struct key_gpg *gpg, struct err *err)
{
	const struct key_host *host = gpg->host;
	const char *home = variable(host, "GNUPGHOME"), *folder = variable(host, "HOME");
	const char *program = variable(host, "SOPS_GPG_EXEC");
	char *copy, path[4096];

	if (!home && folder &&
	    snprintf(path, sizeof(path), "%s/.gnupg", folder) < (int)sizeof(path))
		home = path;
	if (home) {
		if (copy_text(gpg, "", home, &copy, err) < 0)
			return -1;
		gpg->plan.user_home = copy;
	}
	if (program) {
		if (copy_text(gpg, "", program, &copy, err) < 0)
			return -1;
		gpg->plan.program = copy;
	}
	return 0;
}

/* Starts the helper. */
static int start(struct key_gpg *gpg, struct err *err)
{
	if (!gpg->plan.environment &&
	    ((gpg->plan.private ? copy_places(gpg, err) : copy_user(gpg, err)) < 0 ||
	     copy_environment(gpg, err) < 0))
		return -1;
	gpg->plan.pool = &gpg->pool;
	return gpg_link_open(&gpg->plan, &gpg->link, err);
}

static void close_link(struct key_gpg *gpg)
{
	if (!gpg_link_close(&gpg->link) && gpg->plan.private)
		gpg_home_sweep(gpg->plan.bases);
}

static void free_gpg(struct key_gpg *gpg)
{
	close_link(gpg);
	secret_pool_release(&gpg->pool);
	free(gpg);
}

static void close_gpg(void *cookie)
{
	free_gpg(cookie);
}

#ifdef KRMSOPS_TEST
int key_gpg_test_ms;
#endif

static int64_t deadline_of(const struct key_gpg *gpg, bool first)
{
	int64_t seconds = gpg->plan.ask ? KEY_GPG_ASK_SECONDS : KEY_GPG_SECONDS;

#ifdef KRMSOPS_TEST
	if (key_gpg_test_ms)
		return gpg_wire_clock() + key_gpg_test_ms;
#endif
	return gpg_wire_clock() + (seconds + (first ? KEY_GPG_START_SECONDS : 0)) * 1000;
}

static int ask(struct key_gpg *gpg, struct span message, int64_t deadline,
	       struct gpg_answer *answer, struct err *err)
{
	const struct gpg_question question = {.len = (uint32_t)message.len};
	int fd = gpg->link.socket;

	if (gpg_wire_send(fd, &question, sizeof(question), deadline, err) < 0 ||
	    gpg_wire_send(fd, message.data, message.len, deadline, err) < 0)
		return -1;
	if (gpg_wire_receive(fd, answer, sizeof(*answer), deadline, err) < 0)
		return -1;
	if (!gpg_answer_good(answer, KEY_GPG_OPENED_MAX))
		return err_set(err, ERR_UNREACHABLE, "an answer that is none");
	return 0;
}

static void fail(struct key_request *request, enum err_code code, const char *why)
{
	request->verdict = KEY_FAILED;
	request->code = code;
	memset(request->why, 0, sizeof(request->why));
	memcpy(request->why, why, strnlen(why, sizeof(request->why) - 1));
}

/* May the key that opened it be used? What the document calls it is its own word. The policy may name it by its fingerprint or its key id, as a
 * subkey or by its primary key: one must pass. */
static int check_allowed(const struct key_gpg *gpg, const struct gpg_answer *answer,
			 struct err *err)
{
	struct sops_key name = {.type = SOPS_KEY_PGP};
	size_t i;

	if (!gpg->allowed)
		return 0;
	for (i = 0; i < ARRAY_LEN(answer->fingerprints); i++) {
		struct span whole = span_str(answer->fingerprints[i]);

		name.id = whole;
		if (gpg->allowed(gpg->allowed_cookie, &name, err) == 0)
			return 0;
		name.id = span_from(whole, whole.len > KEY_ID_LEN ? whole.len - KEY_ID_LEN : 0);
		if (gpg->allowed(gpg->allowed_cookie, &name, err) == 0)
			return 0;
	}
	return -1;
}

static int take_answer(struct key_gpg *gpg, const struct gpg_answer *answer, int64_t deadline,
		       struct secret_pool *pool, struct key_request *request, struct err *err)
{
	struct err no = ERR_INIT;
	uint8_t *data = NULL;

	if (answer->verdict == KEY_OPENED) {
		data = secret_alloc(pool, answer->len ? answer->len : 1, err);
		if (!data ||
		    gpg_wire_receive(gpg->link.socket, data, answer->len, deadline, err) < 0)
			return -1;
		if (check_allowed(gpg, answer, &no) < 0) {
			wipe(data, answer->len);
			fail(request, no.code, no.msg);
			return no.code == ERR_NOMEM ? err_nomem(err) : 0;
		}
		request->opened = span_of(data, answer->len);
	}
	request->verdict = answer->verdict;
	request->code = answer->code;
	memcpy(request->why, answer->why, sizeof(request->why));
	return 0;
}

static int try_one(struct key_gpg *gpg, struct secret_pool *pool, struct key_request *request,
		   struct err *err)
{
	bool first = !gpg->link.watcher;
	struct gpg_answer answer;
	int64_t deadline;

	if (first && start(gpg, err) < 0)
		return -1;
	deadline = deadline_of(gpg, first);
	if (ask(gpg, request->key->enc, deadline, &answer, err) < 0)
		return -1;
	return take_answer(gpg, &answer, deadline, pool, request, err);
}

/* What goes wrong between the helper and us is the end of it. */
static int open_one(struct key_gpg *gpg, struct secret_pool *pool, struct key_request *request,
		    struct err *err)
{
	struct err why = ERR_INIT;

	if (request->key->enc.len > KEY_GPG_ENC_MAX) {
		fail(request, ERR_LIMIT, "a message of more than 1 MiB");
		return 0;
	}
	if (!gpg->dead) {
		if (try_one(gpg, pool, request, &why) == 0)
			return 0;
		if (why.code == ERR_NOMEM)
			return err_nomem(err);
		(void)err_wrap(&why, "GnuPG");
		memcpy(gpg->why, why.msg, sizeof(gpg->why) - 1);
		gpg->dead = true;
		close_link(gpg);
	}
	fail(request, ERR_UNREACHABLE, gpg->why);
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

static const struct keyservice gpg_service = {
	.name = "pgp by GnuPG",
	.type = SOPS_KEY_PGP,
	.offline = false,
	.open = open_all,
	.close = close_gpg,
};

static int new_service(struct keyring *ring, bool private, struct key_gpg **ret_gpg,
		       struct err *err)
{
	struct key_gpg *gpg;

	if (!ring->host || ring->host->no_programs)
		return err_set(err, ERR_UNSUPPORTED, "needs GnuPG, which may not be started here");
	gpg = calloc(1, sizeof(*gpg));
	if (!gpg)
		return err_nomem(err);
	gpg->link = (struct gpg_link)GPG_LINK_INIT;
	gpg->host = ring->host;
	gpg->allowed = ring->allowed;
	gpg->allowed_cookie = ring->allowed_cookie;
	gpg->plan.private = private;
	gpg->last = &gpg->plan.keys;
	if (keyring_add_service(ring, &gpg_service, gpg, err) < 0) {
		free_gpg(gpg);
		return -1;
	}
	*ret_gpg = gpg;
	return 0;
}

static int add_keys(struct key_gpg *gpg, struct span text, const char *source, struct err *err)
{
	struct gpg_keys *keys;
	char *name;

	for (keys = gpg->plan.keys; keys; keys = keys->next) {
		if (span_eq(keys->text, text))
			return 0;
	}
	if (text.len > KEY_GPG_KEYS_MAX - gpg->keys_len)
		return err_set(err, ERR_LIMIT, "more than %d bytes of PGP keys", KEY_GPG_KEYS_MAX);
	keys = (struct gpg_keys *)(void *)secret_alloc(&gpg->pool, sizeof(*keys), err);
	if (!keys || secret_dup(&gpg->pool, text, &keys->text, err) < 0 ||
	    copy_text(gpg, "", source, &name, err) < 0)
		return -1;
	keys->source = name;
	*gpg->last = keys;
	gpg->last = &keys->next;
	gpg->keys_len += text.len;
	/* The next question starts a helper that has it too. */
	close_link(gpg);
	return 0;
}

int key_gpg_add(struct keyring *ring, struct span keys, const char *source, struct err *err)
{
	if (!ring->gpg && new_service(ring, true, &ring->gpg, err) < 0)
		return -1;
	return add_keys(ring->gpg, keys, source, err);
}

int key_gpg_add_user(struct keyring *ring, struct err *err)
{
	struct key_gpg *gpg;

	return new_service(ring, false, &gpg, err);
}
