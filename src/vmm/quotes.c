// SPDX-License-Identifier: MIT
/*
 * The thread that makes quotes.
 */
#include "vmm/quotes.h"

void quotes_init(struct vmm_quotes *quotes,
		 void (*make)(void *opaque, const struct quote_request *request),
		 void (*made)(void *opaque), void *opaque)
{
	*quotes = (struct vmm_quotes){ .make = make, .made = made, .opaque = opaque };
	pthread_mutex_init(&quotes->lock, NULL);
	pthread_cond_init(&quotes->changed, NULL);
}

static void make_next(struct vmm_quotes *quotes)
{
	const struct quote_request request = quotes->request[quotes->first];

	pthread_mutex_unlock(&quotes->lock);
	quotes->make(quotes->opaque, &request);
	pthread_mutex_lock(&quotes->lock);
	quotes->first = (quotes->first + 1) % QUOTES_WAITING;
	atomic_fetch_sub(&quotes->waiting, 1);
	pthread_mutex_unlock(&quotes->lock);
	quotes->made(quotes->opaque);
	pthread_mutex_lock(&quotes->lock);
}

static void *quotes_thread(void *opaque)
{
	struct vmm_quotes *quotes = opaque;

	pthread_mutex_lock(&quotes->lock);
	while (!quotes->stop) {
		if (atomic_load(&quotes->waiting))
			make_next(quotes);
		else
			pthread_cond_wait(&quotes->changed, &quotes->lock);
	}
	pthread_mutex_unlock(&quotes->lock);
	return NULL;
}

/* Under the lock. The first request starts the thread. */
static bool has_thread(struct vmm_quotes *quotes)
{
	if (!quotes->started)
		quotes->started = !pthread_create(&quotes->thread, NULL, quotes_thread, quotes);
	return quotes->started;
}

bool quotes_ask(struct vmm_quotes *quotes, const struct quote_request *request)
{
	unsigned waiting;
	bool room;

	pthread_mutex_lock(&quotes->lock);
	waiting = atomic_load(&quotes->waiting);
	room = waiting < QUOTES_WAITING && has_thread(quotes);
	if (room) {
		quotes->request[(quotes->first + waiting) % QUOTES_WAITING] = *request;
		atomic_fetch_add(&quotes->waiting, 1);
		pthread_cond_signal(&quotes->changed);
	}
	pthread_mutex_unlock(&quotes->lock);
	return room;
}

void quotes_free(struct vmm_quotes *quotes)
{
	pthread_mutex_lock(&quotes->lock);
	quotes->stop = true;
	pthread_cond_signal(&quotes->changed);
	pthread_mutex_unlock(&quotes->lock);
	if (quotes->started)
		pthread_join(quotes->thread, NULL);
	pthread_cond_destroy(&quotes->changed);
	pthread_mutex_destroy(&quotes->lock);
}
