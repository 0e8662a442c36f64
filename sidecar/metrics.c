/* SPDX-License-Identifier: Apache-2.0
 *
 * Health and numbers; see metrics.h.
 */
#include "metrics.h"

#include "walls.h"

enum { FIRST_BUCKET_US = 250 };

/* Workers' numbers together. */
struct sums {
	long long connections;
	uint64_t responses[API_ROUTES][SHARED_CLASSES];
	uint64_t durations[SHARED_BUCKETS];
	uint64_t duration_us, accepted, refused_peers, refused_busy, cut_slow;
};

void metrics_count(struct shared_worker *own, enum api_route route, int status, int64_t took_us)
{
	int class = status / 100, bucket = 0;
	int64_t edge = FIRST_BUCKET_US;

	if (class > 0 && class < SHARED_CLASSES)
		own->responses[route][class]++;
	for (; bucket < SHARED_BUCKETS - 1 && took_us > edge; bucket++)
		edge *= 2;
	own->durations[bucket]++;
	own->duration_us += (uint64_t)took_us;
}

static void add_worker(const struct shared_worker *worker, struct sums *sums)
{
	int i, j;

	for (i = 0; i < API_ROUTES; i++) {
		for (j = 0; j < SHARED_CLASSES; j++)
			sums->responses[i][j] += worker->responses[i][j];
	}
	for (i = 0; i < SHARED_BUCKETS; i++)
		sums->durations[i] += worker->durations[i];
	sums->duration_us += worker->duration_us;
	sums->connections += worker->connections;
	sums->accepted += worker->accepted;
	sums->refused_peers += worker->refused_peers;
	sums->refused_busy += worker->refused_busy;
	sums->cut_slow += worker->cut_slow;
}

void metrics_health(const struct api *api, struct http_exchange *exchange)
{
	exchange->status = 200;
	exchange->content_type = "text/plain";
	buf_add_str(&exchange->answer, "ok\n");
}

/* Ready where there are keys, of whatever kind: without any, no request but for status can succeed. */
void metrics_ready(const struct api *api, struct http_exchange *exchange)
{
	const struct shared_keeper *keeper = &api->shared->keeper;
	bool ready = api->shared->supervisor.keys_loaded;

	exchange->status = ready ? 200 : 503;
	exchange->content_type = "application/json";
	buf_printf(
		&exchange->answer,
		"{\"ready\": %s, \"keySets\": %d, \"keys\": %d, \"memoryLocked\": %s, \"walls\": {\"worker\": ",
		ready ? "true" : "false", keeper->key_sets, keeper->keys,
		keeper->memory_locked ? "true" : "false");
	walls_tell(api->own->walls, &exchange->answer);
	buf_add_str(&exchange->answer, ", \"keeper\": ");
	walls_tell(keeper->walls, &exchange->answer);
	buf_add_str(&exchange->answer, "}}\n");
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP krm_sops_%s %s\n# TYPE krm_sops_%s %s\n", name, help, name, type);
}

static void counter(struct buf *out, const char *name, uint64_t value, const char *help)
{
	head(out, name, "counter", help);
	buf_printf(out, "krm_sops_%s %llu\n", name, (unsigned long long)value);
}

static void gauge(struct buf *out, const char *name, long long value, const char *help)
{
	head(out, name, "gauge", help);
	buf_printf(out, "krm_sops_%s %lld\n", name, value);
}

static void responses(const struct sums *sums, struct buf *out)
{
	int route, class;

	head(out, "responses_total", "counter", "Answers over HTTP, by route and class of status.");
	for (route = 0; route < API_ROUTES; route++) {
		for (class = 1; class < SHARED_CLASSES; class ++) {
			if (sums->responses[route][class])
				buf_printf(
					out,
					"krm_sops_responses_total{route=\"%s\",status=\"%dxx\"} %llu\n",
					api_route_name((enum api_route)route), class,
					(unsigned long long)sums->responses[route][class]);
		}
	}
}

static void durations(const struct sums *sums, struct buf *out)
{
	unsigned long long sum = 0;
	double edge = FIRST_BUCKET_US / 1e6;
	int i;

	head(out, "request_duration_seconds", "histogram",
	     "Time from a whole request to its answer.");
	for (i = 0; i < SHARED_BUCKETS - 1; i++, edge *= 2) {
		sum += sums->durations[i];
		buf_printf(out, "krm_sops_request_duration_seconds_bucket{le=\"%g\"} %llu\n", edge,
			   sum);
	}
	sum += sums->durations[i];
	buf_printf(out, "krm_sops_request_duration_seconds_bucket{le=\"+Inf\"} %llu\n", sum);
	buf_printf(out, "krm_sops_request_duration_seconds_sum %g\n",
		   (double)sums->duration_us / 1e6);
	buf_printf(out, "krm_sops_request_duration_seconds_count %llu\n", sum);
}

static void unwraps(const struct shared_keeper *keeper, struct buf *out)
{
	head(out, "unwraps_total", "counter",
	     "Wrapped data keys that were asked for, by what became of them.");
	buf_printf(out, "krm_sops_unwraps_total{result=\"opened\"} %llu\n",
		   (unsigned long long)keeper->unwraps_opened);
	buf_printf(out, "krm_sops_unwraps_total{result=\"failed\"} %llu\n",
		   (unsigned long long)keeper->unwraps_failed);
	buf_printf(out, "krm_sops_unwraps_total{result=\"unreachable\"} %llu\n",
		   (unsigned long long)keeper->unwraps_unreachable);
}

void metrics_give(const struct api *api, struct http_exchange *exchange)
{
	const struct shared_supervisor *supervisor = &api->shared->supervisor;
	const struct shared_keeper *keeper = &api->shared->keeper;
	struct buf *out = &exchange->answer;
	struct sums sums = {.connections = 0};
	int i;

	for (i = 0; i < supervisor->slots; i++)
		add_worker(&api->shared->workers[i], &sums);
	exchange->status = 200;
	exchange->content_type = "text/plain; version=0.0.4";
	head(out, "build_info", "gauge", "The program's version.");
	buf_add_str(out, "krm_sops_build_info{version=\"" KRMSOPS_VERSION "\"} 1\n");
	responses(&sums, out);
	durations(&sums, out);
	unwraps(keeper, out);
	counter(out, "cache_hits_total", keeper->cache_hits, "Data keys that came from the cache.");
	gauge(out, "cached_data_keys", keeper->cached, "Data keys in the cache.");
	counter(out, "connections_total", sums.accepted, "Connections that were accepted.");
	gauge(out, "connections", sums.connections, "Connections that are open.");
	counter(out, "refused_peers_total", sums.refused_peers,
		"Connections of peers that may not ask.");
	counter(out, "refused_busy_total", sums.refused_busy, "Connections beyond the limit.");
	counter(out, "cut_slow_total", sums.cut_slow, "Connections that were cut for being slow.");
	gauge(out, "workers", supervisor->workers, "Worker processes.");
	counter(out, "worker_restarts_total", supervisor->worker_restarts,
		"Workers that were made anew.");
	counter(out, "keeper_restarts_total", supervisor->keeper_restarts,
		"Keepers that were made anew after a crash.");
	counter(out, "reloads_total", supervisor->reloads,
		"Changes of key files that are in effect.");
	counter(out, "reload_failures_total", supervisor->reload_failures,
		"Changes of key files that could not be read.");
	counter(out, "audit_lost_total", keeper->audit_lost, "Audit lines that were not written.");
	gauge(out, "keys", keeper->keys, "Identities and key services.");
	gauge(out, "memory_locked", keeper->memory_locked,
	      "1 where all keys lie in locked memory.");
}
