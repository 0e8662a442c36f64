/* SPDX-License-Identifier: Apache-2.0
 *
 * What a build that calls us needs of the place that it runs in (a container of Argo CD, a CI runner), looked at one after the other; the first gap
 * ends the look.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "session.h"

enum doctor_state { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_GAP };

struct doctor_finding {
	const char *check; /* "program", "kustomize", ... */
	enum doctor_state state;
	struct err said; /* its message and hint */
};

enum { DOCTOR_FINDINGS_MAX = 16 /* there is one for each check, and a few notes */ };

struct doctor {
	/* in */
	struct session *session; /* its options say where keys are */
	const struct config *config;
	const char *name;      /* by which functions call us: "krm-sops", "ksops" */
	const char *kustomize; /* a path, or a name on PATH */
	char *const *flags;    /* of `kustomize build`; ends with NULL. Empty: no function is run */
	const char *sample;    /* an encrypted file; NULL: none */
	bool accept_exec;      /* whoever writes to Git may run code beside the keys: a note only */
	/* out */
	struct doctor_finding found[DOCTOR_FINDINGS_MAX];
	size_t count;
};

/* 0: no gap. 1: the last finding is one. -1: out of memory and the like. */
int doctor_run(struct doctor *doctor, struct err *err) NODISCARD;

/* A line for each finding, or one JSON object. */
void doctor_text(const struct doctor *doctor, struct buf *out);
void doctor_json(const struct doctor *doctor, struct buf *out);

#endif
