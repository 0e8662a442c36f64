/* SPDX-License-Identifier: Apache-2.0
 *
 * The data keys of a decryption Secret; see key_data.h. Names are told apart by case, and what is not known is ignored, as Flux does.
 */
#include "key_data.h"

#include "base/text.h"
#include "keys.h"
#include "keys_aws.h"
#include "keys_clouds.h"
#include "keys/key_vault.h"

#include <stdarg.h>
#include <stdio.h>

enum { SOURCE_MAX = 1024 /* bytes of "NAMESPACE/NAME/KEY", quoted */ };

static int import_age(const struct key_data *secret, struct span name, struct span value,
		      struct err *err);
static int import_pgp(const struct key_data *secret, struct span name, struct span value,
		      struct err *err);

static int import_vault_token(const struct key_data *secret, struct span name, struct span value,
			      struct err *err)
{
	return key_vault_add_token(secret->ring, secret->secret, value, err);
}

static int import_vault_address(const struct key_data *secret, struct span name, struct span value,
				struct err *err)
{
	return key_vault_add_address(secret->ring, secret->secret, value, err);
}

/* How a data key is known, and what it holds. */
static const struct kind {
	const char *name;
	bool suffix;     /* any name that ends so; else exactly this one */
	bool credential; /* of a cloud or of Vault: never from the function's input */
	const char *what;
	int (*import)(const struct key_data *secret, struct span name, struct span value,
		      struct err *err); /* NULL: this build has no service for it */
} kinds[] = {
	{".agekey", true, false, "age identities", import_age},
	{".asc", true, false, "PGP keys", import_pgp},
	{"sops.vault-token", false, true, "Vault tokens", import_vault_token},
	{"sops.vault-addr", false, true, "Vault addresses", import_vault_address},
	{"sops.aws-kms", false, true, "AWS KMS credentials", keys_aws_import},
	{"sops.azure-kv", false, true, "Azure Key Vault credentials", keys_clouds_import_azure},
	{"sops.gcp-kms", false, true, "Google Cloud KMS credentials", keys_clouds_import_gcp},
};

static const struct kind *kind_of(struct span name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].suffix ? span_ends(name, span_str(kinds[i].name))
				    : span_is(name, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
}

bool key_data_known(struct span name)
{
	return kind_of(name) != NULL;
}

/* One clause of what the ring says when no key opens a document. */
static void note(struct keyring *ring, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void note(struct keyring *ring, const char *fmt, ...)
{
	char clause[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(clause, sizeof(clause), fmt, ap);
	va_end(ap);
	keyring_note(ring, clause);
}

/* Flux takes an AGE-PLUGIN- line as an identity that opens nothing, as it has no plugins; so do we, and say so. The line stays as an empty
 * one, so that numbers of lines in messages are the file's. */
static bool blank_plugins(struct span value, struct buf *ret)
{
	bool found = false;
	size_t at, end;

	for (at = 0; at < value.len; at = end + 1) {
		struct span line;

		end = span_find(value, at, '\n');
		line = span_sub(value, at, end - at);
		if (span_starts(line, SPAN("AGE-PLUGIN-")))
			found = true;
		else
			buf_add_span(ret, line);
		if (end < value.len)
			buf_add_char(ret, '\n');
	}
	return found;
}

/* "NAMESPACE/NAME/KEY" and a NUL. */
static void add_source(const struct key_data *secret, struct span name, struct buf *out)
{
	buf_printf(out, "%s/%s", secret->secret, text_quote(name).text);
	buf_add_char(out, 0);
}

static int import_age(const struct key_data *secret, struct span name, struct span value,
		      struct err *err)
{
	CLEAN_BUF struct buf usable = BUF_INIT(KEYS_SECRET_MAX);
	CLEAN_BUF struct buf source = BUF_INIT(SOURCE_MAX);

	add_source(secret, name, &source);
	if (blank_plugins(value, &usable))
		note(secret->ring, "age plugins named in '%s' of Secret '%s' are not run",
		     text_quote(name).text, secret->secret);
	if (buf_check(&usable, err) < 0 || buf_check(&source, err) < 0)
		return -1;
	return keyring_add_age(secret->ring, buf_span(&usable), (const char *)source.data, err);
}

/* Flux runs `gpg --import` on it. */
static int import_pgp(const struct key_data *secret, struct span name, struct span value,
		      struct err *err)
{
	CLEAN_BUF struct buf source = BUF_INIT(SOURCE_MAX);

	add_source(secret, name, &source);
	if (buf_check(&source, err) < 0)
		return -1;
	return keyring_add_pgp(secret->ring, value, (const char *)source.data, err);
}

int key_data_import(const struct key_data *secret, struct span name, struct span value,
		    struct err *err)
{
	const struct kind *kind = kind_of(name);

	if (!kind || (secret->age_only && kind->import != import_age))
		return 0;
	if (kind->credential && secret->from_input) {
		(void)err_set(
			err, ERR_POLICY,
			"Secret '%s' of the function's own input holds '%s': %s are taken from "
			"the operator's side only",
			secret->secret, kind->name, kind->what);
		return err_hint(err,
				"put the Secret into a folder or file that --keys, --keys-flat or "
				"--key-secret names");
	}
	if (!kind->import || (kind->credential && !secret->ring->host)) {
		note(secret->ring, "%s are not supported here ('%s' of Secret '%s')", kind->what,
		     text_quote(name).text, secret->secret);
		return 0;
	}
	if (kind->import(secret, name, value, err) < 0)
		return err_wrap(err, "failed to import '%s' data from sops decryption Secret '%s'",
				text_quote(name).text, secret->secret);
	return 0;
}
