/* SPDX-License-Identifier: Apache-2.0
 *
 * GnuPG's helper process: starts the agent, imports the keys, answers questions till its socket closes.
 */
#ifndef KEYS_GPG_WORK_H
#define KEYS_GPG_WORK_H

#include "keys/gpg_watch.h"

/* Never returns. home: the private one, or NULL; trouble: why there is none, or NULL; then that is the answer to all questions. */
_Noreturn void gpg_work(const struct gpg_plan *plan, const struct gpg_home *home, int socket,
			const struct err *trouble);

#endif
