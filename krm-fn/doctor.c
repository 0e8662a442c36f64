/* SPDX-License-Identifier: Apache-2.0
 *
 * The checks of a place; see doctor.h.
 */
#include "doctor.h"

#include "command.h"
#include "doctor_trial.h"
#include "find_program.h"
#include "guess.h"
#include "json_text.h"

#include "base/text.h"
#include "base/wipe.h"
#include "decrypt.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF         "/proc/self/exe"
#define FLAG_PLUGINS "--enable-alpha-plugins"
#define FLAG_EXEC    "--enable-exec"

enum {
	COMPARE_STEP = 64 * 1024, /* bytes of two programs compared at a time */
	NAMES_MAX = 512,          /* bytes of a list of variables in a message */
};

PRINTF_LIKE(4, 5)
static struct err *say(struct doctor *doctor, const char *check, enum doctor_state state,
		       const char *fmt, ...)
{
	struct doctor_finding *found = &doctor->found[doctor->count];
	char text[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	doctor->count += doctor->count < DOCTOR_FINDINGS_MAX - 1;
	found->check = check;
	found->state = state;
	(void)err_set(&found->said, ERR_NONE, "%s", text);
	return &found->said;
}

static int gap(struct doctor *doctor, const char *check, const struct err *why)
{
	struct err *said = say(doctor, check, DOCTOR_GAP, "%s", why->msg);

	memcpy(said->hint, why->hint, sizeof(said->hint));
	return 1;
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A copy counts: `install` makes one. */
static bool is_our_program(const char *path)
{
	CLEANUP(close_fd) int one = open(SELF, O_RDONLY | O_CLOEXEC);
	CLEANUP(close_fd) int two = open(path, O_RDONLY | O_CLOEXEC);
	static char a[COMPARE_STEP], b[COMPARE_STEP];
	struct stat ours, theirs;
	off_t at = 0;
	ssize_t got;

	if (one < 0 || two < 0 || fstat(one, &ours) < 0 || fstat(two, &theirs) < 0)
		return false;
	if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		return true;
	if (ours.st_size != theirs.st_size)
		return false;
	for (; at < ours.st_size; at += got) {
		got = pread(one, a, sizeof(a), at);
		if (got <= 0 || pread(two, b, (size_t)got, at) != got ||
		    memcmp(a, b, (size_t)got) != 0)
			return false;
	}
	return true;
}

static int check_program(struct doctor *doctor)
{
	char path[PATH_MAX];
	struct err *said;

	if (!find_program(doctor->name, path)) {
		said = say(doctor, "program", DOCTOR_GAP, "no '%s' on PATH", doctor->name);
		(void)err_hint(said, "put this program there: krm-sops install DIR");
		return 1;
	}
	if (!is_our_program(path)) {
		said = say(doctor, "program", DOCTOR_GAP,
			   "'%s' is another program than this one, or another version of it",
			   text_quote(span_str(path)).text);
		(void)err_hint(said, "functions that name '%s' would run that one", doctor->name);
		return 1;
	}
	(void)say(doctor, "program", DOCTOR_OK, "%s", text_quote(span_str(path)).text);
	return 0;
}

static int check_home(struct doctor *doctor)
{
	const char *home = getenv("HOME");

	if (!home || !*home)
		(void)say(doctor, "home", DOCTOR_NOTE,
			  "HOME is not set: keys below it are not looked for");
	else if (access(home, R_OK | X_OK) < 0)
		(void)say(doctor, "home", DOCTOR_NOTE,
			  "'%s' can not be read: keys below it are not found",
			  text_quote(span_str(home)).text);
	else
		(void)say(doctor, "home", DOCTOR_OK, "%s; nothing is written there",
			  text_quote(span_str(home)).text);
	return 0;
}

static int check_tmp(struct doctor *doctor, struct doctor_trial *trial)
{
	struct err err = ERR_INIT;

	if (doctor_trial_open(trial, &err) < 0)
		return gap(doctor, "tmp", &err);
	(void)say(doctor, "tmp", DOCTOR_OK, "%s can be written to",
		  text_quote(span_str(trial->parent)).text);
	return 0;
}

static int check_kustomize(struct doctor *doctor, struct doctor_trial *trial)
{
	struct err err = ERR_INIT;

	if (!find_program(doctor->kustomize, trial->kustomize)) {
		(void)err_set(&err, ERR_NOT_FOUND, "no '%s' on PATH",
			      text_quote(span_str(doctor->kustomize)).text);
		(void)err_hint(&err, "krm-sops install --with-kustomize DIR, or --kustomize FILE");
		return gap(doctor, "kustomize", &err);
	}
	if (doctor_trial_version(trial, &err) < 0)
		return gap(doctor, "kustomize", &err);
	(void)say(doctor, "kustomize", DOCTOR_OK, "%s, version %s",
		  text_quote(span_str(trial->kustomize)).text, trial->version);
	return 0;
}

/* Either flag says that functions are meant to run. */
static bool runs_functions(const struct doctor *doctor)
{
	size_t i;

	for (i = 0; doctor->flags[i]; i++) {
		if (strncmp(doctor->flags[i], FLAG_PLUGINS, strlen(FLAG_PLUGINS)) == 0 ||
		    strncmp(doctor->flags[i], FLAG_EXEC, strlen(FLAG_EXEC)) == 0)
			return true;
	}
	return false;
}

static int check_flags(struct doctor *doctor, const struct doctor_trial *trial)
{
	struct err err = ERR_INIT;
	bool ran = false;

	if (doctor_trial_build(trial, runs_functions(doctor) ? doctor->name : NULL, doctor->flags,
			       &ran, &err) < 0)
		return gap(doctor, "flags", &err);
	if (!runs_functions(doctor)) {
		(void)say(doctor, "flags", DOCTOR_OK, "a build without functions works");
		return 0;
	}
	if (!ran) {
		(void)err_set(&err, ERR_USAGE, "kustomize skips the function in silence");
		(void)err_hint(&err, "it needs both " FLAG_PLUGINS " and " FLAG_EXEC);
		return gap(doctor, "flags", &err);
	}
	(void)say(doctor, "flags", DOCTOR_OK, "kustomize runs the function");
	return 0;
}

/* What names a place of keys must name one that can be read; a document that needs no such key would hide it. */
static int check_named_places(struct doctor *doctor)
{
	static const char *const variables[] = {"SOPS_AGE_KEY_FILE",
						"SOPS_AGE_SSH_PRIVATE_KEY_FILE"};
	const struct options *options = &doctor->session->options;
	const char *paths[2 + ARRAY_LEN(variables) + OPTIONS_KEY_SECRETS_MAX] = {
		options->keys, options->keys_flat};
	struct err err = ERR_INIT;
	size_t n = 2, i;

	for (i = 0; i < ARRAY_LEN(variables); i++)
		paths[n++] = getenv(variables[i]);
	for (i = 0; i < options->key_secret_count; i++)
		paths[n++] = options->key_secrets[i];
	for (i = 0; i < n; i++) {
		if (!paths[i] || access(paths[i], R_OK) == 0)
			continue;
		(void)err_errno(&err, "the key '%s' can not be read",
				text_quote(span_str(paths[i])).text);
		(void)err_hint(&err, "is the Secret mounted, for user %d?", (int)geteuid());
		return gap(doctor, "key", &err);
	}
	return 0;
}

static int check_keys(struct doctor *doctor)
{
	struct session *session = doctor->session;
	struct err err = ERR_INIT;
	size_t identities;

	if (check_named_places(doctor))
		return 1;
	if (session_start(session, doctor->config, &err) < 0 ||
	    session_keys(session, doctor->config, NULL, 0, &err) < 0)
		return gap(doctor, "key", &err);
	identities = keyring_age_count(&session->ring);
	/* The others, GnuPG and what stands behind a network, tell nothing before a document needs them. */
	(void)say(doctor, "key", identities ? DOCTOR_OK : DOCTOR_NOTE, "%zu age identit%s%s",
		  identities, identities == 1 ? "y" : "ies",
		  identities ? "" : ": whether another source has a key only a sample can tell");
	return 0;
}

static int open_sample(struct doctor *doctor, struct buf *text, struct err *err)
{
	CLEANUP(decrypt_job_release)
	struct decrypt_job job = {.label = doctor->sample, .no_output = true};

	if (command_read(doctor->sample, text, err) < 0)
		return -1;
	job.input = buf_span(text);
	job.in_format = job.out_format = guess_format(span_str(doctor->sample), job.input);
	return decrypt_run(&job, 1, &doctor->session->ring, NULL, err);
}

static int check_sample(struct doctor *doctor)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	struct err err = ERR_INIT;

	if (!doctor->sample) {
		(void)say(doctor, "sample", DOCTOR_NOTE, "no file was given to open");
		return 0;
	}
	if (open_sample(doctor, &text, &err) < 0) {
		err = err_joined(&err);
		return gap(doctor, "sample", &err);
	}
	(void)say(doctor, "sample", DOCTOR_OK, "%s opens, and its MAC is right",
		  text_quote(span_str(doctor->sample)).text);
	return 0;
}

/* Whatever a kustomization names under exec: runs as we do, and reads what we read. Asked before keys_ambient() takes the variables away. */
static void list_credentials(const struct options *options, char names[static NAMES_MAX])
{
	static const char *const variables[] = {
		"SOPS_AGE_KEY",
		"SOPS_AGE_KEY_FILE",
		"SOPS_AGE_KEY_CMD",
		"SOPS_AGE_SSH_PRIVATE_KEY_FILE",
		"SOPS_AGE_SSH_PRIVATE_KEY_CMD",
		"KRM_SOPS_KEYS",
		"KRM_SOPS_KEYS_FLAT",
		"KRM_SOPS_KEY_SECRET",
		"GNUPGHOME",
		"VAULT_TOKEN",
		"AWS_ACCESS_KEY_ID",
		"AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"GOOGLE_APPLICATION_CREDENTIALS",
		"AZURE_CLIENT_SECRET",
		"AZURE_FEDERATED_TOKEN_FILE",
	};
	size_t len = 0, i;

	names[0] = '\0';
	for (i = 0; i < ARRAY_LEN(variables); i++) {
		const char *value = getenv(variables[i]);
		int more;

		if (!value || !*value)
			continue;
		more = snprintf(names + len, NAMES_MAX - len, "%s%s", len ? ", " : "",
				variables[i]);
		len += more > 0 && (size_t)more < NAMES_MAX - len ? (size_t)more : 0;
	}
	if (!len && (options->keys || options->keys_flat || options->key_secret_count))
		(void)snprintf(names, NAMES_MAX, "the keys of the command line");
}

static int check_exec(struct doctor *doctor, const char *credentials)
{
	struct err *said;

	if (!runs_functions(doctor)) {
		(void)say(doctor, "exec", DOCTOR_OK, "kustomize runs no code of the repository");
		return 0;
	}
	said = say(doctor, "exec", doctor->accept_exec ? DOCTOR_NOTE : DOCTOR_GAP,
		   "with --enable-exec whoever writes to Git runs code beside %s",
		   *credentials ? credentials : "the keys of this user");
	if (doctor->accept_exec)
		return 0;
	(void)err_hint(said, "build without functions (`krm-sops build .`), or say "
			     "--accept-exec where every writer to Git may read the keys");
	return 1;
}

int doctor_run(struct doctor *doctor, struct err *err)
{
	CLEAN_DOCTOR_TRIAL struct doctor_trial *trial = doctor_trial_new(err);
	char credentials[NAMES_MAX];
	int r;

	if (!trial)
		return -1;
	list_credentials(&doctor->session->options, credentials);
	r = check_program(doctor);
	if (!r)
		r = check_home(doctor);
	if (!r)
		r = check_tmp(doctor, trial);
	if (!r)
		r = check_kustomize(doctor, trial);
	if (!r)
		r = check_flags(doctor, trial);
	if (!r)
		r = check_keys(doctor);
	if (!r)
		r = check_sample(doctor);
	if (!r)
		r = check_exec(doctor, credentials);
	return r;
}

static const char *const states[] = {"ok", "note", "gap"};

void doctor_text(const struct doctor *doctor, struct buf *out)
{
	size_t i;

	for (i = 0; i < doctor->count; i++) {
		const struct doctor_finding *found = &doctor->found[i];

		buf_printf(out, "%-5s %s: %s\n", states[found->state], found->check,
			   found->said.msg);
		if (found->said.hint[0])
			buf_printf(out, "      hint: %s\n", found->said.hint);
	}
}

void doctor_json(const struct doctor *doctor, struct buf *out)
{
	bool bad = doctor->count && doctor->found[doctor->count - 1].state == DOCTOR_GAP;
	size_t i;

	buf_printf(out, "{\"ok\": %s, \"checks\": [", bad ? "false" : "true");
	for (i = 0; i < doctor->count; i++) {
		const struct doctor_finding *found = &doctor->found[i];

		buf_printf(out,
			   "%s{\"check\": \"%s\", \"state\": \"%s\", \"text\": ", i ? ", " : "",
			   found->check, states[found->state]);
		json_text_add_lossy(span_str(found->said.msg), out);
		buf_add_str(out, ", \"hint\": ");
		json_text_add_lossy(span_str(found->said.hint), out);
		buf_add_char(out, '}');
	}
	buf_add_str(out, "]}\n");
}
