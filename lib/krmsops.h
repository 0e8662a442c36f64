/* SPDX-License-Identifier: Apache-2.0
 *
 * libkrmsops: SOPS documents to plaintext, byte for byte as `sops decrypt` 3.13.3 prints them.
 *
 *	struct krmsops *ks = krmsops_new();
 *	struct krmsops_job job = {.data = bytes, .len = len, .in = KRMSOPS_YAML, .out = KRMSOPS_YAML};
 *
 *	if (!ks || krmsops_add_age(ks, keys, keys_len, "keys.txt") || krmsops_decrypt(ks, &job, 1))
 *		fprintf(stderr, "%s\n", ks ? krmsops_error(ks) : "out of memory");
 *	else
 *		use(job.output, job.output_len);
 *	krmsops_job_release(&job);
 *	krmsops_free(ks);
 *
 * The library reads no environment, no file and no network, prints nothing, and starts no thread. A context is used by one thread at a
 * time; different contexts are independent. Keys lie in locked memory till krmsops_free(), plaintext till krmsops_job_release(); both are
 * wiped then. Bytes that are handed in are not kept, but `data` of a job until its krmsops_decrypt() returns.
 */
#ifndef KRMSOPS_H
#define KRMSOPS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Functions return KRMSOPS_OK or why not. What to do about it decides the code; the text is krmsops_error()'s, or the job's. */
enum krmsops_status {
	KRMSOPS_OK = 0,
	KRMSOPS_USAGE = 1,  /* an argument is wrong: a format, a decryption order */
	KRMSOPS_FORMAT = 2, /* the document, its metadata or a key can not be read */
	KRMSOPS_UNSUPPORTED =
		3, /* well formed, but nothing that this library does: a key with a passphrase, ... */
	KRMSOPS_LIMIT = 4, /* too large, too deep, too many */
	KRMSOPS_VALUE =
		5, /* a value does not open: changed, moved, in the clear, or the data key is another */
	KRMSOPS_MAC =
		6, /* the MAC is missing or wrong: somebody without the key changed the document */
	KRMSOPS_EMIT = 7,   /* the plaintext can not be written in the output format */
	KRMSOPS_NO_KEY = 8, /* none of the context's keys opens the document */
	KRMSOPS_NO_MEMORY = 9,
	KRMSOPS_SYSTEM = 10, /* the crypto library or the system failed */
	KRMSOPS_BUG = 11,    /* a promise inside the library was broken: please report it */
};

enum krmsops_format {
	KRMSOPS_YAML = 1,
	KRMSOPS_JSON = 2,
	KRMSOPS_DOTENV = 3,
	KRMSOPS_INI = 4,
	KRMSOPS_BINARY = 5,
};

enum krmsops_flag {
	KRMSOPS_IGNORE_MAC = 1 << 0, /* take also what was changed without the key; mac_bad tells */
	KRMSOPS_NO_OUTPUT = 1 << 1,  /* open and authenticate only */
};

struct krmsops; /* a context: keys, and the last error */

/* One document. Zero all of it, then set "in". */
struct krmsops_job {
	/* in */
	const void *data; /* the encrypted document */
	size_t len;
	enum krmsops_format in, out;
	unsigned flags; /* of krmsops_flag */
	/* out: set by krmsops_decrypt(), released by krmsops_job_release() */
	enum krmsops_status status;
	char *error; /* one line, NUL-terminated, without secrets; NULL where status is KRMSOPS_OK */
	void *output; /* the plaintext, not NUL-terminated; NULL where there is none */
	size_t output_len;
	int mac_bad;        /* KRMSOPS_IGNORE_MAC was set and the MAC is missing or wrong */
	size_t output_size; /* the library's own */
	void *reserved[3];
};

/* "0.1.0" */
const char *krmsops_version(void);

/* A context without keys. NULL: no memory, or libsodium did not start. */
struct krmsops *krmsops_new(void);

/* Wipes the keys and frees. NULL is fine. */
void krmsops_free(struct krmsops *ks);

/* Adds the identities of an age identity file: lines of AGE-SECRET-KEY-1..., AGE-SECRET-KEY-PQ-1..., blank lines and # comments. `source`
 * names them in messages. A text without identities is fine and adds none.
 * KRMSOPS_FORMAT (the line is told, never its text), KRMSOPS_UNSUPPORTED (a plugin's identity, an encrypted identity file), KRMSOPS_LIMIT,
 * KRMSOPS_NO_MEMORY. */
enum krmsops_status krmsops_add_age(struct krmsops *ks, const void *identities, size_t len,
				    const char *source);

/* Adds an SSH private key without a passphrase (ed25519 or RSA; OpenSSH's container, PKCS#1 or PKCS#8) as an age identity.
 * KRMSOPS_FORMAT, KRMSOPS_UNSUPPORTED (a passphrase, another algorithm), KRMSOPS_LIMIT, KRMSOPS_NO_MEMORY. */
enum krmsops_status krmsops_add_ssh(struct krmsops *ks, const void *pem, size_t len,
				    const char *source);

/* Adds OpenPGP secret keys without a passphrase (RSA, Curve25519), armored or not, several if need be: what `gpg --export-secret-keys` writes. Keys
 * of other kinds in it are left out, public keys add none. No program is started and no file is made.
 * KRMSOPS_FORMAT, KRMSOPS_LIMIT, KRMSOPS_NO_MEMORY. */
enum krmsops_status krmsops_add_pgp(struct krmsops *ks, const void *keys, size_t len,
				    const char *source);

/* Decrypts n documents. Their data keys are opened together, equal ones once, so give it all that there is. A document that fails does not
 * stop the others; the status is that of the first one that failed, and so is krmsops_error().
 * Any status; KRMSOPS_USAGE (a job names no format that there is), KRMSOPS_NO_MEMORY and KRMSOPS_SYSTEM may concern all: the jobs that are
 * not done then have that status too. */
enum krmsops_status krmsops_decrypt(struct krmsops *ks, struct krmsops_job *jobs, size_t n);

/* Wipes and frees what krmsops_decrypt() has put into the job; "in" stays. Twice is fine, NULL is fine. */
void krmsops_job_release(struct krmsops_job *job);

/* Why the last call on this context failed: one line, lower case, no full stop, no secrets, valid till the next call. "" before one failed. */
const char *krmsops_error(const struct krmsops *ks);

/* What could be done about it: one line, or "". */
const char *krmsops_hint(const struct krmsops *ks);

/* The format that sops takes for a file of that name: by the suffixes .yaml .yml .json .env .ini, else binary. */
enum krmsops_format krmsops_format_of_name(const char *name);

#ifdef __cplusplus
}
#endif

#endif
