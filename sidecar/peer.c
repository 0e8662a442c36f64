/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers of Unix sockets; see peer.h.
 */
#include "peer.h"

#include "base/text.h"

#include <sys/socket.h>
#include <unistd.h>

int peer_of(int fd, struct exchange_peer *ret_peer, struct err *err)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return err_errno(err, "asking who connects");
	*ret_peer = (struct exchange_peer){.uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
	return 0;
}

int peer_check(const struct peer_rules *rules, const struct exchange_peer *peer, struct err *err)
{
	if (peer->uid == geteuid() || (rules->group != (gid_t)-1 && peer->gid == rules->group))
		return 0;
	if (rules->set && policy_peer_allowed(rules->set, peer->uid, peer->gid))
		return 0;
	(void)err_set(err, ERR_POLICY, "uid %lu, gid %lu (pid %ld) may not use socket '%s'",
		      (unsigned long)peer->uid, (unsigned long)peer->gid, (long)peer->pid,
		      text_quote(span_str(rules->socket)).text);
	if (rules->set)
		return err_hint(
			err,
			"'peers: {uids: [%lu]}' below 'spec.keySets.%s' of the operator's policy allows it",
			(unsigned long)peer->uid, text_quote(span_str(rules->set->name)).text);
	return err_hint(
		err,
		"--group %lu allows its group; a key set's 'peers: {uids: [%lu]}' in the operator's policy "
		"allows it alone",
		(unsigned long)peer->gid, (unsigned long)peer->uid);
}
