/* SPDX-License-Identifier: Apache-2.0
 *
 * The public library on decrypt.h; see krmsops.h. Nothing happens here but the change of types: what is refused is refused below.
 */
#include "krmsops.h"

#include "base/wipe.h"
#include "decrypt.h"

#include <stdio.h>
#include <stdlib.h>

struct krmsops {
	struct keyring ring;
	struct err err;
};

/* The numbers of errors in the API stay what they are, whatever becomes of the codes inside. */
static enum krmsops_status status_of(enum err_code code)
{
	switch (code) {
	case ERR_NONE:
		return KRMSOPS_OK;
	case ERR_USAGE:
		return KRMSOPS_USAGE;
	case ERR_FORMAT:
		return KRMSOPS_FORMAT;
	case ERR_UNSUPPORTED:
		return KRMSOPS_UNSUPPORTED;
	case ERR_LIMIT:
		return KRMSOPS_LIMIT;
	case ERR_VALUE:
		return KRMSOPS_VALUE;
	case ERR_MAC:
		return KRMSOPS_MAC;
	case ERR_EMIT:
		return KRMSOPS_EMIT;
	case ERR_NO_KEY:
	case ERR_DENIED:
	case ERR_UNREACHABLE:
		return KRMSOPS_NO_KEY;
	case ERR_NOMEM:
		return KRMSOPS_NO_MEMORY;
	case ERR_SYSTEM:
		return KRMSOPS_SYSTEM;
	default:
		return KRMSOPS_BUG;
	}
}

static bool format_of(enum krmsops_format format, enum doc_format *ret_format)
{
	static const enum doc_format formats[] = {
		[KRMSOPS_YAML] = DOC_YAML,     [KRMSOPS_JSON] = DOC_JSON,
		[KRMSOPS_DOTENV] = DOC_DOTENV, [KRMSOPS_INI] = DOC_INI,
		[KRMSOPS_BINARY] = DOC_BINARY,
	};

	if (format < KRMSOPS_YAML || format > KRMSOPS_BINARY)
		return false;
	*ret_format = formats[format];
	return true;
}

PUBLIC const char *krmsops_version(void)
{
	return KRMSOPS_VERSION;
}

PUBLIC struct krmsops *krmsops_new(void)
{
	struct krmsops *ks = calloc(1, sizeof(*ks));

	if (!ks)
		return NULL;
	ks->ring = (struct keyring)KEYRING_INIT;
	if (secret_init(&ks->err) < 0) {
		free(ks);
		return NULL;
	}
	return ks;
}

PUBLIC void krmsops_free(struct krmsops *ks)
{
	if (!ks)
		return;
	keyring_release(&ks->ring);
	wipe_free(ks, sizeof(*ks));
}

PUBLIC enum krmsops_status krmsops_add_age(struct krmsops *ks, const void *identities, size_t len,
					   const char *source)
{
	ks->err = (struct err)ERR_INIT;
	if (keyring_add_age(&ks->ring, span_of(identities, len), source, &ks->err) < 0)
		return status_of(ks->err.code);
	return KRMSOPS_OK;
}

PUBLIC enum krmsops_status krmsops_add_ssh(struct krmsops *ks, const void *pem, size_t len,
					   const char *source)
{
	ks->err = (struct err)ERR_INIT;
	if (keyring_add_ssh(&ks->ring, span_of(pem, len), source, &ks->err) < 0)
		return status_of(ks->err.code);
	return KRMSOPS_OK;
}

PUBLIC enum krmsops_status krmsops_add_pgp(struct krmsops *ks, const void *keys, size_t len,
					   const char *source)
{
	ks->err = (struct err)ERR_INIT;
	if (keyring_add_pgp(&ks->ring, span_of(keys, len), source, &ks->err) < 0)
		return status_of(ks->err.code);
	return KRMSOPS_OK;
}

static int prepare(const struct krmsops_job *from, struct decrypt_job *to, struct err *err)
{
	to->input = span_of(from->data, from->len);
	if (!format_of(from->in, &to->in_format) || !format_of(from->out, &to->out_format))
		return err_set(err, ERR_USAGE, "a job names no format that there is");
	to->mac = from->flags & KRMSOPS_IGNORE_MAC ? DECRYPT_MAC_IGNORE : DECRYPT_MAC_VERIFY;
	to->no_output = from->flags & KRMSOPS_NO_OUTPUT;
	return 0;
}

/* Hands the output over: it stays in the job's own memory, wiped on release. */
static void give_output(struct decrypt_job *from, struct krmsops_job *to)
{
	to->output = from->output.data;
	to->output_len = from->output.len;
	to->output_size = from->output.cap;
	from->output = (struct buf)BUF_INIT(from->output.limit);
}

static enum krmsops_status give(struct decrypt_job *from, const struct err *all,
				struct krmsops_job *to)
{
	const struct err err = err_joined(from->err ? from->err : all);
	size_t size = strlen(err.msg) + 1;

	to->mac_bad = from->mac_bad;
	if (from->done) {
		give_output(from, to);
		return to->status = KRMSOPS_OK;
	}
	to->error = malloc(size);
	if (!to->error)
		return to->status = KRMSOPS_NO_MEMORY;
	memcpy(to->error, err.msg, size);
	return to->status = status_of(err.code);
}

static int run(struct krmsops *ks, const struct krmsops_job *jobs, struct decrypt_job *inner,
	       size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (prepare(&jobs[i], &inner[i], &ks->err) < 0)
			return -1;
	}
	return decrypt_run(inner, n, &ks->ring, NULL, &ks->err);
}

PUBLIC enum krmsops_status krmsops_decrypt(struct krmsops *ks, struct krmsops_job *jobs, size_t n)
{
	struct decrypt_job *inner = calloc(n ? n : 1, sizeof(*inner));
	enum krmsops_status status = KRMSOPS_OK, one;
	size_t i;

	ks->err = (struct err)ERR_INIT;
	for (i = 0; i < n; i++)
		krmsops_job_release(&jobs[i]);
	if (!inner) {
		(void)err_nomem(&ks->err);
		for (i = 0; i < n; i++)
			jobs[i].status = KRMSOPS_NO_MEMORY;
		return KRMSOPS_NO_MEMORY;
	}
	if (run(ks, jobs, inner, n) < 0)
		status = status_of(ks->err.code);
	ks->err = err_joined(&ks->err);
	for (i = 0; i < n; i++) {
		one = give(&inner[i], &ks->err, &jobs[i]);
		status = status ? status : one;
		decrypt_job_release(&inner[i]);
	}
	wipe_free(inner, (n ? n : 1) * sizeof(*inner));
	return status;
}

PUBLIC void krmsops_job_release(struct krmsops_job *job)
{
	if (!job)
		return;
	wipe_free(job->output, job->output_size);
	free(job->error);
	job->output = NULL;
	job->output_len = job->output_size = 0;
	job->error = NULL;
	job->status = KRMSOPS_OK;
	job->mac_bad = 0;
}

PUBLIC const char *krmsops_error(const struct krmsops *ks)
{
	return ks->err.msg;
}

PUBLIC const char *krmsops_hint(const struct krmsops *ks)
{
	return ks->err.hint;
}

PUBLIC enum krmsops_format krmsops_format_of_name(const char *name)
{
	switch (doc_format_of_path(span_str(name))) {
	case DOC_YAML:
		return KRMSOPS_YAML;
	case DOC_JSON:
		return KRMSOPS_JSON;
	case DOC_DOTENV:
		return KRMSOPS_DOTENV;
	case DOC_INI:
		return KRMSOPS_INI;
	default:
		return KRMSOPS_BINARY;
	}
}
