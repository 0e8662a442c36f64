/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys that lie around for the sops command: environment variables and the user's files. All sources are read, in sops's order, and
 * what is broken or missing is noted in the ring, so that the error about a document that nothing opens can say where keys were looked
 * for. The variables are taken out of the environment, so that no child and no /proc/self/environ shows them; the value of the one that
 * holds keys is wiped where it lies. Commands run later, when a key is missed (keys_command.c).
 * sops: age/keysource.go (loadIdentities)
 */
#include "keys.h"

#include "base/text.h"
#include "keys/key_gpg.h"
#include "keys/key_host.h"
#include "keys_command.h"
#include "keys_read.h"
#include "variables.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PATH_LEN_MAX = 4096, /* bytes, as PATH_MAX of Linux */
	ABSENT_MAX = 1000,   /* bytes of names of places: one message's worth */
};

#define ENV_KEY      "SOPS_AGE_KEY"
#define ENV_KEY_FILE "SOPS_AGE_KEY_FILE"
#define ENV_KEY_CMD  "SOPS_AGE_KEY_CMD"
#define ENV_SSH_FILE "SOPS_AGE_SSH_PRIVATE_KEY_FILE"
#define ENV_SSH_CMD  "SOPS_AGE_SSH_PRIVATE_KEY_CMD"

/* All that is taken out of the environment. The first one holds keys; the others are given back to the commands, as sops does. */
static const char *const variables[] = {ENV_KEY, ENV_KEY_FILE, ENV_KEY_CMD, ENV_SSH_FILE,
					ENV_SSH_CMD};

/* What a run of the search needs. */
struct search {
	struct keyring *ring;
	struct buf absent; /* places without keys: 'A', 'B' */
};

typedef int (*add_fn)(struct keyring *ring, struct span text, const char *source, struct err *err);

/* A source that failed is noted; what concerns the whole process is passed on. */
static int note(struct search *search, const struct err *why, struct err *err)
{
	if (why->code == ERR_NOMEM)
		return err_nomem(err);
	keyring_note(search->ring, why->msg);
	return 0;
}

static void note_absent(struct search *search, const char *place)
{
	buf_printf(&search->absent, "%s'%s'", search->absent.len ? ", " : "",
		   text_quote(span_str(place)).text);
}

static int add_text(struct search *search, struct span text, add_fn add, const char *source,
		    struct err *err)
{
	struct err why = ERR_INIT;

	if (add(search->ring, text, source, &why) < 0)
		return note(search, &why, err);
	return 0;
}

/* The text of the file is needed only till it is parsed, so it gets a pool of its own. usual: the file may be missing. */
static int add_file(struct search *search, const char *path, bool usual, add_fn add,
		    struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct err why = ERR_INIT;
	struct span text;

	if (keys_read_file(path, &pool, &text, &why) == 0)
		return add_text(search, text, add, path, err);
	if (!usual || why.code != ERR_NOT_FOUND)
		return note(search, &why, err);
	note_absent(search, path);
	return 0;
}

/* The file that a variable names: it must be there. */
static int add_named_file(struct search *search, const char *name, add_fn add, struct err *err)
{
	const char *path = getenv(name);
	struct err why = ERR_INIT;

	if (path && !*path) {
		(void)err_set(&why, ERR_USAGE, "%s is empty", name);
		return note(search, &why, err);
	}
	if (path)
		return add_file(search, path, false, add, err);
	note_absent(search, name);
	return 0;
}

/* A file at its usual place: fine where it is not there. */
static int add_usual_file(struct search *search, const char *folder, const char *name, add_fn add,
			  struct err *err)
{
	CLEAN_BUF struct buf path = BUF_INIT(PATH_LEN_MAX);
	struct err why = ERR_INIT;

	buf_add_str(&path, folder);
	buf_add_char(&path, '/');
	buf_add(&path, name, strlen(name) + 1);
	if (buf_check(&path, &why) < 0) {
		(void)err_wrap(&why, "path of '%s'", name);
		return note(search, &why, err);
	}
	return add_file(search, (const char *)path.data, true, add, err);
}

static int add_ssh_folder(struct search *search, struct err *err)
{
	const char *home = getenv("HOME");

	if (!home || !*home)
		return 0;
	if (add_usual_file(search, home, ".ssh/id_ed25519", keyring_add_ssh, err) < 0)
		return -1;
	return add_usual_file(search, home, ".ssh/id_rsa", keyring_add_ssh, err);
}

static int add_key_variable(struct search *search, struct err *err)
{
	const char *value = getenv(ENV_KEY);

	if (value)
		return add_text(search, span_str(value), keyring_add_age_words, ENV_KEY, err);
	note_absent(search, ENV_KEY);
	return 0;
}

static int add_command(struct search *search, const char *name, bool ssh, struct err *err)
{
	struct span environment[ARRAY_LEN(variables) - 1];
	struct keys_command command = {.name = name, .ssh = ssh, .environment = environment};
	const char *line = getenv(name);
	struct err why = ERR_INIT;
	size_t i;

	if (!line) {
		note_absent(search, name);
		return 0;
	}
	if (search->ring->host && search->ring->host->no_programs) {
		(void)err_set(&why, ERR_POLICY, "%s is not run: no program may be started here",
			      name);
		return note(search, &why, err);
	}
	command.line = span_str(line);
	for (i = 1; i < ARRAY_LEN(variables); i++) {
		char **entry = variables_find(environ, variables[i]);

		if (entry)
			environment[command.environment_count++] = span_str(*entry);
	}
	if (keys_command_add(search->ring, &command, &why) < 0)
		return note(search, &why, err);
	return 0;
}

/* Go: os.UserConfigDir: XDG_CONFIG_HOME must be absolute where it is set. */
static int add_config_file(struct search *search, struct err *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct err why = ERR_INIT;

	if (config && *config) {
		if (*config == '/')
			return add_usual_file(search, config, "sops/age/keys.txt", keyring_add_age,
					      err);
		(void)err_set(&why, ERR_USAGE, "path in XDG_CONFIG_HOME is relative");
		return note(search, &why, err);
	}
	if (!home || !*home)
		return 0;
	return add_usual_file(search, home, ".config/sops/age/keys.txt", keyring_add_age, err);
}

static int search_all(struct search *search, struct err *err)
{
	if (add_named_file(search, ENV_SSH_FILE, keyring_add_ssh, err) < 0 ||
	    add_command(search, ENV_SSH_CMD, true, err) < 0 || add_ssh_folder(search, err) < 0 ||
	    add_key_variable(search, err) < 0 ||
	    add_named_file(search, ENV_KEY_FILE, keyring_add_age, err) < 0 ||
	    add_command(search, ENV_KEY_CMD, false, err) < 0)
		return -1;
	return add_config_file(search, err);
}

void keys_ambient_forget(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(variables); i++)
		variables_forget(variables[i]);
}

int keys_ambient(struct keyring *ring, struct err *err)
{
	struct search search = {.ring = ring, .absent = BUF_INIT(ABSENT_MAX)};
	struct err text = ERR_INIT;
	int status = search_all(&search, err);

	/* The user's PGP keyring costs nothing before a document asks for a PGP key. */
	if (status == 0 && ring->host && !ring->host->no_programs)
		status = key_gpg_add_user(ring, err);
	if (!keyring_age_count(ring))
		ring->no_age_hint =
			"SOPS_AGE_KEY_FILE=FILE names the file with your age key, as for "
			"sops";
	if (status == 0 && search.absent.len && !search.absent.bad) {
		(void)err_set(&text, ERR_NO_KEY, "found no age keys in %.*s",
			      (int)search.absent.len, (const char *)search.absent.data);
		keyring_note(ring, text.msg);
	}
	buf_release(&search.absent);
	return status < 0 ? -1 : keys_network(ring, false, err);
}
