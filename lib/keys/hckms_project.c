/* SPDX-License-Identifier: Apache-2.0
 *
 * The project of a region: looked up where nobody has named one; see hckms_token.h. There has to be exactly one of the region's name, as in
 * Huawei's own SDK (core/auth/basic).
 */
#include "keys/hckms_region.h"
#include "keys/hckms_token.h"
#include "keys/http_retry.h"
#include "keys/token_answer.h"

#define LANE "hckms_iam"
#define FROM "Huawei's IAM"

static void answered(struct hckms_project *project, struct http *http)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct err err = ERR_INIT;

	if (token_answer_read(&project->ask.call, FROM, &answer, &err) < 0) {
		token_failed(&project->cache, http, &err);
		return;
	}
	if (!answer_text(&answer, "projects.0.id").len || answer_at(&answer, "projects.1"))
		(void)err_set(&err, ERR_NO_KEY,
			      FROM " has not exactly one project of the region: "
				   "HUAWEICLOUD_SDK_PROJECT_ID names one");
	else if (answer_secret(&answer, "projects.0.id", &project->pool, &project->id, &err) == 0) {
		token_fetched(&project->cache, http, TOKEN_ENDLESS);
		return;
	}
	token_failed(&project->cache, http, &err);
}

static void done(struct http *http, struct http_call *call)
{
	if (!http_retry(http, call, http_judge(call)))
		answered(call->cookie, http);
}

static void fetch(struct token_cache *cache, struct http *http)
{
	struct hckms_project *project = (struct hckms_project *)(void *)cache;
	const struct key_host *host = project->token->host;
	struct http_ask *ask = &project->ask;
	struct err err = ERR_INIT;

	http_ask_reset(ask);
	ask->call.method = "GET";
	ask->call.lane = LANE;
	ask->call.cookie = project;
	ask->call.done = done;
	if (hckms_iam_endpoint(host, project->region, &ask->url, &err) == 0) {
		buf_add_str(&ask->url, "/v3/projects");
		http_ask_query(ask, "name", project->region);
		ask->call.plain = span_starts(buf_span(&ask->url), SPAN("http:"));
		if (hckms_sign(ask, &project->token->keys, host->clock(host->cookie), &err) == 0 &&
		    http_ask_send(http, ask, &err) == 0)
			return;
	}
	token_failed(&project->cache, http, &err);
}

int hckms_project_init(struct hckms_project *project, struct span region,
		       const struct hckms_token *token, struct err *err)
{
	*project = (struct hckms_project){
		.cache = {.fetch = fetch}, .token = token, .ask = HTTP_ASK_INIT};
	return secret_dup(&project->pool, region, &project->region, err);
}

void hckms_project_release(struct hckms_project *project)
{
	http_ask_release(&project->ask);
	secret_pool_release(&project->pool);
}
