/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator's policy and what is to be watched by it; see supervisor_parts.h. The keeper reads the policy with the keys; where it has changed, workers
 * are replaced by some that know the new one: who may connect, how documents are checked.
 */
#include "command.h"
#include "supervisor_parts.h"

#include <stdlib.h>
#include <string.h>

static uint64_t print_of_policy(const struct supervisor *supervisor)
{
	const struct watch one = {
		.paths = {supervisor->policy_path ? supervisor->policy_path : POLICY_PATH},
		.count = 1};

	return watch_fingerprint(&one);
}

/* Workers wipe the environment, into which its path may point. */
static int load(struct supervisor *supervisor, struct policy *ret_policy, struct err *err)
{
	if (policy_load(ret_policy, err) < 0)
		return -1;
	if (ret_policy->path && !supervisor->policy_path) {
		supervisor->policy_path = strdup(ret_policy->path);
		if (!supervisor->policy_path)
			return err_nomem(err);
	}
	if (ret_policy->path)
		ret_policy->path = supervisor->policy_path;
	return 0;
}

int supervisor_policy_first(struct supervisor *supervisor, struct err *err)
{
	if (load(supervisor, &supervisor->policy, err) < 0)
		return -1;
	supervisor->policy_print = print_of_policy(supervisor);
	watch_init(&supervisor->watch, supervisor->options, &supervisor->policy);
	return 0;
}

bool supervisor_policy_renew(struct supervisor *supervisor)
{
	const struct serve_options *options = supervisor->options;
	struct policy fresh = POLICY_INIT, old;
	uint64_t print = print_of_policy(supervisor);
	struct err err = ERR_INIT;
	size_t i;

	if (print == supervisor->policy_print)
		return false;
	supervisor->policy_print = print;
	if (load(supervisor, &fresh, &err) < 0) {
		(void)command_fail(&err);
		policy_release(&fresh);
		return false;
	}
	old = supervisor->policy;
	supervisor->policy = fresh;
	for (i = 0; i < options->listen_count; i++) {
		if (options->listens[i].keyset)
			supervisor->doors[i].set =
				policy_key_set(&supervisor->policy, options->listens[i].keyset);
	}
	watch_init(&supervisor->watch, options, &supervisor->policy);
	policy_release(&old);
	return true;
}
