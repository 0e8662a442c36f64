/* SPDX-License-Identifier: Apache-2.0
 *
 * Peers of Unix sockets; see peer.h.
 */
#include "peer.h"

#include "base/text.h"

#include <sys/socket.h>
#include <unistd.h>

enum { GROUPS_MAX = 256 };

int peer_of(int fd, struct exchange_peer *ret_peer, struct err *err)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return err_errno(err, "asking who connects");
	*ret_peer = (struct exchange_peer){.uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
	return 0;
}

static bool is_allowed(const struct peer_rules *rules, uid_t uid, gid_t gid)
{
	return (rules->group != (gid_t)-1 && gid == rules->group) ||
	       (rules->set && policy_peer_allowed(rules->set, uid, gid));
}

/* By a group beside its own: that is what a pod's fsGroup gives. Kernels before 4.13 do not tell, nor do systems that name more groups than anybody is in. */
static bool is_allowed_by_others(const struct peer_rules *rules, int fd, uid_t uid)
{
	gid_t groups[GROUPS_MAX];
	socklen_t size = sizeof(groups);
	size_t i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (i = 0; i < size / sizeof(groups[0]); i++) {
		if (is_allowed(rules, uid, groups[i]))
			return true;
	}
	return false;
}

int peer_check(const struct peer_rules *rules, int fd, const struct exchange_peer *peer,
	       struct err *err)
{
	if (peer->uid == geteuid() || is_allowed(rules, peer->uid, peer->gid) ||
	    is_allowed_by_others(rules, fd, peer->uid))
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
