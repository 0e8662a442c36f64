/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks the Kubernetes API for one object; see cluster.h. What the API server says in words is not passed on: it may be anybody's.
 */
#include "cluster.h"

#include "cluster_access.h"
#include "item.h"

#include "base/text.h"
#include "keys/http_retry.h"
#include "keys/kube_ask.h"
#include "keys/kube_name.h"

#include <stdio.h>

const struct cluster_kind cluster_secret = {"api/v1", "secrets", "Secret"};
const struct cluster_kind cluster_config_map = {"api/v1", "configmaps", "ConfigMap"};

/* What is asked for. */
struct question {
	const struct cluster_kind *kind;
	struct span namespace, name;
};

void cluster_init(struct cluster *cluster, const struct options *options,
		  const struct policy *policy, struct host *host)
{
	cluster->options = options;
	cluster->policy = policy;
	cluster->host = host;
}

bool cluster_at_hand(const struct cluster *cluster)
{
	return cluster->host && (cluster->options->cluster || cluster_access_in_pod());
}

struct cluster_name cluster_called(const struct cluster *cluster)
{
	struct cluster_name name = {"the cluster"};

	if (cluster->access && cluster->access->config.context.len)
		(void)snprintf(name.text, sizeof(name.text), "the cluster of context '%s'",
			       text_quote(cluster->access->config.context).text);
	return name;
}

static int find(struct cluster *cluster, struct err *err)
{
	return cluster->access ? 0 : cluster_access_new(cluster->options, &cluster->access, err);
}

static void ended(struct http *http, struct http_call *call)
{
	(void)http_retry(http, call, http_judge(call));
}

/* As it is now: what rotates may be gone by the next one. */
static struct kube_server server_of(const struct cluster_access *access)
{
	return (struct kube_server){.url = access->config.server,
				    .token = access->token,
				    .tls = access->tls,
				    .plain = access->plain};
}

/* One request, with its retries. */
static int ask_once(struct cluster *cluster, const struct question *question, struct http_ask *ask,
		    struct err *err)
{
	const struct kube_server server = server_of(cluster->access);
	struct http *http = cluster->host->http;

	if (kube_ask_begin(ask, &server, "GET", err) < 0)
		return -1;
	kube_ask_object(ask, question->kind->api, question->namespace, question->kind->plural,
			question->name);
	ask->call.done = ended;
	ask->call.answer.limit = CLUSTER_OBJECT_MAX;
	http_begin(http);
	if (http_ask_send(http, ask, err) < 0)
		return -1;
	return http_drive(http, err);
}

/* A token that has just been replaced, or one of a plugin that ended early, is worth a second look. */
static int ask_twice(struct cluster *cluster, const struct question *question, struct http_ask *ask,
		     struct err *err)
{
	struct cluster_access *access = cluster->access;

	if (cluster_access_refresh(access, cluster->policy, false, err) < 0 ||
	    ask_once(cluster, question, ask, err) < 0)
		return -1;
	if (ask->call.failure || ask->call.status != 401 || !access->rotates)
		return 0;
	if (cluster_access_refresh(access, cluster->policy, true, err) < 0)
		return -1;
	return ask_once(cluster, question, ask, err);
}

/* The API server says of what is not there what it was asked for; a proxy or another server does not. */
static bool is_missing(const struct http_call *call, const struct question *question)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err bad = ERR_INIT;

	return call->status == 404 && answer_read(buf_span(&call->answer), &answer, &bad) == 0 &&
	       span_is(answer_text(&answer, "kind"), "Status") &&
	       span_is(answer_text(&answer, "reason"), "NotFound") &&
	       span_is(answer_text(&answer, "details.kind"), question->kind->plural) &&
	       span_eq(answer_text(&answer, "details.name"), question->name);
}

static int refuse(const struct question *question, const struct http_call *call, struct err *err)
{
	http_tell(call, err);
	if (call->failure == HTTP_UNTRUSTED)
		return err_hint(err, "is the cluster's certificate-authority still the right one?");
	if (call->failure)
		return -1;
	if (call->status == 401)
		return err_hint(err, "it does not know who asks: a token or certificate that has "
				     "expired, or is for another cluster");
	if (call->status == 403)
		return err_hint(
			err,
			"who asks may not `get` %s '%s' in namespace '%s'; " KUBE_RBAC_EXAMPLE
			" has a Role and RoleBinding that let it",
			question->kind->plural, text_quote(question->name).text,
			text_quote(question->namespace).text);
	if (call->status == 404)
		return err_hint(err, "does the server speak the Kubernetes API, and know %s of %s?",
				question->kind->plural, question->kind->api);
	return -1;
}

/* It must be what was asked for. */
static int take(const struct question *question, struct http_call *call,
		struct cluster_object *ret_object, struct err *err)
{
	buf_move(&ret_object->text, &call->answer);
	if (answer_read(buf_span(&ret_object->text), &ret_object->answer, err) < 0)
		return -1;
	if (!span_is(answer_text(&ret_object->answer, "kind"), question->kind->kind) ||
	    !span_eq(answer_text(&ret_object->answer, "metadata.name"), question->name) ||
	    !span_eq(answer_text(&ret_object->answer, "metadata.namespace"), question->namespace))
		return err_set(err, ERR_FORMAT, "the answer is another object");
	return 0;
}

static int ask_for(struct cluster *cluster, const struct question *question,
		   struct cluster_object *ret_object, bool *ret_found, struct err *err)
{
	CLEANUP(http_ask_release) struct http_ask ask = HTTP_ASK_INIT;

	if (find(cluster, err) < 0)
		return -1;
	if (ask_twice(cluster, question, &ask, err) < 0)
		return -1;
	*ret_found = !ask.call.failure && ask.call.status == 200;
	if (*ret_found)
		return take(question, &ask.call, ret_object, err);
	return !ask.call.failure && is_missing(&ask.call, question)
		       ? 0
		       : refuse(question, &ask.call, err);
}

int cluster_get(struct cluster *cluster, const struct cluster_kind *kind, const char *ours,
		struct span namespace, struct span name, struct cluster_object *ret_object,
		bool *ret_found, struct err *err)
{
	const struct question question = {kind, namespace, name};

	/* They become a path, and come from Git. */
	if (!kube_name_valid(namespace) || !kube_name_valid(name))
		return err_set(err, ERR_USAGE, "'%s/%s' is not a name of a %s",
			       text_quote(namespace).text, text_quote(name).text, kind->kind);
	if (policy_namespace_allowed(cluster->policy, namespace, ours, true, err) < 0)
		return -1;
	if (ask_for(cluster, &question, ret_object, ret_found, err) < 0)
		return err_wrap(err, "%s '%s/%s' of %s", kind->kind, text_quote(namespace).text,
				text_quote(name).text, cluster_called(cluster).text);
	return 0;
}

static int copy(struct secret_pool *pool, struct span *text, struct err *err)
{
	return text->data ? secret_dup(pool, *text, text, err) : 0;
}

int cluster_server(struct cluster *cluster, bool again, struct secret_pool *pool,
		   struct kube_server *ret_server, struct err *err)
{
	struct kube_server server;

	if (find(cluster, err) < 0 ||
	    cluster_access_refresh(cluster->access, cluster->policy, again, err) < 0)
		return -1;
	server = server_of(cluster->access);
	if (copy(pool, &server.token, err) < 0 || copy(pool, &server.tls.cert_pem, err) < 0 ||
	    copy(pool, &server.tls.key_pem, err) < 0)
		return -1;
	*ret_server = server;
	return 0;
}

const struct doc_node *cluster_tree(const struct cluster_object *object)
{
	return object->answer.doc.first;
}

void cluster_object_release(struct cluster_object *object)
{
	answer_release(&object->answer);
	buf_release(&object->text);
}

void cluster_release(struct cluster *cluster)
{
	if (!cluster)
		return;
	cluster_access_free(cluster->access);
	*cluster = (struct cluster)CLUSTER_INIT;
}
