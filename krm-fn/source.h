/* SPDX-License-Identifier: Apache-2.0
 *
 * Where an item of the build came from. kustomize sorts keys and changes metadata, so the MAC of a whole item can not be computed from it;
 * but its `sops.mac` comes through verbatim and is unique, as its IV is random: it names the source file, whose own bytes carry the MAC.
 * design.md, "MAC policy".
 *
 *   items ─► source_find: one walk of the files below the root ─► the file with the same sops.mac ─► same ciphertexts? ─► its bytes
 *
 * The caller checks the MAC on these bytes (decrypt_run with DECRYPT_MAC_VERIFY). What a patch may do: change or add values that were
 * never encrypted. What it may not: drop, empty, swap or add a ciphertext, change the kind or the rule that chooses.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "confine.h"
#include "stage_index.h"

#include "doc/doc.h"

enum source_verdict {
	SOURCE_NOT_FOUND = 0, /* no file has this MAC; `notes` lists what is odd about the item */
	SOURCE_FOUND,         /* `bytes` are the source and the item has all of its ciphertexts */
	SOURCE_MISMATCH, /* a file has this MAC, but the item differs from it: `err` says where */
};

/* One item whose source is wanted. */
struct source_want {
	/* in */
	struct span mac; /* sops.mac, or the decoded sops_mac of a dotenv taken apart */
	/* The item before decryption: either with `sops`, or a Secret whose `data` (base64) or `stringData` holds the lines of a dotenv. */
	struct doc_node *item;
	const char *label;       /* what messages call it */
	const char *origin_path; /* `path` of config.kubernetes.io/origin, or NULL */
	/* out; all of it lives in the source_files */
	enum source_verdict verdict;
	struct span bytes;
	enum doc_format format;
	const char *path; /* relative to the root; FOUND and MISMATCH */
	struct err *err;  /* MISMATCH: ERR_MAC and the field's path, without label; else NULL */
	/* NOT_FOUND: what is odd, "stringData.token: empty, where the rule says encrypted" */
	const char **notes;
	size_t note_count;
};

struct source_options {
	const struct confine
		*confine; /* its root is searched, nearest to the working directory first */
	size_t files_max, bytes_max; /* as in struct policy */
	/* What is known of files below the root: those without ciphertext are not opened, and cost none of the bytes. NULL: nothing. */
	const struct stage_index *index;
};

enum {
	SOURCE_LIMIT_TEXT_MAX = 512,
	/* Files with one MAC that items differ from, before no more of them are looked at: a document and its older states have as many MACs as
	 * states, and who adds decoys gets no further than the error. */
	SOURCE_MISMATCHES_MAX = 16,
};

/* Owns the bytes, paths and errors that wants point to. */
struct source_files {
	struct arena arena;
	/* What of the tree was not looked through, "the search ends after 100000 files": what was not found may yet exist. "": all was looked through. */
	char limit[SOURCE_LIMIT_TEXT_MAX];
	/* files seen, files read, documents made of files, items compared with one: for tests and messages */
	size_t files, read, parsed, compared;
	size_t bytes; /* read in all */
};

#define SOURCE_ARENA_MAX \
	((size_t)512 * 1024 * 1024) /* twice the bytes that a search reads by default */
#define SOURCE_FILES_INIT                             \
	{                                             \
		.arena = ARENA_INIT(SOURCE_ARENA_MAX) \
	}
#define CLEAN_SOURCE_FILES CLEANUP(source_files_release)

/* Looks for all of them in one walk, where the origins lead first, then from the nearest file on. What can not be read counts as not there. Two wants of one file (a multi-document stream has one MAC)
 * get the same bytes pointer. -1 only for what concerns all: ERR_NOMEM, ERR_SYSTEM where the root can not be opened. */
int source_find(struct source_want *wants, size_t n, const struct source_options *options,
		struct source_files *ret_files, struct err *err) NODISCARD;

/* Wipes and frees. NULL is fine. */
void source_files_release(struct source_files *files);

#endif
