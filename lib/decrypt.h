/* SPDX-License-Identifier: Apache-2.0
 *
 * The one door to decryption: many jobs in, all data keys opened together, then every job decrypted, authenticated and written. Used by
 * every mode of the program and, through krmsops.h, by others.
 *
 *   read ──► metadata ──► data keys (all jobs at once) ──► tree ──► MAC ──► write
 */
#ifndef DECRYPT_H
#define DECRYPT_H

#include "keys/keyring.h"
#include "sops/sops_meta.h"

enum decrypt_mac {
	DECRYPT_MAC_VERIFY = 0, /* a missing or wrong MAC is ERR_MAC */
	DECRYPT_MAC_IGNORE,     /* not looked at */
};

/* One document. All of "in" is the caller's and outlives the job; "out" is the job's, released by decrypt_job_release(). */
struct decrypt_job {
	/* in, one of two: a document's bytes ... */
	struct span input;
	enum doc_format in_format, out_format;
	/* ... or a tree that is already read: a whole Kubernetes item with a `sops` entry. It is decrypted in place (flag DOC_OPENED marks
	 * each value that was ciphertext), its `sops` entry is taken out, nothing is written. tree_doc owns the nodes. */
	struct doc *tree_doc;
	struct doc_node *tree;
	/* A tree that a build has gone over: values in the clear in encrypted places, which a patch may have merged in, are kept as they are. The
	 * caller compares with the source (design.md, "MAC policy"). */
	bool merged;
	/* in */
	enum decrypt_mac mac;
	const struct doc_style *style; /* NULL: sops's defaults */
	const char *extract;           /* --extract path, or NULL */
	const char *label;             /* what messages call it; NULL: no name is put in front */
	bool no_output;                /* decrypt and authenticate, write nothing (check) */
	/* Its data key is asked for together with the others', for a later run that the ring's memo will answer; that is all, and it is never done. What is wrong
	 * is that run's to tell. */
	bool ask_only;
	/* out */
	bool done;         /* opened, authenticated, written */
	bool mac_bad;      /* mac was IGNORE and the MAC is missing or wrong: for a warning */
	bool mac_forged;   /* and it was not even made with the data key: no document ever had it */
	struct buf output; /* the plaintext in out_format */
	struct sops_meta meta; /* valid where the metadata could be read (loaded) */
	bool loaded;
	struct err *err; /* why not done; NULL where done */
	struct doc doc;  /* the tree of a bytes job */
	struct span
		key; /* the data key, in the keyring's pool; null span where it could not be opened */
	size_t warnings; /* comments that could not be decrypted and were kept, as sops does */
};

/* Runs all jobs. 0 where every one is done. -1 where any is not: err says the first one's reason, each job has its own. A job that fails
 * does not stop the others. What concerns all (out of memory, a bad order) is in err only: jobs that are neither done nor have an err of
 * their own failed for that. `order` is sops's --decryption-order text, or NULL for the default (age, pgp, then the rest). */
int decrypt_run(struct decrypt_job *jobs, size_t n, struct keyring *ring, const char *order,
		struct err *err) NODISCARD;

/* Wipes and frees what the job holds. NULL is fine. */
void decrypt_job_release(struct decrypt_job *job);

enum { DECRYPT_OUTPUT_MAX = 1024 * 1024 * 1024 /* bytes that one document may print to */ };

#endif
