/* SPDX-License-Identifier: Apache-2.0
 *
 * The trial build; see doctor_trial.h. The function's config is one of KSOPS's that needs no file and no key.
 */
#include "doctor_trial.h"

#include "child.h"
#include "json_text.h"
#include "keys_read.h"

#include "base/buf.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SECONDS_MAX = 60,        /* for a build of two objects on a busy machine */
	FLAGS_MAX = 64,          /* of `kustomize build` */
	OUTPUT_MAX = 256 * 1024, /* bytes that are looked at */
	SHOWN_MAX = 300,         /* bytes of kustomize's own words in a message */
};

#define PLAIN    "krm-sops-doctor-plain"
#define MADE     "krm-sops-doctor-made"
#define TEMPLATE "/krm-sops-doctor-XXXXXX"

static const char *const files[] = {"kustomization.yaml", "plain.yaml", "generator.yaml"};

struct doctor_trial *doctor_trial_new(struct err *err)
{
	struct doctor_trial *trial = calloc(1, sizeof(*trial));

	if (!trial)
		(void)err_nomem(err);
	return trial;
}

int doctor_trial_open(struct doctor_trial *trial, struct err *err)
{
	const char *parent = getenv("TMPDIR");
	int made;

	made = snprintf(trial->parent, sizeof(trial->parent), "%s",
			parent && *parent ? parent : "/tmp");
	if (made < 0 || (size_t)made + sizeof(TEMPLATE) > sizeof(trial->folder))
		return err_set(err, ERR_LIMIT, "the path in TMPDIR is too long");
	memcpy(trial->folder, trial->parent, (size_t)made);
	memcpy(trial->folder + made, TEMPLATE, sizeof(TEMPLATE));
	if (mkdtemp(trial->folder))
		return 0;
	trial->folder[0] = '\0';
	(void)err_errno(err, "'%s' can not be written to",
			text_quote(span_str(trial->parent)).text);
	return err_hint(err, "mount an emptyDir there, or set TMPDIR");
}

static int open_in(const struct doctor_trial *trial, const char *name, int flags)
{
	int dir = open(trial->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir < 0)
		return -1;
	fd = openat(dir, name, flags | O_CLOEXEC, 0600);
	close(dir);
	return fd;
}

static int write_file(const struct doctor_trial *trial, const char *name, const struct buf *text,
		      struct err *err)
{
	int fd = open_in(trial, name, O_WRONLY | O_CREAT | O_TRUNC);
	ssize_t put;

	if (buf_check(text, err) < 0)
		return -1;
	if (fd < 0)
		return err_errno(err, "cannot create '%s/%s'", trial->folder, name);
	put = write(fd, text->data, text->len);
	if (close(fd) == 0 && put == (ssize_t)text->len)
		return 0;
	return err_errno(err, "cannot write '%s/%s'", trial->folder, name);
}

static int write_files(const struct doctor_trial *trial, const char *name, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(OUTPUT_MAX);

	buf_printf(&text, "resources: [plain.yaml]\n%s",
		   name ? "generators: [generator.yaml]\n" : "");
	if (write_file(trial, files[0], &text, err) < 0)
		return -1;
	buf_reset(&text);
	buf_add_str(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " PLAIN "}\n");
	if (write_file(trial, files[1], &text, err) < 0)
		return -1;
	if (!name)
		return 0;
	buf_reset(&text);
	buf_add_str(&text, "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: doctor\n"
			   "  annotations:\n    config.kubernetes.io/function: |\n"
			   "      exec: {path: ");
	json_text_add_lossy(span_str(name), &text);
	buf_add_str(&text, "}\nsecretFrom:\n- metadata: {name: " MADE "}\n");
	return write_file(trial, files[2], &text, err);
}

struct run {
	const struct doctor_trial *trial;
	char *const *words;
	int output, messages;
};

static int run_child(void *cookie, struct err *err)
{
	const struct run *run = cookie;
	const struct child child = {
		.words = run->words,
		.environment = environ,
		.folder = run->trial->folder,
		.output = run->output,
		.messages = run->messages,
	};
	pid_t pid;

	if (child_start(&child, &pid, err) < 0)
		return -1;
	return child_finish(pid, keys_read_clock() + (int64_t)SECONDS_MAX * 1000, err);
}

static int read_back(int fd, struct buf *ret, struct err *err)
{
	uint8_t *room = buf_room(ret, OUTPUT_MAX);
	ssize_t got;

	if (!room)
		return buf_check(ret, err);
	got = pread(fd, room, OUTPUT_MAX, 0);
	if (got < 0)
		return err_errno(err, "cannot read what kustomize said");
	ret->len += (size_t)got;
	return 0;
}

/* The last line of what it said is what went wrong. */
static struct quoted last_line(struct span text)
{
	size_t from;

	while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
		text.len--;
	for (from = text.len; from > 0 && text.data[from - 1] != '\n';)
		from--;
	return text_quote(span_sub(text, from, SHOWN_MAX));
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Runs kustomize in the trial's folder. */
static int run_kustomize(const struct doctor_trial *trial, char *const words[], struct buf *ret,
			 struct err *err)
{
	CLEANUP(close_fd) int output = memfd_create("output", MFD_CLOEXEC);
	CLEANUP(close_fd) int messages = memfd_create("messages", MFD_CLOEXEC);
	CLEAN_BUF struct buf said = BUF_INIT(2 * OUTPUT_MAX);
	struct run run = {trial, words, output, messages};

	if (output < 0 || messages < 0)
		return err_errno(err, "cannot make room for what kustomize says");
	if (child_with_signal(run_child, &run, err) == 0)
		return read_back(output, ret, err);
	(void)err_wrap(err, "'%s'", text_quote(span_str(trial->kustomize)).text);
	if (read_back(messages, &said, &(struct err)ERR_INIT) == 0 && said.len)
		(void)err_hint(err, "it says: %s", last_line(buf_span(&said)).text);
	return -1;
}

int doctor_trial_version(struct doctor_trial *trial, struct err *err)
{
	CLEAN_BUF struct buf out = BUF_INIT(2 * OUTPUT_MAX);
	char version[] = "version";
	char *words[] = {trial->kustomize, version, NULL};
	int made;

	if (run_kustomize(trial, words, &out, err) < 0)
		return -1;
	made = snprintf(trial->version, sizeof(trial->version), "%s",
			last_line(buf_span(&out)).text);
	if (made <= 0)
		return err_set(err, ERR_FORMAT, "'%s' tells no version",
			       text_quote(span_str(trial->kustomize)).text);
	return 0;
}

int doctor_trial_build(const struct doctor_trial *trial, const char *name, char *const flags[],
		       bool *ret_ran, struct err *err)
{
	CLEAN_BUF struct buf out = BUF_INIT(2 * OUTPUT_MAX);
	char build[] = "build", here[] = ".";
	char *words[FLAGS_MAX + 4] = {(char *)trial->kustomize, build};
	size_t n = 2, i;

	for (i = 0; flags[i]; i++) {
		if (i == FLAGS_MAX)
			return err_set(err, ERR_USAGE, "more than %d flags of kustomize",
				       FLAGS_MAX);
		words[n++] = flags[i];
	}
	words[n++] = here;
	words[n] = NULL;
	if (write_files(trial, name, err) < 0 || run_kustomize(trial, words, &out, err) < 0)
		return -1;
	if (span_search(buf_span(&out), SPAN(PLAIN)) == SIZE_MAX)
		return err_set(err, ERR_SYSTEM, "'%s' does not print what it is given",
			       text_quote(span_str(trial->kustomize)).text);
	*ret_ran = span_search(buf_span(&out), SPAN(MADE)) != SIZE_MAX;
	return 0;
}

void doctor_trial_close(struct doctor_trial **trial)
{
	size_t i;
	int dir;

	if (!*trial)
		return;
	dir = (*trial)->folder[0] ? open((*trial)->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	for (i = 0; dir >= 0 && i < ARRAY_LEN(files); i++)
		(void)unlinkat(dir, files[i], 0);
	if (dir >= 0) {
		close(dir);
		(void)rmdir((*trial)->folder);
	}
	free(*trial);
	*trial = NULL;
}
