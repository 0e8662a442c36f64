/* SPDX-License-Identifier: Apache-2.0
 *
 * What the program and its GnuPG helper say to each other over a socket: a message to open, and what became of it.
 */
#ifndef KEYS_GPG_WIRE_H
#define KEYS_GPG_WIRE_H

#include "keys/keyservice.h"

/* Both ends are the same program, so structs travel as they are. The bytes of the message, or of what it held, follow. */
struct gpg_question {
	uint32_t len;
};

enum { GPG_FINGERPRINT_LEN = 64 /* hex digits: of a version 5 key; 40 of a version 4 one */ };

struct gpg_answer {
	enum key_verdict verdict; /* opened, not mine, failed */
	enum err_code code;
	uint32_t len; /* of the opened bytes */
	char fingerprints
		[2][GPG_FINGERPRINT_LEN +
		    1]; /* of the key that opened it, and of the primary key that it belongs to */
	char why[KEY_WHY_MAX];
};

enum { GPG_WIRE_NO_DEADLINE = -1 };

/* Milliseconds of CLOCK_MONOTONIC: what deadlines are told in. */
int64_t gpg_wire_clock(void);

/* All of len bytes, at most till the deadline. ERR_UNREACHABLE: not in time, or the other end is gone; ERR_SYSTEM. */
int gpg_wire_send(int fd, const void *data, size_t len, int64_t deadline, struct err *err)
	NODISCARD;
int gpg_wire_receive(int fd, void *data, size_t len, int64_t deadline, struct err *err) NODISCARD;

/* False for an answer that no helper of ours gives, as one that a hostile message has taken over could: then nothing of it may be used. */
bool gpg_answer_good(const struct gpg_answer *answer, size_t len_max);

/* Fills in a verdict with its reason. */
void gpg_answer_set(struct gpg_answer *answer, enum key_verdict verdict, const struct err *why);

#endif
