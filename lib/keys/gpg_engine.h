/* SPDX-License-Identifier: Apache-2.0
 *
 * gpgme, loaded when first wanted: one context on one GnuPG home. The only file that knows gpgme.h is gpg_engine.c. To be used in the helper
 * process alone (gpg_work.c): gpgme starts programs, reads the environment and keeps copies that nobody can wipe.
 */
#ifndef KEYS_GPG_ENGINE_H
#define KEYS_GPG_ENGINE_H

#include "keys/gpg_wire.h"

#include "base/buf.h"

enum { GPG_PATH_MAX = 4096 /* bytes with the NUL, as PATH_MAX of Linux */ };

struct gpg_engine;

/* Loads gpgme and finds GnuPG by PATH, or takes `program` (an absolute path) for gpg where it is not NULL. home: its folder; NULL: what the
 * environment says. ask: a person may be asked for a passphrase; else what would need that fails.
 * Errors: ERR_UNSUPPORTED (no gpgme, no GnuPG, too old), ERR_NOMEM. */
int gpg_engine_open(const char *program, const char *home, bool ask, struct gpg_engine **ret_engine,
		    struct err *err) NODISCARD;

/* Where the agent's program is and on which socket gpg looks for it. */
int gpg_engine_agent(char ret_program[static GPG_PATH_MAX], char ret_socket[static GPG_PATH_MAX],
		     struct err *err) NODISCARD;

/* Imports secret keys. Errors: ERR_FORMAT where there are none in it that could be imported, ERR_NOMEM. */
int gpg_engine_import(struct gpg_engine *engine, struct span keys, struct err *err) NODISCARD;

/* Opens a message and says what came of it; the bytes are appended to plain only where the message was authenticated. */
void gpg_engine_decrypt(struct gpg_engine *engine, struct span message, struct buf *plain,
			struct gpg_answer *answer);

#endif
