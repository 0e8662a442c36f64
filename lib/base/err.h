/* SPDX-License-Identifier: Apache-2.0
 *
 * One error: what kind it is and one line for the user. The caller owns it and passes it as the last parameter; a function that
 * fails returns -1 and has filled it, one that succeeds has not touched it. Nothing here allocates, so running out of memory has
 * a message too. Context is put in front on the way up and the whole is printed once, at the edge.
 *
 * Messages: lower case, no full stop, what failed first, the subject in single quotes. Never a plaintext, token, key or ciphertext
 * body. Text that comes from input goes through text_quote().
 *
 * A message that lists things (what was tried for each key) has a line feed where its edge may begin a new line, behind "; " or ": ". Where a
 * message has to be one line, it is err_joined()'s.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/attr.h"

enum {
	ERR_MSG_MAX = 4096, /* bytes with the NUL; a longer message is cut, with "..." at its end */
	ERR_HINT_MAX = 384, /* likewise for the hint line */
};

/* What the caller does about it decides the code, not where it arose. */
enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,       /* the command line or functionConfig is wrong */
	ERR_FORMAT,      /* input that can not be read: syntax, metadata, ResourceList */
	ERR_UNSUPPORTED, /* well formed, but nothing we can do */
	ERR_LIMIT,       /* past a named limit */
	ERR_VALUE,  /* a value that should open and does not: tag, type, cleartext in its place */
	ERR_MAC,    /* the document's MAC is missing, can not be opened or does not match */
	ERR_EMIT,   /* the decrypted tree can not be written in the format asked for */
	ERR_NO_KEY, /* none of the keys at hand opens the document */
	ERR_DENIED, /* a key service said no */
	ERR_POLICY, /* refused by the operator's policy or by our own safety rules */
	ERR_UNREACHABLE, /* a key or service is not there now: worth another try */
	ERR_SYSTEM,      /* a system call failed */
	ERR_NOT_FOUND,   /* a named file or folder is not there */
	ERR_EXTRACT,     /* --extract path that can not be read */
	ERR_NOMEM,       /* out of memory */
	ERR_BUG,         /* a promise inside the program was broken */
};

struct err {
	enum err_code code;
	char msg[ERR_MSG_MAX];
	char hint[ERR_HINT_MAX]; /* "" where we know no advice */
};

#define ERR_INIT                 \
	{                        \
		.code = ERR_NONE \
	}

/* Sets code and message, drops an earlier hint. Always returns -1, so that `return err_set(...)` reads well. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the message, keeps code and hint. Always returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Sets the hint: one sentence that says what to do. Always returns -1. */
int err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ERR_NOMEM with its fixed text. Always returns -1. */
int err_nomem(struct err *err);

/* "reading 'file': No such file or directory" from errno; ERR_NOT_FOUND for ENOENT and ENOTDIR, else ERR_SYSTEM. errno is read on
 * entry. Always returns -1. */
int err_errno(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same error with its message on one line. */
struct err err_joined(const struct err *err);

/* The program's exit status for a code: 1 error in the data, 2 usage, 75 worth another try, 77 refused by policy (design.md). */
int err_exit_status(enum err_code code);

#endif
