// SPDX-License-Identifier: MIT
/*
 * Checking the state of the module: when asked, and in debug builds after every step of whichever
 * thread is the last one inside.
 */
#include <stdio.h>
#include <stdlib.h>

#include "audit/audit.h"
#include "lib/machine_impl.h"

/* One for all machines would do; each has its own, so that machines do not wait for each other. */
struct lib_checker {
	pthread_rwlock_t
		inside;	   /* shared: a step is under way; exclusive: the state is looked at */
	atomic_uint steps; /* ended since it was looked at */
	struct audit_history *history;
};

struct receiver {
	seamless_check_tell tell;
	void *opaque;
};

static void pass_on(void *opaque, const struct audit_finding *f)
{
	const struct receiver *r = opaque;

	r->tell(r->opaque, &(struct seamless_finding){ f->rule, f->pa, f->text });
}

size_t seamless_check(struct seamless_machine *m, seamless_check_tell tell, void *opaque)
{
	struct receiver r = { tell, opaque };

	return audit_module(m->module, tell ? pass_on : NULL, &r);
}

/* ---- after every step ---- */

bool lib_checker_create(struct seamless_machine *m)
{
	struct lib_checker *c = calloc(1, sizeof(*c));

	m->checker = c;
	if (!c)
		return false;
	c->history = audit_history_new();
	if (c->history && !pthread_rwlock_init(&c->inside, NULL))
		return true;
	audit_history_free(c->history);
	free(c);
	m->checker = NULL;
	return false;
}

void lib_checker_destroy(struct seamless_machine *m)
{
	if (!m->checker)
		return;
	pthread_rwlock_destroy(&m->checker->inside);
	audit_history_free(m->checker->history);
	free(m->checker);
	m->checker = NULL;
}

static void complain(void *opaque, const struct audit_finding *f)
{
	(void)opaque;
	fprintf(stderr, "seamless: the module's state is wrong: %s: %s\n", f->rule, f->text);
}

/* Like a failed assertion: in such a build a wrong state must not live on. */
static void look(struct seamless_machine *m)
{
	struct lib_checker *c = m->checker;
	unsigned steps = atomic_exchange(&c->steps, 0);
	size_t found = audit_step(c->history, m->module, steps, complain, NULL);

	if (!found || found == AUDIT_NO_MEMORY)
		return;
	fprintf(stderr, "seamless: %zu findings after %u steps\n", found, steps);
	abort();
}

void lib_step_begin(struct seamless_machine *m)
{
	pthread_rwlock_rdlock(&m->checker->inside);
}

void lib_step_end(struct seamless_machine *m)
{
	atomic_fetch_add(&m->checker->steps, 1);
	pthread_rwlock_unlock(&m->checker->inside);
	if (pthread_rwlock_trywrlock(&m->checker->inside))
		return;
	look(m);
	pthread_rwlock_unlock(&m->checker->inside);
}
