/* SPDX-License-Identifier: Apache-2.0
 *
 * What `krm-sops check` is made of: files (check_file.c), what a repository's rules say of them (check_clear.c), streams of manifests
 * (check_stream.c), secret keys (check_key.c), what data keys are wrapped in (check_box.c), keys (check_keys.c), and the findings that all of them add to (check_findings.c).
 */
#ifndef CHECK_H
#define CHECK_H

#include "creation_cache.h"
#include "paths.h"

#include "decrypt.h"
#include "sops/regex.h"

struct finding {
	const char *path;
	uint32_t line;                /* 0: none */
	const char *kind, *ns, *name; /* of the Kubernetes object; NULL where there is none */
	const char *field;            /* NULL: the whole file or object */
	const char *what;
};

struct findings {
	struct arena arena;
	struct finding *list;
	size_t count, room;
};

#define FINDINGS_ARENA_MAX ((size_t)1024 * 1024 * 1024) /* a million findings */
#define FINDINGS_INIT                                   \
	{                                               \
		.arena = ARENA_INIT(FINDINGS_ARENA_MAX) \
	}
#define CLEAN_FINDINGS CLEANUP(findings_release)

/* Where a finding is. */
struct finding_at {
	const char *path;
	uint32_t line;
	const struct doc_node *item; /* NULL, or a map that may be a Kubernetes object */
	struct span field;           /* a null span: none */
};

/* Adds one; text is copied. Nothing of a document's values may be in it. Errors: ERR_NOMEM, ERR_LIMIT. */
int findings_add(struct findings *findings, const struct finding_at *at, struct err *err,
		 const char *fmt, ...) PRINTF_LIKE(4, 5) NODISCARD;

/* One line each: "path:line: Kind ns/name: field: what". */
void findings_text(const struct findings *findings, struct buf *out);

/* A JSON list of objects with the members path, line, kind, namespace, name, field, message; what there is none of is left out. */
int findings_json(const struct findings *findings, struct buf *out, struct err *err) NODISCARD;

void findings_release(struct findings *findings);

/* An encrypted document that waits to be opened together with others. */
struct check_pending {
	char *shown;
	struct buf text;
	enum doc_format format;
	bool branches; /* every document of the stream by itself */
};

enum {
	CHECK_PENDING_MAX = 256, /* documents opened at a time */
	CHECK_PENDING_BYTES_MAX =
		32 * 1024 * 1024, /* and their bytes: bounds the memory of a run */
};

/* All that one run looks with. */
struct check {
	struct findings findings;
	struct creation_cache rules;
	struct regex_work patterns; /* of all files */
	struct keyring *ring;       /* NULL: without keys */
	struct check_pending pending[CHECK_PENDING_MAX];
	size_t pending_count, pending_bytes;
	size_t files, documents; /* seen, encrypted: for the last line */
};

#define CHECK_INIT                                                       \
	{                                                                \
		.findings = FINDINGS_INIT, .rules = CREATION_CACHE_INIT, \
	}

/* What is malformed, half encrypted or in the clear in it. Errors of this and all that follow: ERR_NOMEM and the like. */
int check_file(struct check *check, const struct path_file *file, struct err *err) NODISCARD;

/* Could a key open this entry, by its form? Of age messages the header is read, of PGP's the armor, of what the clouds make the base64. 0, or -1: err
 * says what is wrong (ERR_FORMAT, ERR_LIMIT), or ERR_NOMEM. */
int check_box(const struct sops_key *key, struct err *err) NODISCARD;

/* Is an age secret key in the file, in the clear? */
int check_key(struct check *check, const struct path_file *file, struct err *err) NODISCARD;

/* What the repository's creation rules say of a file that is not encrypted. */
int check_clear_file(struct check *check, const struct path_file *file, struct err *err) NODISCARD;

/* The same for one document of a stream. meta NULL: it is not encrypted; else its metadata has been taken out, and what counts is what a rule of its
 * own, other than the repository's, has left in the clear. */
int check_clear_branch(struct check *check, const struct path_file *file,
		       const struct sops_meta *meta, const struct doc_node *branch, struct err *err)
	NODISCARD;

/* A build's output: no ciphertext may be left, and a name that got a hash must be referred to as such. */
int check_stream(struct check *check, const char *shown, const struct doc *doc, struct err *err)
	NODISCARD;

/* Puts a copy of an encrypted document aside, and opens what is there once it is enough. check_keys_run() opens the rest. */
int check_keys_add(struct check *check, const struct path_file *file, enum doc_format format,
		   bool branches, struct err *err) NODISCARD;
int check_keys_run(struct check *check, struct err *err) NODISCARD;

void check_release(struct check *check);

#endif
