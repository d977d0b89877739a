/* SPDX-License-Identifier: MIT */
/*
 * Quotes that are made beside the guest: TDVMCALL<GetQuote> of a vCPU that has asked for a
 * notification (SetupEventNotifyInterrupt) returns at once, a thread makes the quote, and the
 * interrupt tells when it is there.
 */
#ifndef VMM_QUOTES_H
#define VMM_QUOTES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Requests that wait at a time; the guest is asked to come again with more. */
#define QUOTES_WAITING 8u

struct quote_request {
	uint64_t gpa, size; /* of the guest's buffer */
	unsigned vcpu;	    /* that hears of it */
	uint8_t vector;
};

struct vmm_quotes {
	void (*make)(void *opaque, const struct quote_request *request); /* and tell the vCPU */
	void (*made)(void *opaque); /* after that, when it does not wait any more */
	void *opaque;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, stop;
	struct quote_request request[QUOTES_WAITING];
	unsigned first;
	_Atomic unsigned waiting; /* until the vCPU was told. Any thread may read it */
};

void quotes_init(struct vmm_quotes *quotes,
		 void (*make)(void *opaque, const struct quote_request *request),
		 void (*made)(void *opaque), void *opaque);

/* Ends the thread after the quote that it makes; what waits is dropped. */
void quotes_free(struct vmm_quotes *quotes);

/* False: too many wait already, or there is no thread for them. */
bool quotes_ask(struct vmm_quotes *quotes, const struct quote_request *request);

#endif
